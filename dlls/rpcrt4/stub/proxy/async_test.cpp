// COM's asynchronous calls, a client's call object and a server's in one process, on a channel in memory.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "base/alloc.h"
#include "stub/proxy/async_test_rig.h"

namespace rpc::com {
namespace {

using namespace async_rig;

// Everything that a pair held is given back.
struct Ends {
    long before = allocations;
    Pair* pair = new Pair;
    Pair* operator->() { return pair; }
    explicit Ends(bool whole = true) {
        Hresult h = pair->make();
        if (whole) EXPECT_EQ(h, s_ok);
    }
    Ends(const Ends&) = delete;
    ~Ends() {
        pair->drop_call();
        Server& server = pair->server;
        Wire& wire = pair->wire;
        if (wire.call) EXPECT_EQ(std::exchange(wire.call, nullptr)->unknown()->release(), 0u);
        EXPECT_EQ(server.call_objects, 0);
        if (wire.stub) EXPECT_EQ(std::exchange(wire.stub, nullptr)->unknown()->release(), 0u);
        EXPECT_EQ(server.refs, 1);
        if (pair->proxy) static_cast<Unknown*>(std::exchange(pair->proxy, nullptr))->release();
        if (pair->buffer) {
            pair->buffer->vtbl->Disconnect(pair->buffer);
            EXPECT_EQ(std::exchange(pair->buffer, nullptr)->unknown()->release(), 0u);
        }
        EXPECT_EQ(wire.refs, 1);
        EXPECT_EQ(wire.buffers, 0);
        EXPECT_EQ(can_unload(pair->factory_memory), s_ok);
        EXPECT_EQ(allocations, before);
        delete pair;
    }
};

void mix(Pair& p, Hresult expected = s_ok) {
    ASSERT_EQ(p.begin_mix(), s_ok);
    int32_t value = 0;
    char16_t* copy = nullptr;
    Hresult h = p.finish_mix(&value, &copy);
    EXPECT_EQ(h, expected);
    if (!bad(h)) {
        EXPECT_EQ(value, 4321);
        ASSERT_TRUE(copy);
        EXPECT_EQ(std::u16string(copy), u"a text");
    }
    give(copy);
}

TEST(ComAsync, BothHalves) {
    Ends p;
    for (int round = 0; round < 3; ++round) {
        ASSERT_EQ(p->begin_add(40, 2), s_ok);
        EXPECT_EQ(p->wire.method, 3u);
        EXPECT_EQ(p->done->vtbl->Wait(p->done, 0, 0), s_ok);
        int32_t sum = 0;
        EXPECT_EQ(p->finish_add(&sum), s_ok);
        EXPECT_EQ(sum, 42);
        EXPECT_EQ(p->finish_add(&sum), rpc_e_call_complete);
        mix(*p.pair);
        EXPECT_EQ(p->wire.method, 4u);
    }
    EXPECT_EQ(p->server.finished, 6);
    EXPECT_EQ(p->server.synchronous, 0);
}

TEST(ComAsync, AsynchronousClientOfASynchronousStub) {
    Ends p;
    EXPECT_EQ(std::exchange(p->wire.call, nullptr)->unknown()->release(), 0u);
    mix(*p.pair);
    EXPECT_EQ(p->server.synchronous, 1);
}

// The server signals from a thread of its own; so does the client wait on its own.
TEST(ComAsync, SignalledLaterByAnotherThread) {
    Ends p;
    p->server.signal = When::later;
    for (int round = 0; round < 50; ++round) {
        ASSERT_EQ(p->begin_add(round, 2), s_ok);
        int32_t sum = 7;
        EXPECT_EQ(p->finish_add(&sum), rpc_s_call_pending);
        EXPECT_EQ(p->begin_add(1, 1), rpc_s_call_pending);
        std::thread server([&] { EXPECT_EQ(p->server.complete(), s_ok); });
        for (int i = 0; i < 1000000 && p->done->vtbl->Wait(p->done, 0, 0) != s_ok; ++i) std::this_thread::yield();
        EXPECT_EQ(p->finish_add(&sum), s_ok);
        EXPECT_EQ(sum, round + 2);
        server.join();
    }
}

TEST(ComAsync, HalvesOfAnotherMethod) {
    Ends p;
    int32_t value = 0;
    char16_t* copy = nullptr;
    ASSERT_EQ(p->begin_add(1, 2), s_ok);
    EXPECT_EQ(p->finish_mix(&value, &copy), rpc_e_invalid_method);
    EXPECT_EQ(p->finish_add(&value), s_ok);
    EXPECT_EQ(value, 3);
    for (uint32_t method : {0u, 1u, 2u}) EXPECT_TRUE(bad(p->half(method, {})));
    RPC_MESSAGE message{};
    char nothing[8] = {};
    message.Buffer = nothing;
    message.BufferLength = sizeof nothing;
    message.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    for (uint32_t method : {0u, 2u, 5u, 6u, 7u, 0x7fffu, 0xffffffffu}) {
        message.ProcNum = method;
        EXPECT_TRUE(bad(p->wire.call->vtbl->Invoke(p->wire.call, &message, p->wire.face()))) << method;
    }
    EXPECT_EQ(p->server.begun, 1);
}

TEST(ComAsync, AChannelWithoutTheAsynchronousInterface) {
    Ends p;
    p->wire.async_capable = false;
    for (int round = 0; round < 2; ++round) EXPECT_EQ(p->begin_mix(), e_nointerface);
    RPC_MESSAGE message{};
    message.ProcNum = 3;
    EXPECT_EQ(p->wire.call->vtbl->Invoke(p->wire.call, &message, p->wire.face()), e_nointerface);
    EXPECT_EQ(p->server.begun, 0);
    p->wire.async_capable = true;
    mix(*p.pair);
}

TEST(ComAsync, ABeginThatFails) {
    Ends p;
    p->server.begin_answer = hr(0x80070005);
    mix(*p.pair, hr(0x80070005));
    EXPECT_EQ(p->server.finished, 0);
    p->server.begin_answer = s_ok;
    mix(*p.pair);
}

// The client goes, or the server does, while the call is out.
TEST(ComAsync, OneSideGoes) {
    {
        Ends p;
        p->server.signal = When::later;
        ASSERT_EQ(p->begin_mix(), s_ok);
        p->drop_call();
        EXPECT_EQ(p->server.complete(), s_ok);
    }
    {
        Ends p;  // with the reply there already
        ASSERT_EQ(p->begin_mix(), s_ok);
        p->drop_call();
    }
    {
        Ends p;
        p->server.signal = When::later;
        ASSERT_EQ(p->begin_add(20, 3), s_ok);
        p->wire.call->vtbl->Disconnect(p->wire.call);
        std::exchange(p->wire.call, nullptr)->unknown()->release();
        EXPECT_EQ(p->server.call_objects, 1);
        EXPECT_EQ(p->server.complete(), s_ok);
        EXPECT_EQ(p->server.call_objects, 0);
        int32_t sum = 0;
        EXPECT_EQ(p->finish_add(&sum), s_ok);
        EXPECT_EQ(sum, 23);
    }
}

// Whatever the other side sends, cut off anywhere or with any byte changed: a failure code or a result, and the next call works.
struct Spoiler {
    size_t cut = ~size_t{0}, at = ~size_t{0};
    uint8_t value = 0;
    static void apply(std::vector<uint8_t>& bytes, void* self) {
        auto& s = *static_cast<Spoiler*>(self);
        if (s.cut < bytes.size()) bytes.resize(s.cut);
        if (s.at < bytes.size()) bytes[s.at] = s.value;
    }
};
void spoilt(Pair& p, bool must_fail) {
    ASSERT_EQ(p.begin_mix(), s_ok);
    int32_t value = 0;
    char16_t* copy = nullptr;
    Hresult h = p.finish_mix(&value, &copy);
    if (must_fail) EXPECT_TRUE(bad(h));
    EXPECT_NE(h, rpc_s_call_pending);
    give(copy);
}
TEST(ComAsync, RequestsAndRepliesThatAreSpoilt) {
    Ends p;
    mix(*p.pair);
    const size_t request = p->wire.request.size(), reply = p->wire.reply.size();
    Spoiler spoiler;
    p->wire.spoiler = &spoiler;
    for (bool of_request : {true, false}) {
        p->wire.spoil_request = of_request ? Spoiler::apply : nullptr;
        p->wire.spoil_reply = of_request ? nullptr : Spoiler::apply;
        const size_t size = of_request ? request : reply;
        for (spoiler = {}; (spoiler.cut = spoiler.cut == ~size_t{0} ? 0 : spoiler.cut + 1) < size;) spoilt(*p.pair, true);
        spoiler = {};
        for (spoiler.at = 0; spoiler.at < size; ++spoiler.at)
            for (uint8_t value : {0x00, 0x01, 0x40, 0x7f, 0x80, 0xff}) {
                spoiler.value = value;
                spoilt(*p.pair, false);
            }
        p->wire.spoil_request = p->wire.spoil_reply = nullptr;
        mix(*p.pair);
    }
}

// Every allocation of the whole fails once.
TEST(ComAsync, OutOfMemory) {
    for (long n = 1;; ++n) {
        mem_fail_nth(n);
        bool pending;
        {
            Ends p(false);
            Hresult h = p->call && p->done ? p->begin_mix() : e_out_of_memory;
            if (!bad(h)) {
                int32_t value = 0;
                char16_t* copy = nullptr;
                p->wire.give_up();
                h = p->finish_mix(&value, &copy);
                give(copy);
            }
            pending = mem_fail_nth_pending();
            mem_fail_nth(0);
            EXPECT_EQ(bad(h), !pending) << n;
            if (p->call && p->done && p->wire.call) {
                p->drop_call();
                EXPECT_EQ(p->create(static_cast<Unknown*>(p->proxy), iid_async_slow, &p->call), s_ok);
                mix(*p.pair);
            }
        }
        if (pending) break;
        ASSERT_LT(n, 1000);
    }
}

}  // namespace
}  // namespace rpc::com
