#include "io/completion_port_win.h"
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
    CHECK(other.peer_is_local() == (name != "ncacn_np"));  // a redirector's client looks like any other
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

EVERY_PROTOCOL(queued_on_both_sides) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    Ref<Stream> s = connect(protocol, server.endpoint());
    NEED(s);
    CHECK_STATUS(send(*s, "before "), Status::ok);
    CHECK(receive(*s, 7) == "before ");
    const std::string x = "exchanged ";
    const ByteView part = view(x);
    uint8_t into[10];
    size_t got = 0;
    CHECK_STATUS(s->exchange({&part, 1}, into, got, 20000), Status::ok);
    CHECK(got == 10);
    Recorder sink;
    CHECK_STATUS(s->start(sink), Status::ok);
    std::string expected;
    for (int i = 0; i < 300; ++i) {
        std::string text = pattern(1 + i * 7, i);
        expected += text;
        s->post(buffer(text));
    }
    CHECK(sink.wait_for(expected.size(), 0));
    CHECK(sink.data == expected);
    s->close();
    CHECK(sink.wait_for(0, 1));
    s->post(buffer("dropped"));
    Sleep(20);
    CHECK(sink.closed == 1);
    CHECK(sink.why == Status::call_cancelled);
}

// Whoever posts, and however: what arrives is in that order, large or small, together or not.
EVERY_PROTOCOL(posted_soon_and_at_once) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    Ref<Stream> s = connect(protocol, server.endpoint());
    NEED(s);
    Recorder sink;
    CHECK_STATUS(s->start(sink), Status::ok);
    std::string expected;
    for (int i = 0; i < 3000; ++i) {
        std::string text = pattern(1 + static_cast<size_t>(i % 50 == 49 ? i * 5 : i % 41), i);
        expected += text;
        if (i % 7 == 3)
            s->post(buffer(text));
        else
            s->post_soon(buffer(text));
        if (i % 500 == 0) Sleep(5);  // the queue runs empty, too
    }
    CHECK(sink.wait_for(expected.size(), 0));
    CHECK(sink.data == expected);
    CHECK(s->unsent() == 0);
    for (int i = 0; i < 100; ++i) s->post_soon(buffer("perhaps"));
    s->close();
    CHECK(sink.wait_for(0, 1));
    s->post_soon(buffer("dropped"));
    for (int i = 0; i < 500 && s->unsent() != 0; ++i) Sleep(10);
    CHECK(s->unsent() == 0);
    CHECK(sink.closed == 1);
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

EVERY_PROTOCOL(server_closes) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    server.keep_streams = true;
    Ref<Stream> a = connect(protocol, server.endpoint());
    Ref<Stream> b = connect(protocol, server.endpoint());
    NEED(a && b);
    Recorder sink;
    CHECK_STATUS(b->start(sink), Status::ok);
    b->post(buffer("x"));
    CHECK_STATUS(send(*a, "y"), Status::ok);
    CHECK(receive(*a, 1) == "y");
    CHECK(sink.wait_for(1, 0));
    server.close_streams();
    CHECK(sink.wait_for(1, 1));
    CHECK(sink.why == Status::ok);
    uint8_t into[4];
    size_t got = 1;
    CHECK_STATUS(a->read(into, got, 10000), Status::ok);
    CHECK(got == 0);
    CHECK(!a->alive());
    Sleep(50);
    CHECK(sink.closed == 1);
    CHECK(server.wait_idle());
    CHECK(server.ends == 2);
}

