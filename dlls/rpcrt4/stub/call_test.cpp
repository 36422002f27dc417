// Client and server halves against each other, over the runtime of one process.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "stub/fake_runtime.h"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"

namespace rpc::stub {
namespace {

using test::Bytes;
using test::Header;
using test::Interface;
using test::procedure;

// --- managers -------------------------------------------------------------------------------------------------------

int32_t add(void* handle, int32_t a, int32_t b, int32_t* c) {
    EXPECT_NE(handle, nullptr);
    *c = a - b;
    return a + b;
}

RPC_ASYNC_STATE* parked;
int32_t* parked_c;
void add_async(RPC_ASYNC_STATE* async, void*, int32_t a, int32_t b, int32_t* c) {
    EXPECT_EQ(async->Signature, 0x43595341u);
    EXPECT_EQ(async->Size, sizeof *async);
    EXPECT_NE(async->RuntimeInfo, nullptr);
    *c = a * b;
    parked = async;
    parked_c = c;
}

void add_async_at_once(RPC_ASYNC_STATE* async, void*, int32_t a, int32_t b, int32_t* c) {
    *c = a * b;
    int32_t sum = a + b;
    EXPECT_EQ(fake::complete(async, &sum), Status::ok);
}

int8_t small_ones(void*, int8_t a, uint8_t b, int16_t c, uint16_t d, int64_t e, int64_t* f) {
    EXPECT_EQ(a, -1);
    EXPECT_EQ(b, 255);
    EXPECT_EQ(c, -2);
    EXPECT_EQ(d, 0xfffe);
    *f = -e;
    return -3;
}

Header sync_header(uint16_t slots) {
    Header h;
    h.slots = slots;
    h.explicit_handle = {0x32, 0, 0, 0};
    return h;
}

Header async_header(uint16_t slots) {
    Header h;
    h.slots = slots;
    h.explicit_handle = {0x32, 0, 1, 0};
    h.opt_flags = 0xc4;
    return h;
}

class Call : public testing::Test {
protected:
    Call() : face({0x5b, 0x5c}) {
        face.add(procedure(0, sync_header(5), {{0x48, 1, 8}, {0x48, 2, 8}, {0x2150, 3, 8}, {0x70, 4, 8}}), &add);
        face.add(procedure(1, async_header(6), {{0x48, 2, 8}, {0x48, 3, 8}, {0x2150, 4, 8}, {0x70, 5, 8}}), &add_async);
        face.add(procedure(2, async_header(6), {{0x48, 2, 8}, {0x48, 3, 8}, {0x2150, 4, 8}, {0x70, 5, 8}}), &add_async_at_once);
        face.add(procedure(3, sync_header(8),
                           {{0x48, 1, 3}, {0x48, 2, 4}, {0x48, 3, 6}, {0x48, 4, 7}, {0x48, 5, 11}, {0x150, 6, 11}, {0x70, 7, 3}}),
                 &small_ones);
        fake::server = fake::Server();
        fake::server.face = face.face();
        fake::server.dispatch = server_call;
        Interface::allocations() = 0;
        state.Size = sizeof state;
        state.Signature = 0x43595341;
    }
    ~Call() override {
        EXPECT_EQ(fake::calls_alive, 0);
        EXPECT_EQ(Interface::allocations(), 0);
    }
    Slot handle() { return reinterpret_cast<Slot>(&fake::binding); }

