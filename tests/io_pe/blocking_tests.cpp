// Streams before start(): reads, writes and exchanges that a thread waits for.
#include "peers.h"

EVERY_PROTOCOL(blocking_client_and_queued_server) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    Ref<Stream> s = connect(protocol, server.endpoint());
    NEED(s);
    CHECK(s->alive());
    for (size_t size : {1, 2, 100, 4095, 4096, 4097, 16384, 65535, 65536, 65537, 200000, 1 << 20}) {
        const std::string text = pattern(size, static_cast<unsigned>(size));
        Threads writer;  // both directions at once: neither end may depend on the other's buffers
        writer.add([&] { CHECK_STATUS(send(*s, text), Status::ok); });
        CHECK(receive(*s, size) == text);
    }
    s->close();
    CHECK(!s->alive());
    CHECK(server.wait_idle());
    CHECK(server.ends == 1);
}

EVERY_PROTOCOL(exchange_and_parts) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    Ref<Stream> s = connect(protocol, server.endpoint());
    NEED(s);
    for (size_t size : {1, 24, 3000, 16384, 30000}) {
        const std::string a = pattern(size, 1), b = pattern(size / 2, 2), c = pattern(7, 3), all = a + b + c;
        const ByteView parts[] = {view(a), view(b), view(c)};
        std::string back(all.size(), 0);
        size_t got = 0;
        CHECK_STATUS(s->exchange(parts, {reinterpret_cast<uint8_t*>(back.data()), back.size()}, got, 20000), Status::ok);
        CHECK(got >= 1 && got <= all.size());
        back.resize(got);
        back += receive(*s, all.size() - got);
        CHECK(back == all);
        // Less room than there is to come.
        uint8_t little[3];
        CHECK_STATUS(s->exchange({parts, 1}, {little, std::min<size_t>(3, size)}, got, 20000), Status::ok);
        CHECK(got >= 1 && memcmp(little, a.data(), got) == 0);
        CHECK(receive(*s, a.size() - got) == a.substr(got));
    }
}

EVERY_PROTOCOL(very_many_parts) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    Ref<Stream> s = connect(protocol, server.endpoint());
    NEED(s);
    const std::string text = pattern(5000, 9);
    std::vector<ByteView> parts;
    for (size_t i = 0; i < text.size(); i += 50) parts.push_back(view(text).subspan(i, 50));
    CHECK_STATUS(s->write(parts), Status::ok);
    CHECK(receive(*s, text.size()) == text);
}

EVERY_PROTOCOL(who_is_there) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    server.keep_streams = true;
    Ref<Stream> s = connect(protocol, server.endpoint());
    NEED(s);
    CHECK_STATUS(send(*s, "x"), Status::ok);
    CHECK(receive(*s, 1) == "x");
    Guard g(server.mutex);
    NEED(server.streams.size() == 1);
    Stream& other = *server.streams[0];
    std::string_view name = protocol.name;
    CHECK(s->peer_is_local());
    CHECK(s->peer_process() == (name == "ncacn_ip_tcp" ? 0 : GetCurrentProcessId()));
    CHECK(other.peer_process() == (name == "ncalrpc" ? GetCurrentProcessId() : 0));
    CHECK(other.peer_is_local());
    CHECK(other.peer_address() == (name == "ncacn_ip_tcp" ? "127.0.0.1" : ""));
}

EVERY_PROTOCOL(security_descriptors) {
    SECURITY_DESCRIPTOR everyone;
    CHECK(InitializeSecurityDescriptor(&everyone, SECURITY_DESCRIPTOR_REVISION));
    CHECK(SetSecurityDescriptorDacl(&everyone, TRUE, nullptr, FALSE));
    struct Quiet : AcceptSink {
        void on_accept(Ref<Stream>, WorkList&) override { ++accepted; }
        std::atomic<int> accepted{0};
    } sink;
    Ref<Acceptor> acceptor;
    CHECK_STATUS(protocol.listen(fresh_endpoint(protocol), {.security_descriptor = &everyone}, sink, acceptor), Status::ok);
    NEED(acceptor);
    connect(protocol, acceptor->endpoint());
    for (int i = 0; i < 500 && sink.accepted == 0; ++i) Sleep(10);
    CHECK(sink.accepted == 1);
    acceptor->close();
    if (std::string_view(protocol.name) == "ncacn_ip_tcp") return;
    memset(&everyone, 0xee, sizeof everyone);
    CHECK_STATUS(protocol.listen(fresh_endpoint(protocol), {.security_descriptor = &everyone}, sink, acceptor),
                 Status::invalid_arg);
}