// A sink that pauses its stream hears nothing until it goes on, and then of everything; of the end too. Who watches his posts
// hears of every one.
EVERY_PROTOCOL(paused_reading) {
    struct Pauser : Recorder, WriteWatch {
        void on_data(ByteView bytes, WorkList& later) override {
            CHECK(!held.exchange(true));
            stream->pause();
            Recorder::on_data(bytes, later);
        }
        void on_written(size_t size) override { written += size; }
        void go_on() {
            held = false;
            stream->resume();
        }
        Stream* stream = nullptr;
        std::atomic<bool> held{false};
        std::atomic<size_t> written{0};
    } sink;
    EchoServer server(protocol);
    NEED(server.acceptor);
    Ref<Stream> s = connect(protocol, server.endpoint());
    NEED(s);
    sink.stream = s.get();
    CHECK_STATUS(s->start(sink), Status::ok);
    std::string expected;
    for (int i = 0; i < 60; ++i) {
        std::string text = pattern(5000, i);
        expected += text;
        s->post(buffer(text), &sink);
    }
    for (size_t seen = 1; seen <= expected.size();) {
        CHECK(sink.wait_for(seen, 0));
        Guard g(sink.mutex);
        seen = sink.data.size() + 1;
        g.unlock();
        if (seen <= expected.size()) sink.go_on();
    }
    CHECK(sink.data == expected);
    CHECK(sink.held);
    CHECK(sink.closed == 0);
    s->close();
    CHECK(sink.wait_for(0, 1));
    s->post(buffer("dropped"), &sink);
    for (int i = 0; i < 1000 && sink.written != expected.size() + 7; ++i) Sleep(10);
    CHECK(sink.written == expected.size() + 7);
}

// What was posted before close() still arrives, as it fits the system's buffers.
EVERY_PROTOCOL(last_words_arrive) {
    struct Rude : AcceptSink, StreamSink {
        void on_accept(Ref<Stream> s, WorkList&) override {
            stream = s;
            CHECK_STATUS(s->start(*this), Status::ok);
        }
        void on_data(ByteView, WorkList&) override {
            stream->post(buffer("last words"));
            stream->close();
        }
        void on_closed(Status, WorkList&) override { ended = true; }
        Ref<Stream> stream;
        std::atomic<bool> ended{false};
    } rude;
    Ref<Acceptor> acceptor;
    CHECK_STATUS(protocol.listen(fresh_endpoint(protocol), {}, rude, acceptor), Status::ok);
    NEED(acceptor);
    Ref<Stream> s = connect(protocol, acceptor->endpoint());
    NEED(s);
    CHECK_STATUS(send(*s, "hello"), Status::ok);
    for (int i = 0; i < 500 && !rude.ended; ++i) Sleep(10);
    CHECK(rude.ended);
    CHECK(receive(*s, 100) == "last words");
    acceptor->close();
}

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

EVERY_PROTOCOL(a_peer_that_dies_is_noticed_once) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    HANDLE client = run_self("die " + std::string(protocol.name) + " " + std::string(server.endpoint()));
    NEED(client);
    CHECK(WaitForSingleObject(client, 30000) == WAIT_OBJECT_0);
    DWORD result = 0;
    GetExitCodeProcess(client, &result);
    CHECK(result == 77);
    CloseHandle(client);
    CHECK(server.accepted == 1);
    CHECK(server.wait_idle());
    CHECK(server.ends == 1);
}

EVERY_PROTOCOL(a_server_that_dies_is_noticed) {
    const std::string name = fresh_endpoint(protocol);
    HANDLE process = run_self("serve " + std::string(protocol.name) + " " + name);
    NEED(process);
    Ref<Stream> a, b;
    for (int i = 0; i < 500 && !a; ++i) {
        if (failed(protocol.connect(address_of(name), 1000, a))) Sleep(20);
    }
    NEED(a);
    b = connect(protocol, name);
    NEED(b);
    CHECK_STATUS(send(*a, "x"), Status::ok);
    CHECK(receive(*a, 1) == "x");
    Recorder sink;
    CHECK_STATUS(b->start(sink), Status::ok);
    Threads reader;
    reader.add([&] {
        uint8_t into[4];
        size_t got = 1;
        Status status = a->read(into, got, wait_forever);
        CHECK(status == Status::ok ? got == 0 : status == Status::call_failed);
    });
    Sleep(50);
    TerminateProcess(process, 1);
    WaitForSingleObject(process, 30000);
    CloseHandle(process);
    reader.join();
    CHECK(sink.wait_for(0, 1));
    CHECK(!a->alive());
    if (!failed(send(*a, "x"))) {  // TCP learns of it by sending
        CHECK(std::string_view(protocol.name) == "ncacn_ip_tcp");
        Sleep(50);
        CHECK(failed(send(*a, "x")));
    }
    Sleep(50);
    CHECK(sink.closed == 1);
}