    Interface face;
    RPC_ASYNC_STATE state{};
    uint64_t result = 0;
    int32_t c = 77;
};

TEST_F(Call, Synchronous) {
    Slot args[] = {handle(), 20, Slot(-22), reinterpret_cast<Slot>(&c)};
    ASSERT_EQ(client_call(face.desc(), face.format(0), args, result), Status::ok);
    EXPECT_EQ(static_cast<int32_t>(result), -2);
    EXPECT_EQ(c, 42);
    EXPECT_EQ(fake::last_request, (Bytes{20, 0, 0, 0, 0xea, 0xff, 0xff, 0xff}));
    EXPECT_EQ(fake::last_reply, (Bytes{42, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff}));
}

TEST_F(Call, WidthsAndSigns) {
    int64_t f = 0;
    Slot args[] = {handle(), Slot(-1), 255, Slot(-2), 0xfffe, 0x123456789abcdef0, reinterpret_cast<Slot>(&f)};
    ASSERT_EQ(client_call(face.desc(), face.format(3), args, result), Status::ok);
    EXPECT_EQ(f, -0x123456789abcdef0);
    EXPECT_EQ(static_cast<int64_t>(result), -3);
}

TEST_F(Call, FailuresComeBackAndLeaveNothing) {
    Slot args[] = {handle(), 1, 2, reinterpret_cast<Slot>(&c)};
    fake::next_failure = Status::server_unavailable;
    EXPECT_EQ(client_call(face.desc(), face.format(0), args, result), Status::server_unavailable);
    args[3] = 0;
    EXPECT_EQ(client_call(face.desc(), face.format(0), args, result), Status::null_ref_pointer);
    args[0] = 0;
    EXPECT_EQ(client_call(face.desc(), face.format(0), args, result), Status::invalid_binding);
    EXPECT_EQ(c, 77);
}

// On either side a stub whose descriptions this NDR does not know.
TEST_F(Call, AStubOfALaterNdr) {
    Slot args[] = {handle(), 1, 2, reinterpret_cast<Slot>(&c)};
    const MIDL_STUB_DESC client = face.desc();
    for (unsigned version : {0xb0000u, 0x7fffffffu, 0xffffffffu}) {
        MIDL_STUB_DESC later = client;
        later.Version = version;
        EXPECT_EQ(client_call(later, face.format(0), args, result), Status::wrong_stub_version);
        face.desc().Version = version;
        EXPECT_EQ(client_call(client, face.format(0), args, result), Status::wrong_stub_version);
    }
    EXPECT_EQ(c, 77);
    for (unsigned version : {0x10001u, 0x50002u, 0x60001u}) {
        face.desc().Version = version;
        EXPECT_EQ(client_call(face.desc(), face.format(0), args, result), Status::ok);
    }
}

TEST_F(Call, BadRequestsAreBadStubData) {
    Slot args[] = {handle(), 1, 2, reinterpret_cast<Slot>(&c)};
    Bytes garbage{1, 2, 3};
    fake::server.replace_request = &garbage;
    EXPECT_EQ(client_call(face.desc(), face.format(0), args, result), Status::bad_stub_data);
    EXPECT_EQ(c, 77);
}

TEST_F(Call, BadRepliesAreBadStubData) {
    Slot args[] = {handle(), 1, 2, reinterpret_cast<Slot>(&c)};
    Bytes garbage{1, 2, 3, 4, 5};
    fake::server.replace_reply = &garbage;
    EXPECT_EQ(client_call(face.desc(), face.format(0), args, result), Status::bad_stub_data);
}

TEST_F(Call, BigEndianClient) {
    Bytes request{0, 0, 0, 20, 0, 0, 0, 2};
    fake::server.replace_request = &request;
    fake::server.drep = 0;
    Slot args[] = {handle(), 1, 2, reinterpret_cast<Slot>(&c)};
    ASSERT_EQ(client_call(face.desc(), face.format(0), args, result), Status::ok);
    EXPECT_EQ(result, 22u);
    EXPECT_EQ(c, 18);
}

TEST_F(Call, ManagerEpvWins) {
    auto other = [](void*, int32_t, int32_t, int32_t* out) -> int32_t { return *out = 5; };
    int32_t (*function)(void*, int32_t, int32_t, int32_t*) = other;
    void* epv[] = {reinterpret_cast<void*>(function)};
    fake::server.manager_epv = epv;
    Slot args[] = {handle(), 1, 2, reinterpret_cast<Slot>(&c)};
    ASSERT_EQ(client_call(face.desc(), face.format(0), args, result), Status::ok);
    EXPECT_EQ(c, 5);
}

TEST_F(Call, CommAndFaultStatus) {
    Header h = sync_header(5);
    h.oi_flags |= oi_has_comm_or_fault;
    face.add(procedure(4, h, {{0x48, 1, 8}, {0x48, 2, 8}, {0x2150, 3, 8}, {0x70, 4, 8}}), &add);
    const COMM_FAULT_OFFSETS none{-2, -2};
    const COMM_FAULT_OFFSETS offsets[] = {none, none, none, none, {-1, 3 * sizeof(void*)}};
    face.desc().CommFaultOffsets = offsets;
    Slot args[] = {handle(), 1, 2, reinterpret_cast<Slot>(&c)};
    fake::next_failure = Status::server_unavailable;
    ASSERT_EQ(client_call(face.desc(), face.format(4), args, result), Status::ok);
    EXPECT_EQ(result, 1722u);
    fake::next_failure = static_cast<Status>(0xE0001234);
    ASSERT_EQ(client_call(face.desc(), face.format(4), args, result), Status::ok);
    EXPECT_EQ(static_cast<uint32_t>(c), 0xE0001234);
}

TEST_F(Call, GenericHandles) {
    Header h = sync_header(4);
    h.explicit_handle = {0x31, 4, 0, 0, 0, 0x5c};
    face.add(procedure(4, h, {{0x48, 0, 8}, {0x48, 1, 8}, {0x70, 3, 8}}), &add);
    static int bound = 0, unbound = 0;
    bound = unbound = 0;
    const GENERIC_BINDING_ROUTINE_PAIR pairs[] = {
        {[](void* object) -> void* {
             EXPECT_EQ(object, reinterpret_cast<void*>(7));
             ++bound;
             return &fake::binding;
         },
         [](void* object, unsigned char* handle) {
             EXPECT_EQ(object, reinterpret_cast<void*>(7));
             EXPECT_EQ(static_cast<void*>(handle), &fake::binding);
             ++unbound;
         }}};
    face.desc().aGenericBindingRoutinePairs = pairs;
    fake::next_failure = Status::call_failed;
    Slot args[] = {7, 8, 0, 0};
    EXPECT_EQ(client_call(face.desc(), face.format(4), args, result), Status::call_failed);
    EXPECT_EQ(bound, 1);
    EXPECT_EQ(unbound, 1);
}

TEST_F(Call, ImplicitHandle) {
    Header h;
    h.handle_type = 0x32;
    h.slots = 3;
    auto twice = [](int32_t a, int32_t* b) -> int32_t { return *b = 2 * a; };
    int32_t (*manager)(int32_t, int32_t*) = twice;
    face.add(procedure(4, h, {{0x48, 0, 8}, {0x2150, 1, 8}, {0x70, 2, 8}}), manager);
    handle_t variable = &fake::binding;
    face.desc().IMPLICIT_HANDLE_INFO.pPrimitiveHandle = &variable;
    Slot args[] = {21, reinterpret_cast<Slot>(&c)};
    ASSERT_EQ(client_call(face.desc(), face.format(4), args, result), Status::ok);
    EXPECT_EQ(c, 42);
}

// --- asynchronous ---------------------------------------------------------------------------------------------------

class AsyncCall : public Call {
protected:
    AsyncCall() { fake::server.dispatch = async_server_call; }
    Status issue(size_t number, int32_t a, int32_t b) {
        Slot args[] = {reinterpret_cast<Slot>(&state), handle(), static_cast<Slot>(a), static_cast<Slot>(b),
                       reinterpret_cast<Slot>(&c)};
        return async_client_call(face.desc(), face.format(number), args);
    }
    int32_t reply = 0;
};

TEST_F(AsyncCall, CompletesLater) {
    ASSERT_EQ(issue(1, 6, 7), Status::ok);
    EXPECT_EQ(fake::complete(&state, &reply), Status::call_pending);
    EXPECT_EQ(c, 77);
    *parked_c += 100;
    int32_t server_reply = 13;
    EXPECT_EQ(fake::complete(parked, &server_reply), Status::ok);
    EXPECT_EQ(c, 77);
    EXPECT_EQ(fake::complete(&state, &reply), Status::ok);
    EXPECT_EQ(reply, 13);
    EXPECT_EQ(c, 142);
}

TEST_F(AsyncCall, CompletesInTheManager) {
    ASSERT_EQ(issue(2, 6, 7), Status::ok);
    EXPECT_EQ(fake::complete(&state, &reply), Status::ok);
    EXPECT_EQ(reply, 13);
    EXPECT_EQ(c, 42);
}

TEST_F(AsyncCall, AbortedByTheServer) {
    ASSERT_EQ(issue(1, 6, 7), Status::ok);
    EXPECT_EQ(fake::abort(parked, static_cast<Status>(0xABCD)), Status::ok);
    EXPECT_EQ(fake::complete(&state, &reply), static_cast<Status>(0xABCD));
    EXPECT_EQ(c, 77);
}

TEST_F(AsyncCall, FailsToSend) {
    fake::next_failure = Status::server_unavailable;
    EXPECT_EQ(issue(1, 6, 7), Status::server_unavailable);
    // The state is free for another call.
    ASSERT_EQ(issue(2, 6, 7), Status::ok);
    EXPECT_EQ(fake::complete(&state, &reply), Status::ok);
}

TEST_F(AsyncCall, BadStates) {
    state.Signature = 0;
    EXPECT_EQ(issue(1, 6, 7), Status::invalid_async_handle);
    Slot args[] = {0, handle(), 1, 2, reinterpret_cast<Slot>(&c)};
    EXPECT_EQ(async_client_call(face.desc(), face.format(1), args), Status::invalid_async_handle);
}

TEST_F(AsyncCall, MalformedReply) {
    Bytes garbage{1, 2, 3};
    ASSERT_EQ(issue(2, 6, 7), Status::ok);
    fake::server.replace_reply = &garbage;
    EXPECT_EQ(fake::complete(&state, &reply), Status::bad_stub_data);
    EXPECT_EQ(c, 77);
}

TEST_F(AsyncCall, ServerNeedsTheReturnValue) {
    ASSERT_EQ(issue(1, 6, 7), Status::ok);
    EXPECT_NE(fake::complete(parked, nullptr), Status::ok);
    EXPECT_NE(fake::complete(&state, &reply), Status::ok);
}

TEST_F(AsyncCall, SynchronousStubsTalkToAsynchronousOnes) {
    // The same bytes both ways: the synchronous client's procedure 2 is the asynchronous manager's.
    Header h = sync_header(5);
    Bytes sync = procedure(2, h, {{0x48, 1, 8}, {0x48, 2, 8}, {0x2150, 3, 8}, {0x70, 4, 8}});
    Slot args[] = {handle(), 6, 7, reinterpret_cast<Slot>(&c)};
    ASSERT_EQ(client_call(face.desc(), sync.data(), args, result), Status::ok);
    EXPECT_EQ(result, 13u);
    EXPECT_EQ(c, 42);
}

}  // namespace
}  // namespace rpc::stub
