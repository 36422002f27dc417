// Streams behind start(): what the pool reads and writes.
#include "peers.h"

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
    const auto all_left = [&] {  // the echo may be here before the write knows its end
        for (int i = 0; i < 500 && s->unsent() != 0; ++i) Sleep(10);
        return s->unsent() == 0;
    };
    CHECK(all_left());
    for (int i = 0; i < 100; ++i) s->post_soon(buffer("perhaps"));
    s->close();
    CHECK(sink.wait_for(0, 1));
    s->post_soon(buffer("dropped"));
    CHECK(all_left());
    CHECK(sink.closed == 1);
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