// A wait that another thread breaks off, or did before it began, leaves the stream as it was.
EVERY_PROTOCOL(interrupted_waits) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    Ref<Stream> s = connect(protocol, server.endpoint());
    NEED(s);
    uint8_t into[8];
    size_t got = 9;
    for (int i = 0; i < 20; ++i) {
        Threads other;
        other.add([&] {
            if (i % 2) Sleep(20);
            s->interrupt();
        });
        CHECK_STATUS(s->read(into, got, wait_forever), Status::call_cancelled);
        CHECK(got == 0);
    }
    s->interrupt();
    CHECK_STATUS(s->read(into, got, 20000), Status::call_cancelled);
    const std::string text = "abc";
    const ByteView part = view(text);
    for (int i = 0; i < 20; ++i) {  // an exchange: what it writes goes out, and the answer comes in that read or the next
        s->interrupt();
        Status status = s->exchange({&part, 1}, into, got, 20000);
        const bool broken = status == Status::call_cancelled;
        if (broken) status = s->read(into, got, 20000);
        if (status == Status::call_cancelled) status = s->read(into, got, 20000);
        CHECK_STATUS(status, Status::ok);
        CHECK(got == 3 && memcmp(into, "abc", 3) == 0);
        if (!broken) CHECK_STATUS(s->read(into, got, 0), Status::call_cancelled);
    }
    CHECK(s->alive());
    s->close();
    s->interrupt();
    CHECK_STATUS(s->read(into, got, 20000), Status::call_failed);
}

EVERY_PROTOCOL(read_times_out_and_goes_on) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    Ref<Stream> s = connect(protocol, server.endpoint());
    NEED(s);
    uint8_t into[16];
    size_t got = 7;
    const ULONGLONG began = GetTickCount64();
    CHECK_STATUS(s->read(into, got, 60), Status::call_cancelled);
    CHECK(got == 0);
    CHECK(GetTickCount64() - began >= 40);
    CHECK_STATUS(s->read(into, got, 0), Status::call_cancelled);
    CHECK_STATUS(send(*s, "still here"), Status::ok);
    CHECK(receive(*s, 10) == "still here");
}

EVERY_PROTOCOL(close_wakes_a_blocked_read) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    for (int i = 0; i < 20; ++i) {
        Ref<Stream> s = connect(protocol, server.endpoint());
        NEED(s);
        Threads t;
        t.add([&] {
            uint8_t into[16];
            size_t got;
            CHECK_STATUS(s->read(into, got, wait_forever), Status::call_failed);
        });
        if (i != 0) Sleep(i % 5 * 4);
        s->close();
    }
}

// Writes until nothing more fits.
EVERY_PROTOCOL(close_wakes_a_blocked_write) {
    struct Deaf : AcceptSink {
        void on_accept(Ref<Stream> s, WorkList&) override {
            Guard g(mutex);
            stream = s;
        }
        Mutex mutex;
        Ref<Stream> stream;
    } deaf;
    Ref<Acceptor> acceptor;
    CHECK_STATUS(protocol.listen(fresh_endpoint(protocol), {}, deaf, acceptor), Status::ok);
    NEED(acceptor);
    {
        Ref<Stream> s = connect(protocol, acceptor->endpoint());
        NEED(s);
        std::atomic<bool> failed_write{false};
        Threads t;
        t.add([&] {
            const std::string text = pattern(1 << 20, 5);
            for (int i = 0; i < 1000 && !failed_write; ++i) failed_write = failed(send(*s, text));
        });
        Sleep(100);
        s->close();
        t.join();
        CHECK(failed_write);
    }
    acceptor->close();
}
