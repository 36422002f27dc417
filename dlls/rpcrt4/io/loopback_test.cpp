#include "io/loopback.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/os.h"
#include "io/executor_host.h"
#include "io/protocols.h"

namespace rpc::io {
namespace {

Status send(Stream& s, std::string_view text) {
    const ByteView part{reinterpret_cast<const uint8_t*>(text.data()), text.size()};
    return s.write({&part, 1});
}

Buffer buffer(std::string_view text) {
    Buffer b;
    EXPECT_TRUE(b.append({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
    return b;
}

// Reads exactly n bytes, or fewer if the peer closes.
std::string receive(Stream& s, size_t n) {
    std::string all;
    while (all.size() < n) {
        uint8_t chunk[256];
        size_t got = 0;
        if (failed(s.read({chunk, std::min(sizeof chunk, n - all.size())}, got, 10000)) || got == 0) break;
        all.append(reinterpret_cast<char*>(chunk), got);
    }
    return all;
}

struct Recorder : StreamSink {
    void on_data(ByteView bytes, WorkList&) override {
        Guard g(mutex);
        data.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        changed.wake_all();
    }
    void on_closed(Status status, WorkList&) override {
        Guard g(mutex);
        why = status;
        ++closed;
        changed.wake_all();
    }
    bool wait_for(size_t bytes, int closes) {
        const uint64_t until = os::now_ms() + 10000;
        Guard g(mutex);
        while (data.size() < bytes || closed < closes) {
            if (os::now_ms() > until) return false;
            changed.wait(mutex, 100);
        }
        return true;
    }
    Mutex mutex;
    Condition changed;
    std::string data;
    Status why = Status::internal_error;
    int closed = 0;
};

class Loopback : public ::testing::Test {
protected:
    void TearDown() override {
        loopback_fail_nth_io(0);
        loopback_set_options({});
        stop_executor();
    }
    void pair(const LoopbackOptions& options = {}) { ASSERT_EQ(loopback_pair(a, b, options), Status::ok); }
    Ref<Stream> a, b;
};

TEST_F(Loopback, CarriesBytesInOrder) {
    pair();
    ASSERT_EQ(send(*a, "hello "), Status::ok);
    ASSERT_EQ(send(*a, "world"), Status::ok);
    EXPECT_EQ(receive(*b, 11), "hello world");
    EXPECT_TRUE(a->alive());
}

TEST_F(Loopback, ReadsByteByByteWhenAsked) {
    pair({.max_read = 1});
    ASSERT_EQ(send(*a, "abc"), Status::ok);
    uint8_t into[8];
    size_t got = 0;
    ASSERT_EQ(b->read(into, got, 0), Status::ok);
    EXPECT_EQ(got, 1u);
    EXPECT_EQ(receive(*b, 2), "bc");
}

TEST_F(Loopback, SplitsAtRandomAndLosesNothing) {
    pair({.max_read = 7, .split_seed = 12345});
    std::string text(1000, 'x');
    for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 26);
    ASSERT_EQ(send(*a, text), Status::ok);
    EXPECT_EQ(receive(*b, text.size()), text);
}

TEST_F(Loopback, ReadTimesOut) {
    pair();
    uint8_t into[1];
    size_t got = 9;
    b->interrupt();
    EXPECT_EQ(b->read(into, got, wait_forever), Status::call_cancelled);
    EXPECT_EQ(b->read(into, got, 20), Status::call_cancelled);
    EXPECT_EQ(got, 0u);
    ASSERT_EQ(send(*a, "x"), Status::ok);
    EXPECT_EQ(receive(*b, 1), "x");
}

TEST_F(Loopback, CloseWakesABlockedRead) {
    pair();
    std::thread closer([&] {
        os::sleep_ms(20);
        b->close();
    });
    uint8_t into[1];
    size_t got;
    EXPECT_EQ(b->read(into, got, wait_forever), Status::call_failed);
    closer.join();
}

TEST_F(Loopback, PeersCloseIsReadAfterTheData) {
    pair();
    ASSERT_EQ(send(*a, "bye"), Status::ok);
    a.reset();
    EXPECT_FALSE(b->alive());
    EXPECT_EQ(receive(*b, 100), "bye");
    uint8_t into[1];
    size_t got = 1;
    EXPECT_EQ(b->read(into, got, 0), Status::ok);
    EXPECT_EQ(got, 0u);
    EXPECT_EQ(send(*b, "x"), Status::server_unavailable);
}

TEST_F(Loopback, QueuedDeliversWhatCameBeforeAndAfterStart) {
    pair({.max_read = 3});
    Recorder sink;
    ASSERT_EQ(send(*a, "early "), Status::ok);
    ASSERT_EQ(b->start(sink), Status::ok);
    ASSERT_EQ(send(*a, "late"), Status::ok);
    ASSERT_TRUE(sink.wait_for(10, 0));
    a->close();
    ASSERT_TRUE(sink.wait_for(10, 1));
    EXPECT_EQ(sink.data, "early late");
    EXPECT_EQ(sink.why, Status::ok);
    b->close();
    stop_executor();
    EXPECT_EQ(sink.closed, 1);
}

TEST_F(Loopback, OwnCloseReachesTheSinkOnce) {
    pair();
    Recorder sink;
    ASSERT_EQ(b->start(sink), Status::ok);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { b->close(); });
    threads.emplace_back([&] { a->close(); });
    for (std::thread& t : threads) t.join();
    ASSERT_TRUE(sink.wait_for(0, 1));
    stop_executor();
    EXPECT_EQ(sink.closed, 1);
}

TEST_F(Loopback, StartAfterCloseDeliversNothing) {
    pair();
    Recorder sink;
    b->close();
    EXPECT_NE(b->start(sink), Status::ok);
    stop_executor();
    EXPECT_EQ(sink.closed, 0);
}

TEST_F(Loopback, PostKeepsItsOrder) {
    pair();
    Recorder here, there;
    ASSERT_EQ(a->start(here), Status::ok);
    ASSERT_EQ(b->start(there), Status::ok);
    std::string expected;
    for (int i = 0; i < 500; ++i) {
        std::string text = std::to_string(i) + ",";
        expected += text;
        a->post(buffer(text));
    }
    ASSERT_TRUE(there.wait_for(expected.size(), 0));
    EXPECT_EQ(there.data, expected);
    a->close();
    a->post(buffer("dropped"));
    ASSERT_TRUE(there.wait_for(expected.size(), 1));
    ASSERT_TRUE(here.wait_for(0, 1));
    EXPECT_EQ(there.data, expected);
}

TEST_F(Loopback, PausesAndGoesOn) {
    struct Pauser : Recorder, WriteWatch {
        void on_data(ByteView bytes, WorkList& later) override {
            stream->pause();
            Recorder::on_data(bytes, later);
        }
        void on_written(size_t size) override { written += size; }
        Stream* stream = nullptr;
        size_t written = 0;
    } here;
    pair({.max_read = 2});
    here.stream = a.get();
    ASSERT_EQ(a->start(here), Status::ok);
    ASSERT_EQ(send(*b, "abcde"), Status::ok);
    for (size_t n : {2u, 4u, 5u}) {
        ASSERT_TRUE(here.wait_for(n, 0));
        stop_executor();
        EXPECT_EQ(here.data.size(), n);
        ASSERT_EQ(start_executor(), Status::ok);
        if (n != 5) a->resume();
    }
    b->close();
    stop_executor();
    EXPECT_EQ(here.closed, 0);
    ASSERT_EQ(start_executor(), Status::ok);
    a->resume();
    ASSERT_TRUE(here.wait_for(5, 1));
    a->post(buffer("xyz"), &here);
    EXPECT_EQ(here.written, 3u);
}

struct Blocker final : Work {
    void run() override {
        Guard g(mutex);
        ++running;
        changed.wake_all();
        while (!go) changed.wait(mutex);
    }
    static inline Mutex mutex;
    static inline Condition changed;
    static inline int running = 0;
    static inline bool go = false;
};

TEST_F(Loopback, BlockedWorkStarvesNobody) {
    // Every byte leaves two items that block; all of them run side by side, and the stream reads on.
    struct Sink : Recorder {
        void on_data(ByteView bytes, WorkList& later) override {
            later.push_back(&blockers[2 * seen]);
            later.push_back(&blockers[2 * seen++ + 1]);
            Recorder::on_data(bytes, later);
        }
        Blocker blockers[20];
        int seen = 0;
    } sink;
    Blocker::running = 0;
    Blocker::go = false;
    pair({.max_read = 1});
    ASSERT_EQ(b->start(sink), Status::ok);
    ASSERT_EQ(send(*a, "0123456789"), Status::ok);
    EXPECT_TRUE(sink.wait_for(10, 0));
    {
        Guard g(Blocker::mutex);
        const uint64_t until = os::now_ms() + 10000;
        while (Blocker::running < 20 && os::now_ms() < until) Blocker::changed.wait(Blocker::mutex, 100);
        EXPECT_EQ(Blocker::running, 20);
        Blocker::go = true;
        Blocker::changed.wake_all();
    }
    a->close();
    EXPECT_TRUE(sink.wait_for(10, 1));
    stop_executor();
}

// Echoes on every connection.
struct EchoServer : AcceptSink {
    struct Session final : StreamSink {
        void on_data(ByteView bytes, WorkList&) override {
            Buffer copy;
            if (copy.append(bytes))
                stream->post(std::move(copy));
            else
                stream->close();
        }
        void on_closed(Status, WorkList&) override { delete this; }
        Ref<Stream> stream;
    };
    void on_accept(Ref<Stream> stream, WorkList&) override {
        ++accepted;
        auto session = new Session;
        session->stream = stream;
        if (failed(stream->start(*session))) delete session;
    }
    std::atomic<int> accepted = 0;
};

TEST_F(Loopback, NamedEndpointServesManyClients) {
    EchoServer server;
    Ref<Acceptor> acceptor;
    const Protocol* protocol = find_protocol("NCALRPC");
    ASSERT_NE(protocol, nullptr);
    loopback_set_options({.max_read = 5, .split_seed = 99});
    ASSERT_EQ(protocol->listen("echo", {}, server, acceptor), Status::ok);
    Ref<Acceptor> second;
    EXPECT_EQ(protocol->listen("ECHO", {}, server, second), Status::duplicate_endpoint);
    Address address;
    ASSERT_TRUE(address.endpoint.assign("echo"));
    std::vector<std::thread> clients;
    for (int c = 0; c < 8; ++c)
        clients.emplace_back([&, c] {
            Ref<Stream> s;
            ASSERT_EQ(protocol->connect(address, 1000, s), Status::ok);
            for (int i = 0; i < 50; ++i) {
                std::string text = std::to_string(c) + ":" + std::to_string(i);
                ASSERT_EQ(send(*s, text), Status::ok);
                ASSERT_EQ(receive(*s, text.size()), text);
            }
        });
    for (std::thread& t : clients) t.join();
    EXPECT_EQ(server.accepted, 8);
    acceptor->close();
    acceptor->close();
    Ref<Stream> late;
    EXPECT_EQ(protocol->connect(address, 0, late), Status::server_unavailable);
    EXPECT_EQ(protocol->listen("echo", {}, server, second), Status::ok);
    second->close();
}

TEST_F(Loopback, DynamicEndpointsDiffer) {
    EchoServer server;
    Ref<Acceptor> a1, a2;
    ASSERT_EQ(loopback_listen("", {}, server, a1), Status::ok);
    ASSERT_EQ(loopback_listen("", {}, server, a2), Status::ok);
    EXPECT_NE(a1->endpoint(), a2->endpoint());
    EXPECT_TRUE(loopback_endpoint_valid(a1->endpoint()));
    a1->close();
    a2->close();
}

// One exchange with an echo server; everything that was not refused is right.
Status one_exchange() {
    EchoServer server;
    Ref<Acceptor> acceptor;
    RPC_TRY(loopback_listen("inject", {}, server, acceptor));
    Address address;
    Ref<Stream> s;
    Status status = address.endpoint.assign("inject") ? loopback_connect(address, 1000, s) : Status::out_of_memory;
    if (!failed(status)) status = send(*s, "ping");
    if (!failed(status)) {
        std::string text = receive(*s, 4);
        status = text == "ping" ? Status::ok : Status::call_failed;
        EXPECT_TRUE(text == "ping" || text.empty());
    }
    if (s) s->close();
    acceptor->close();
    stop_executor();
    return status;
}

TEST_F(Loopback, EveryIoFailsOnce) {
    const long before = loopback_io_count();
    ASSERT_EQ(one_exchange(), Status::ok);
    const long total = loopback_io_count() - before;
    EXPECT_GT(total, 5);
    int refused = 0;
    for (long n = 1; n <= total; ++n) {
        loopback_fail_nth_io(n);
        refused += failed(one_exchange());
    }
    loopback_fail_nth_io(0);
    EXPECT_GT(refused, 4);
    EXPECT_EQ(one_exchange(), Status::ok);
}

TEST_F(Loopback, EveryAllocationFailsOnce) {
    const long before = mem_alloc_count();
    ASSERT_EQ(one_exchange(), Status::ok);
    const long total = mem_alloc_count() - before;
    int refused = 0;
    for (long n = 1; n <= total; ++n) {
        mem_fail_nth(n);
        refused += failed(one_exchange());
    }
    mem_fail_nth(0);
    EXPECT_GT(refused, 4);
    EXPECT_EQ(one_exchange(), Status::ok);
}

TEST_F(Loopback, CloseRacesWithTraffic) {
    for (int round = 0; round < 200; ++round) {
        pair({.max_read = 2});
        Recorder here, there;
        ASSERT_EQ(a->start(here), Status::ok);
        std::thread starter([&] {
            if (failed(b->start(there))) there.on_closed(Status::ok, *std::make_unique<WorkList>());
        });
        std::thread poster([&] {
            for (int i = 0; i < 20; ++i) a->post(buffer("data"));
        });
        std::thread closer([&] { (round % 2 ? a : b)->close(); });
        starter.join();
        poster.join();
        closer.join();
        ASSERT_TRUE(here.wait_for(0, 1));
        ASSERT_TRUE(there.wait_for(0, 1));
    }
}

TEST(Protocols, AreListed) {
    ASSERT_NE(protocol_at(0), nullptr);
    EXPECT_EQ(protocol_at(0), find_protocol(protocol_at(0)->name));
    EXPECT_EQ(protocol_at(1000), nullptr);
    EXPECT_EQ(find_protocol("ncalrp"), nullptr);
    EXPECT_EQ(find_protocol("ncalrpcx"), nullptr);
    EXPECT_EQ(find_protocol(""), nullptr);
}

}  // namespace
}  // namespace rpc::io
