// Results of every kind, [partial_ignore], statuses as parameters, memory of [out] parameters.
#include <gtest/gtest.h>

#include <cstring>

#include "stub/fake_runtime.h"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"
#include "stub/type_memory.h"

namespace rpc::stub {
namespace {

using test::Bytes;
using test::Header;
using test::Interface;
using test::procedure;

struct Pair {
    int32_t a, b;
};
struct Large {
    int64_t a, b, c;
};
struct Named {
    char* name;
    int64_t number, more;
};

// 2: Pair; 10: Large; 18: a unique pointer to a long; 22: a unique string; 26: Named; 42: a unique pointer to longs, as many as
// argument 1 says; 56: a [ref] pointer to Named.
const Bytes types = {
    0x5b, 0x5c,
    0x15, 0x03, 0x08, 0x00, 0x08, 0x08, 0x5b, 0x5c,
    0x15, 0x07, 0x18, 0x00, 0x0b, 0x0b, 0x0b, 0x5b,
    0x12, 0x08, 0x08, 0x5c,
    0x12, 0x08, 0x22, 0x5c,
    0x1a, 0x07, 0x18, 0x00, 0x00, 0x00, 0x06, 0x00, 0x36, 0x0b, 0x0b, 0x5b, 0x12, 0x08, 0x22, 0x5c,
    0x12, 0x00, 0x02, 0x00, 0x1b, 0x03, 0x04, 0x00, 0x28, 0x00, 0x08, 0x00, 0x08, 0x5b,
    0x11, 0x00, 0xe0, 0xff,
};

Pair make_pair(void*, int32_t a) { return {a, -a}; }
Large make_large(void*, int32_t a) { return {a, a + 1, a + 2}; }
Named make_named(void*, int32_t a) {
    auto* text = static_cast<char*>(::operator new(3));
    ++Interface::allocations();
    std::memcpy(text, "hi", 3);
    return {text, a, 1};
}
int32_t ignored(void*, int32_t* a) {
    if (!a) return -1;
    int32_t before = *a;
    *a = 42;
    return before;
}
int32_t ignored_many(void*, int32_t n, int32_t* a) {
    int32_t sum = 0;
    for (int32_t i = 0; a && i < n; ++i) sum += a[i], a[i] = i;
    return sum;
}
int32_t report(void*, int32_t* comm, int32_t* fault) {
    *comm = *fault = 0;
    return 5;
}
RPC_ASYNC_STATE* parked;
void make_large_later(RPC_ASYNC_STATE* async, void*, int32_t) { parked = async; }

Header header(uint16_t slots) {
    Header h;
    h.slots = slots;
    h.explicit_handle = {0x32, 0, 0, 0};
    h.opt_flags2 = 0;
    return h;
}

class Results : public testing::Test {
protected:
    Results() : face(types) {
        Header later = header(4);
        later.explicit_handle = {0x32, 0, 1, 0};
        later.opt_flags = 0xc4;
        face.add(procedure(0, header(3), {{0x48, 1, 8}, {0xb2, 2, 2}}), &make_pair);
        face.add(procedure(1, header(3), {{0x48, 1, 8}, {0x132, 2, 10}}), &make_large);
        face.add(procedure(2, header(3), {{0x48, 1, 8}, {0xb3, 2, 26}}), &make_named);
        face.add(procedure(3, header(3), {{0x81b, 1, 18}, {0x70, 2, 8}}), &ignored);
        face.add(procedure(4, header(4), {{0x48, 1, 8}, {0x81b, 2, 42}, {0x70, 3, 8}}), &ignored_many);
        face.add(procedure(5, header(3), {{0x81b, 1, 22}, {0x70, 2, 8}}), &ignored);
        face.add(procedure(6, later, {{0x48, 2, 8}, {0x132, 3, 10}}), &make_large_later);
        Header reports = header(4);
        reports.oi_flags |= oi_has_comm_or_fault;
        face.add(procedure(7, reports, {{0x2150, 1, 16}, {0x2150, 2, 16}, {0x70, 3, 8}}), &report);
        fake::server = fake::Server();
        fake::server.face = face.face();
        fake::server.dispatch = server_call;
        proxy = {&face.desc(), face.info().ProcString, face.info().FmtStringOffset, nullptr, 0, nullptr};
        Interface::allocations() = 0;
    }
    ~Results() override {
        EXPECT_EQ(fake::calls_alive, 0);
        EXPECT_EQ(Interface::allocations(), 0);
    }
    Status call(unsigned number, Slot argument, void* returned) {
        Slot args[] = {reinterpret_cast<Slot>(&fake::binding), argument};
        return client_call_all(proxy, number, args, returned, result);
    }
    Interface face;
    MIDL_STUBLESS_PROXY_INFO proxy{};
    uint64_t result = 0;
};

TEST_F(Results, StructuresInARegister) {
    Pair pair{};
    ASSERT_EQ(call(0, 7, &pair), Status::ok);
    EXPECT_EQ(pair.a, 7);
    EXPECT_EQ(pair.b, -7);
    EXPECT_EQ(result, 0xfffffff900000007u);
    ASSERT_EQ(call(0, 7, nullptr), Status::ok);
}

TEST_F(Results, StructuresInMemory) {
    Large large{};
    ASSERT_EQ(call(1, 7, &large), Status::ok);
    EXPECT_EQ(large.a, 7);
    EXPECT_EQ(large.c, 9);
    // There is no place for it: nothing is sent.
    fake::last_request.clear();
    EXPECT_EQ(call(1, 7, nullptr), Status::cannot_support);
    EXPECT_TRUE(fake::last_request.empty());
}

TEST_F(Results, StructuresWithPointers) {
    Named named{reinterpret_cast<char*>(1), 0, 0};
    ASSERT_EQ(call(2, 7, &named), Status::ok);
    ASSERT_NE(named.name, nullptr);
    EXPECT_STREQ(named.name, "hi");
    EXPECT_EQ(named.number, 7);
    EXPECT_EQ(Interface::allocations(), 1);  // what the manager allocated was freed
    face.desc().pfnFree(named.name);
}

TEST_F(Results, AsynchronousInMemory) {
    fake::server.dispatch = async_server_call;
    RPC_ASYNC_STATE state{};
    state.Size = sizeof state;
    state.Signature = 0x43595341;
    Slot args[] = {reinterpret_cast<Slot>(&state), reinterpret_cast<Slot>(&fake::binding), 7};
    ASSERT_EQ(async_client_call_all(proxy, 6, args), Status::ok);
    Large made{1, 2, 3}, got{};
    EXPECT_EQ(fake::complete(parked, &made), Status::ok);
    EXPECT_EQ(fake::complete(&state, &got), Status::ok);
    EXPECT_EQ(got.c, 3);
}

// Documentation page "partial_ignore attribute".
TEST_F(Results, PartialIgnore) {
    int32_t value = 1234;
    ASSERT_EQ(call(3, reinterpret_cast<Slot>(&value), nullptr), Status::ok);
    EXPECT_EQ(result, 0u);  // not sent
    EXPECT_EQ(value, 42);
    EXPECT_EQ(fake::last_request, (Bytes{0, 0, 2, 0}));
    ASSERT_EQ(call(3, 0, nullptr), Status::ok);
    EXPECT_EQ(static_cast<int32_t>(result), -1);
    EXPECT_EQ(fake::last_request, (Bytes{0, 0, 0, 0}));
}

TEST_F(Results, PartialIgnoreOfAnArray) {
    int32_t values[3] = {5, 5, 5};
    Slot args[] = {reinterpret_cast<Slot>(&fake::binding), 3, reinterpret_cast<Slot>(values)};
    ASSERT_EQ(client_call_all(proxy, 4, args, nullptr, result), Status::ok);
    EXPECT_EQ(result, 0u);
    EXPECT_EQ(values[2], 2);
    EXPECT_EQ(fake::last_request.size(), 8u);
}

TEST_F(Results, PartialIgnoreFromABigEndianClient) {
    Bytes request{0, 2, 0, 0};
    int32_t value = 1;
    fake::server.replace_request = &request;
    fake::server.drep = 0;
    ASSERT_EQ(call(3, reinterpret_cast<Slot>(&value), nullptr), Status::ok);
    EXPECT_EQ(value, 42);
}

// A size must be known; a string tells none.
TEST_F(Results, PartialIgnoreWithoutASize) {
    char text[] = "text";
    EXPECT_EQ(call(5, reinterpret_cast<Slot>(text), nullptr), Status::bad_stub_data);
}

TEST_F(Results, StatusesSayThatThereIsNone) {
    const COMM_FAULT_OFFSETS none{-2, -2};
    const short first = sizeof(void*), second = 2 * sizeof(void*);
    const COMM_FAULT_OFFSETS offsets[] = {none, none, none, none, none, none, none, {first, second}};
    face.desc().CommFaultOffsets = offsets;
    int32_t comm = 77, fault = 77;
    Slot args[] = {reinterpret_cast<Slot>(&fake::binding), reinterpret_cast<Slot>(&comm), reinterpret_cast<Slot>(&fault)};
    ASSERT_EQ(client_call_all(proxy, 7, args, nullptr, result), Status::ok);
    EXPECT_EQ(result, 5u);
    EXPECT_EQ(comm, 0);
    comm = fault = 77;
    fake::next_failure = Status::server_unavailable;
    ASSERT_EQ(client_call_all(proxy, 7, args, nullptr, result), Status::ok);
    EXPECT_EQ(comm, 1722);
    EXPECT_EQ(fault, 0);
}

// --- [notify], [force_allocate] -------------------------------------------------------------------------------------

long allocated_in_manager = 0;
int32_t look(void*, const Pair* pair) {
    allocated_in_manager = Interface::allocations();
    return pair->a;
}

TEST_F(Results, ForceAllocate) {
    face.add(procedure(8, header(3), {{0x10b, 1, 2}, {0x70, 2, 8}}), &look);
    face.add(procedure(9, header(3), {{0x110b, 1, 2}, {0x70, 2, 8}}), &look);
    proxy.ProcFormatString = face.info().ProcString;
    proxy.FormatStringOffset = face.info().FmtStringOffset;
    Pair pair{5, 6};
    ASSERT_EQ(call(8, reinterpret_cast<Slot>(&pair), nullptr), Status::ok);
    EXPECT_EQ(allocated_in_manager, 0);
    ASSERT_EQ(call(9, reinterpret_cast<Slot>(&pair), nullptr), Status::ok);
    EXPECT_EQ(allocated_in_manager, 1);
    EXPECT_EQ(result, 5u);
}

int notified = 0, flag = -1;
long allocated_at_notify = 0;
void on_notify() {
    ++notified;
    allocated_at_notify = Interface::allocations();
}
void on_notify_flag(unsigned char called) {
    ++notified;
    flag = called;
}

TEST_F(Results, Notify) {
    const NDR_NOTIFY_ROUTINE routines[] = {on_notify};
    Header h = header(3);
    h.opt_flags2 = opt2_notify;
    face.desc().NotifyRoutineTable = routines;
    face.add(procedure(8, h, {{0x110b, 1, 2}, {0x70, 2, 8}}), &look);
    proxy.ProcFormatString = face.info().ProcString;
    proxy.FormatStringOffset = face.info().FmtStringOffset;
    Pair pair{5, 6};
    notified = 0;
    allocated_at_notify = -1;
    ASSERT_EQ(call(8, reinterpret_cast<Slot>(&pair), nullptr), Status::ok);
    EXPECT_EQ(notified, 1);
    EXPECT_EQ(allocated_at_notify, 0);
}

TEST_F(Results, NotifyFlag) {
    const NDR_NOTIFY_ROUTINE routines[] = {reinterpret_cast<NDR_NOTIFY_ROUTINE>(on_notify_flag)};
    Header h = header(3);
    h.opt_flags2 = opt2_notify2;
    face.desc().NotifyRoutineTable = routines;
    face.add(procedure(8, h, {{0x10b, 1, 2}, {0x70, 2, 8}}), &look);
    proxy.ProcFormatString = face.info().ProcString;
    proxy.FormatStringOffset = face.info().FmtStringOffset;
    Pair pair{5, 6};
    notified = 0;
    ASSERT_EQ(call(8, reinterpret_cast<Slot>(&pair), nullptr), Status::ok);
    EXPECT_EQ(notified, 1);
    EXPECT_EQ(flag, 1);
    Bytes bad{1, 2};
    fake::server.replace_request = &bad;
    EXPECT_EQ(call(8, reinterpret_cast<Slot>(&pair), nullptr), Status::bad_stub_data);
    EXPECT_EQ(notified, 2);
    EXPECT_EQ(flag, 0);
}

// --- memory of [out] parameters -------------------------------------------------------------------------------------

TEST_F(Results, ClearOutParameters) {
    MIDL_STUB_MESSAGE m{};
    m.pfnAllocate = face.desc().pfnAllocate;
    m.pfnFree = face.desc().pfnFree;
    m.StubDesc = &face.desc();
    m.IsClient = 1;
    Named named{static_cast<char*>(m.pfnAllocate(3)), 5, 6};
    std::memcpy(named.name, "hi", 3);
    ASSERT_EQ(free_out_memory(m, reinterpret_cast<uint8_t*>(&named), types.data() + 56), Status::ok);
    EXPECT_EQ(named.name, nullptr);
    EXPECT_EQ(named.number, 0);
    EXPECT_EQ(Interface::allocations(), 0);
    int32_t number = 5;
    const uint8_t reference[] = {0x11, 0x08, 0x08, 0x5c};
    ASSERT_EQ(free_out_memory(m, reinterpret_cast<uint8_t*>(&number), reference), Status::ok);
    EXPECT_EQ(number, 0);
    EXPECT_EQ(free_out_memory(m, nullptr, reference), Status::ok);
}

TEST_F(Results, GiveOutMemory) {
    MIDL_STUB_MESSAGE m{};
    m.pfnAllocate = face.desc().pfnAllocate;
    m.StubDesc = &face.desc();
    uint8_t* memory = nullptr;
    ASSERT_EQ(give_out_memory(m, memory, types.data() + 56), Status::ok);
    EXPECT_EQ(reinterpret_cast<Named*>(memory)->more, 0);
    face.desc().pfnFree(memory);
}

}  // namespace
}  // namespace rpc::stub
