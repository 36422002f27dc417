// Endpoints, and those who come to them.
#include "peers.h"

EVERY_PROTOCOL(many_clients) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    {
        Threads clients;
        for (int c = 0; c < 16; ++c)
            clients.add([&, c] {
                for (int round = 0; round < 3; ++round) {
                    Ref<Stream> s = connect(protocol, server.endpoint());
                    NEED(s);
                    for (int i = 0; i < 20; ++i) {
                        const std::string text = pattern(1 + (c * 131 + i * 977) % 9000, c * 100 + i);
                        CHECK_STATUS(send(*s, text), Status::ok);
                        CHECK(receive(*s, text.size()) == text);
                    }
                }
            });
    }
    CHECK(server.accepted == 48);
    CHECK(server.wait_idle());
    CHECK(server.ends == 48);
}

EVERY_PROTOCOL(duplicate_endpoints) {
    const std::string name = fresh_endpoint(protocol);
    EchoServer first(protocol, name.c_str());
    CHECK_STATUS(first.listened, Status::ok);
    EchoServer second(protocol, name.c_str());
    CHECK_STATUS(second.listened, Status::duplicate_endpoint);
    NEED(first.acceptor);
    Ref<Stream> s = connect(protocol, name);
    NEED(s);
    CHECK_STATUS(send(*s, "x"), Status::ok);
    CHECK(receive(*s, 1) == "x");
}

EVERY_PROTOCOL(an_endpoint_can_be_had_again) {
    const std::string name = fresh_endpoint(protocol);
    for (int i = 0; i < 3; ++i) {
        EchoServer server(protocol, name.c_str());
        server.keep_streams = true;
        CHECK_STATUS(server.listened, Status::ok);
        NEED(server.acceptor);
        Ref<Stream> s = connect(protocol, name);
        NEED(s);
        CHECK_STATUS(send(*s, "x"), Status::ok);
        CHECK(receive(*s, 1) == "x");
        server.acceptor->close();
        Ref<Stream> late;
        // A pipe goes on existing as long as it has connections: it looks busy.
        const Status refused = protocol.connect(address_of(name), 200, late);
        CHECK(refused == Status::server_unavailable || refused == Status::server_too_busy);
        CHECK_STATUS(send(*s, "after"), Status::ok);  // connections outlive their acceptor
        CHECK(receive(*s, 5) == "after");
        server.close_streams();
    }
}

EVERY_PROTOCOL(nobody_listens) {
    Ref<Stream> s;
    const ULONGLONG began = GetTickCount64();
    CHECK_STATUS(protocol.connect(address_of(fresh_endpoint(protocol)), 5000, s), Status::server_unavailable);
    CHECK(!s);
    CHECK(GetTickCount64() - began < 5000);
}

EVERY_PROTOCOL(dynamic_endpoints) {
    EchoServer a(protocol, ""), b(protocol, "");
    NEED(a.acceptor && b.acceptor);
    CHECK(a.endpoint() != b.endpoint());
    CHECK(protocol.endpoint_valid(a.endpoint()));
    for (EchoServer* server : {&a, &b}) {
        Ref<Stream> s = connect(protocol, server->endpoint());
        NEED(s);
        CHECK_STATUS(send(*s, "x"), Status::ok);
        CHECK(receive(*s, 1) == "x");
        CHECK(s->peer_is_local());
    }
}

EVERY_PROTOCOL(endpoint_texts) {
    std::string_view name = protocol.name;
    CHECK(!protocol.endpoint_valid(""));
    CHECK(protocol.endpoint_valid("a\\b") == (name == "ncalrpc"));
    CHECK(protocol.endpoint_valid("4747") == (name != "ncacn_np"));
    CHECK(protocol.endpoint_valid("\\PIPE\\x") == (name != "ncacn_ip_tcp"));
    CHECK(protocol.endpoint_valid("name") == (name == "ncalrpc"));
}

EVERY_PROTOCOL(races_of_the_acceptor) {
    for (int round = 0; round < 15; ++round) {
        const std::string name = fresh_endpoint(protocol);
        EchoServer server(protocol, name.c_str());
        NEED(server.acceptor);
        Threads clients;
        for (int c = 0; c < 3; ++c)
            clients.add([&] {
                for (int i = 0; i < 8; ++i) {
                    Ref<Stream> s;
                    if (failed(protocol.connect(address_of(name), 1000, s))) return;
                    if (!failed(send(*s, "x"))) {
                        uint8_t into[1];
                        size_t got;
                        (void)s->read(into, got, 2000);
                    }
                }
            });
        Sleep(round);
        server.acceptor->close();
        const int accepted = server.accepted;
        Sleep(5);
        CHECK(server.accepted == accepted);
    }
}