// The thread that starts a stream, and each that posts, may end while I/O of its is pending.
EVERY_PROTOCOL(io_outlives_the_thread_that_asked) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    Ref<Stream> s = connect(protocol, server.endpoint());
    NEED(s);
    Recorder sink;
    std::string expected;
    {
        Threads t;
        t.add([&] { CHECK_STATUS(s->start(sink), Status::ok); });
    }
    for (int i = 0; i < 5; ++i) {
        Sleep(20);
        const std::string text = pattern(100000, i);
        expected += text;
        Threads t;
        t.add([&] { s->post(buffer(text)); });
    }
    CHECK(sink.wait_for(expected.size(), 0));
    Sleep(50);
    CHECK(sink.closed == 0);
    CHECK(sink.data == expected);
    s->close();
    CHECK(sink.wait_for(0, 1));
}

EVERY_PROTOCOL(races_of_close) {
    EchoServer server(protocol);
    NEED(server.acceptor);
    for (int round = 0; round < 60; ++round) {
        Ref<Stream> s = connect(protocol, server.endpoint());
        NEED(s);
        Recorder sink;
        std::atomic<bool> started{false};
        {
            Threads t;
            t.add([&] { started = !failed(s->start(sink)); });
            t.add([&] {
                for (int i = 0; i < 20; ++i)
                    if (started) s->post(buffer("some data"));
            });
            t.add([&] {
                if (round % 3 != 0) Sleep(round % 3 - 1);
                s->close();
            });
        }
        if (started) CHECK(sink.wait_for(0, 1));
        CHECK(sink.closed == (started ? 1 : 0));
    }
    CHECK(server.wait_idle());
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

struct Blocker final : Work {
    void run() override {
        ++running;
        WaitForSingleObject(go, 30000);
        --running;
    }
    static inline HANDLE go = nullptr;
    static inline std::atomic<int> running{0};
};

ONCE(blocked_work_starves_nobody) {
    CHECK_STATUS(start_executor(), Status::ok);
    Blocker::go = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    static Blocker blockers[100];
    for (Blocker& b : blockers) submit(b);
    for (int i = 0; i < 1500 && Blocker::running < 100; ++i) Sleep(10);
    CHECK(Blocker::running == 100);
    CHECK(executor_threads() >= 101);
    SetEvent(Blocker::go);
    for (int i = 0; i < 1500 && Blocker::running != 0; ++i) Sleep(10);
    CHECK(Blocker::running == 0);
}

struct ShortWork final : Work {
    void run() override { ++runs; }
    static inline std::atomic<int> runs{0};
};

// A crowd of short work puts several threads at the port, which then run what comes without calling another first: when it
// blocks, all the same nobody waits for it.
ONCE(work_that_blocks_in_a_crowd_starves_nobody) {
    CHECK_STATUS(start_executor(), Status::ok);
    static ShortWork briefs[3000];
    for (ShortWork& b : briefs) submit(b);
    for (int i = 0; i < 1500 && ShortWork::runs < 3000; ++i) Sleep(10);
    CHECK(ShortWork::runs == 3000);
    Blocker::go = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    static Blocker blockers[60];
    for (Blocker& b : blockers) submit(b);
    for (int i = 0; i < 1500 && Blocker::running < 60; ++i) Sleep(10);
    CHECK(Blocker::running == 60);
    SetEvent(Blocker::go);
    for (int i = 0; i < 1500 && Blocker::running != 0; ++i) Sleep(10);
    CHECK(Blocker::running == 0);
}

// Threads that were started for blocked work serve again: ordinary traffic needs no further ones.
ONCE(idle_threads_serve_again) {
    const Protocol* protocol = protocol_at(0);
    EchoServer server(*protocol);
    NEED(server.acceptor);
    std::vector<Ref<Stream>> clients;
    for (int i = 0; i < 30; ++i) clients.push_back(connect(*protocol, server.endpoint()));
    const unsigned before = executor_threads();
    for (int round = 0; round < 3; ++round)
        for (Ref<Stream>& s : clients) CHECK(s && !failed(send(*s, "x")) && receive(*s, 1) == "x");
    CHECK(executor_threads() <= before + 2);
    CHECK(server.ends == 0);
}
