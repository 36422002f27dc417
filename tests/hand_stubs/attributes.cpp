#include "attributes.h"

#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "support/checks.h"
#include "support/guard.h"
#include "support/stub.h"

// rpcndr.h lacks it: NdrClientCall2 for arguments in memory.
#ifdef _WIN64
extern "C" CLIENT_CALL_RETURN RPC_ENTRY NdrpClientCall2(PMIDL_STUB_DESC, PFORMAT_STRING, unsigned char*);
#endif

namespace {

constexpr unsigned short slot = sizeof(void*);
constexpr unsigned in_long = 0x48, result_long = 0x70, in_pointer = 0x0b, in_ref = 0x10b, in_ref_allocated = 0x110b, out_status = 0x2150,
                   partly_ignored = 0x81b;

struct Pair {
    LONG a, b;
};

// 2: Pair; 10: [unique] long*; 14: [ptr] long*; 18: long[n], n the first parameter, from 1 to 2
const unsigned char types[] = {0x5b, 0x5c, 0x15, 0x03, 0x08, 0x00, 0x08, 0x08, 0x5b, 0x5c, 0x12, 0x08, 0x08, 0x5c, 0x14, 0x08, 0x08, 0x5c,
                               0x1b, 0x03, 0x04, 0x00, 0x28, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00,
                               0x00, 0x00, 0x08, 0x5b, 0x00};
constexpr unsigned pair_type = 2, unique_long = 10, full_long = 14, ranged_array = 18;

LONG blocks;  // of the server's allocator
void* __RPC_USER allocate(size_t n) { return InterlockedIncrement(&blocks), std::malloc(n ? n : 1); }
void __RPC_USER release(void* p) { InterlockedDecrement(&blocks), std::free(p); }

// --- the server ---------------------------------------------------------------------------------------------------------

LONG allocated_in_manager, notified, flag_told = -1, blocks_at_notify;

LONG add(LONG a, LONG b) { return a + b; }
LONG fail(LONG why, error_status_t*) {
    if (why) RaiseException(static_cast<DWORD>(why), 0, 0, nullptr);
    return 5;
}
LONG look(Pair* pair) { return allocated_in_manager = blocks, pair->a + pair->b; }
LONG ignored(LONG* p) {
    if (!p) return -1;
    const LONG was = *p;
    *p = 42;
    return was;
}
LONG same(LONG* a, LONG* b) { return a == b && *a == 7; }
LONG sum(LONG n, LONG* a) { return n == 1 ? a[0] : a[0] + a[1]; }
LONG narrow(LONG) { return 1; }
void __RPC_USER on_notify() { ++notified, blocks_at_notify = blocks; }
void __RPC_USER on_notify_flag(boolean called) { ++notified, flag_told = called; }

enum Number {
    primitive, automatic, implicit_generic, explicit_generic, failing, looking, looking_allocated, notifying, notifying_flag, ignoring, aliases,
    ranged, small_enum, old_style, numbers
};
std::vector<unsigned char> formats;
unsigned short offsets[numbers];
SERVER_ROUTINE managers[numbers];

struct Param {
    unsigned attributes, slots, type;
};

template <class F>
void add_procedure(Number number, F* manager, unsigned handle, unsigned oi, unsigned opt2, unsigned notify, std::initializer_list<Param> params) {
    const auto put = [](unsigned v) { formats.push_back(static_cast<unsigned char>(v)), formats.push_back(static_cast<unsigned char>(v >> 8)); };
    offsets[number] = static_cast<unsigned short>(formats.size());
    managers[number] = reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(manager));
    put(handle | (0x48 | oi) << 8), put(0), put(0);
    put(number);
    unsigned slots = 0;
    for (const Param& p : params) slots = p.slots + 1 > slots ? p.slots + 1 : slots;
    put(slots * slot);
    if (handle == 0) put(0x0431), put(0), put(0x5c00);  // FC_BIND_GENERIC of 4 bytes at 0, the first pair of routines
    put(0), put(0);
    formats.push_back(0x47);  // both must size, a result, extensions
    formats.push_back(static_cast<unsigned char>(params.size()));
    put(0x0a | opt2 << 8), put(0), put(0), put(notify), put(0);
    for (const Param& p : params) put(p.attributes), put(p.slots * slot), put(p.type);
}

void __RPC_STUB interpret(PRPC_MESSAGE message) { NdrServerCall2(message); }
#ifndef _WIN64
void __RPC_STUB interpret_oi(PRPC_MESSAGE message) { NdrServerCall(message); }
#endif

#define TABLE_ID {{0x41d0b4e2, 0x9c1f, 0x4f7b, {0x8a, 0x05, 0x72, 0x3e, 0x11, 0xc9, 0x60, 0xd8}}, {1, 0}}
#define NDR_SYNTAX {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}}
RPC_DISPATCH_FUNCTION functions[numbers + 1];
RPC_DISPATCH_TABLE table = {numbers, functions, 0};
MIDL_STUB_DESC server_desc, client_desc;
MIDL_SERVER_INFO info;
RPC_SERVER_INTERFACE server = {sizeof server, TABLE_ID, NDR_SYNTAX, &table, 0, nullptr, nullptr, &info, 0x04000000};
RPC_CLIENT_INTERFACE client = {sizeof client, TABLE_ID, NDR_SYNTAX, nullptr, 0, nullptr, 0, nullptr, 0};
handle_t binding, nowhere;

void describe() {
    const Param result = {result_long, 2, 8};
    const std::initializer_list<Param> two = {{in_long, 0, 8}, {in_long, 1, 8}, result};
    add_procedure(primitive, add, 0x32, 0, 0, 0, two);
    add_procedure(automatic, add, 0x33, 0, 0, 0, two);
    add_procedure(implicit_generic, add, 0x31, 0, 0, 0, two);
    add_procedure(explicit_generic, add, 0, 0, 0, 0, two);
    add_procedure(failing, fail, 0x32, 0x20, 0, 0, {{in_long, 0, 8}, {out_status, 1, 0x10}, result});
    const Param one_result = {result_long, 1, 8};
    add_procedure(looking, look, 0x32, 0, 0, 0, {{in_ref, 0, pair_type}, one_result});
    add_procedure(looking_allocated, look, 0x32, 0, 0, 0, {{in_ref_allocated, 0, pair_type}, one_result});
    add_procedure(notifying, look, 0x32, 0, 0x08, 0, {{in_ref_allocated, 0, pair_type}, one_result});
    add_procedure(notifying_flag, look, 0x32, 0, 0x10, 1, {{in_ref, 0, pair_type}, one_result});
    add_procedure(ignoring, ignored, 0x32, 0, 0, 0, {{partly_ignored, 0, unique_long}, one_result});
    add_procedure(aliases, same, 0x32, 0x01, 0, 0, {{in_pointer, 0, full_long}, {in_pointer, 1, full_long}, result});
    add_procedure(ranged, sum, 0x32, 0, 0x47, 0, {{in_long, 0, 8}, {in_pointer, 1, ranged_array}, result});
    add_procedure(small_enum, narrow, 0x32, 0, 0, 0, {{in_long, 0, 0x0d}, one_result});
    // -Oi: no header behind the stack's size, and descriptions of their own kind: FC_IN_PARAM_BASETYPE, FC_RETURN_PARAM_BASETYPE.
    offsets[old_style] = static_cast<unsigned short>(formats.size());
    managers[old_style] = reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(add));
    formats.insert(formats.end(), {0x32, 0x48, 0, 0, 0, 0, old_style, 0, 3 * slot, 0, 0x4e, 0x08, 0x4e, 0x08, 0x53, 0x08});
}

RPC_STATUS start() {
    static const NDR_NOTIFY_ROUTINE routines[] = {on_notify, reinterpret_cast<NDR_NOTIFY_ROUTINE>(reinterpret_cast<void*>(on_notify_flag))};
    unsigned char sequence[] = "ncalrpc", endpoint[] = "hand_stubs_attributes", text[] = "ncalrpc:[hand_stubs_attributes]", none[] = "ncalrpc:[hand_stubs_nobody]";
    describe();
    for (unsigned i = 0; i < numbers; ++i) functions[i] = interpret;
#ifndef _WIN64
    functions[old_style] = interpret_oi;
#endif
    server_desc.RpcInterfaceInformation = &server;
    server_desc.pfnAllocate = allocate;
    server_desc.pfnFree = release;
    server_desc.pFormatTypes = types;
    server_desc.fCheckBounds = 1;
    server_desc.Version = 0x50002;
    client_desc = server_desc;
    server_desc.NotifyRoutineTable = routines;
    client_desc.RpcInterfaceInformation = &client;
    client_desc.IMPLICIT_HANDLE_INFO.pPrimitiveHandle = &binding;
    info.pStubDesc = &server_desc;
    info.DispatchTable = managers;
    info.ProcString = formats.data();
    info.FmtStringOffset = offsets;
    RPC_STATUS s = RpcServerUseProtseqEpA(sequence, 1, endpoint, nullptr);
    if (!s) s = RpcServerRegisterIfEx(&server, nullptr, nullptr, RPC_IF_AUTOLISTEN, 10, nullptr);
    if (!s) s = RpcBindingFromStringBindingA(text, &binding);
    if (!s) s = RpcBindingFromStringBindingA(none, &nowhere);
    return s;
}

PFORMAT_STRING format(Number number) { return formats.data() + offsets[number]; }

// The first argument is what would be a binding in stubs that pass one.
template <class First, class... Rest>
Outcome call(const MIDL_STUB_DESC& desc, Number number, First first, Rest... rest) {
    return guarded([&] { return stub::sync_call(desc, format(number), reinterpret_cast<handle_t>(stub::slot(first)), rest...); });
}

// --- the client ---------------------------------------------------------------------------------------------------------

int bound, unbound;
ULONG_PTR object_seen;
handle_t __RPC_USER bind(void* object) { return ++bound, object_seen = reinterpret_cast<ULONG_PTR>(object), binding; }
void __RPC_USER unbind(void* object, unsigned char* handle) {
    if (reinterpret_cast<ULONG_PTR>(object) == object_seen && handle == static_cast<void*>(binding)) ++unbound;
}

void handles() {
    CHECK(call(client_desc, primitive, 3L, 4L) == 7);
    MIDL_STUB_DESC desc = client_desc;
    desc.IMPLICIT_HANDLE_INFO.pAutoHandle = &binding;
    CHECK(call(desc, automatic, 3L, 4L) == 7);
    handle_t unset = nullptr;
    desc.IMPLICIT_HANDLE_INFO.pAutoHandle = &unset;
    CHECK(call(desc, automatic, 3L, 4L).raised == RPC_S_NAME_SERVICE_UNAVAILABLE);
    LONG object = 77;
    GENERIC_BINDING_INFO generic = {&object, sizeof object, reinterpret_cast<GENERIC_BINDING_ROUTINE>(bind),
                                    reinterpret_cast<GENERIC_UNBIND_ROUTINE>(unbind)};
    desc.IMPLICIT_HANDLE_INFO.pGenericBindingInfo = &generic;
    CHECK(call(desc, implicit_generic, 3L, 4L) == 7 && bound == 1 && unbound == 1 && object_seen == 77);
    const GENERIC_BINDING_ROUTINE_PAIR pair = {generic.pfnBind, generic.pfnUnbind};
    desc.aGenericBindingRoutinePairs = &pair;
    CHECK(call(desc, explicit_generic, 30L, 4L) == 34 && bound == 2 && unbound == 2 && object_seen == 30);
}

void statuses() {
    static COMM_FAULT_OFFSETS table_of_offsets[numbers];
    for (auto& o : table_of_offsets) o = {-2, -2};
    table_of_offsets[failing] = {-1, slot};  // the result, and the second parameter
    MIDL_STUB_DESC desc = client_desc;
    desc.CommFaultOffsets = table_of_offsets;
    error_status_t fault = 77;
    CHECK(call(desc, failing, 0L, &fault) == 5 && fault == 0);
    CHECK(!call(desc, failing, 0xe0001234L, &fault).raised && fault == 0xe0001234);
    desc.IMPLICIT_HANDLE_INFO.pPrimitiveHandle = &nowhere;
    fault = 77;
    CHECK(call(desc, failing, 0L, &fault) == RPC_S_SERVER_UNAVAILABLE && fault == 0);
}

void parameters() {
    Pair pair = {5, 6};
    CHECK(call(client_desc, looking, &pair) == 11 && allocated_in_manager == 0);  // in the request
    CHECK(call(client_desc, looking_allocated, &pair) == 11 && allocated_in_manager == 1 && blocks == 0);
    notified = 0;
    blocks_at_notify = -1;
    CHECK(call(client_desc, notifying, &pair) == 11 && notified == 1 && blocks_at_notify == 0);
    CHECK(call(client_desc, notifying_flag, &pair) == 11 && notified == 2 && flag_told == 1);
    // What cannot be read reaches no manager, and the flag says so.
    RPC_MESSAGE m = {};
    m.Handle = binding;
    m.ProcNum = notifying_flag;
    m.RpcInterfaceInformation = &client;
    m.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    m.BufferLength = 2;
    CHECK(I_RpcGetBuffer(&m) == RPC_S_OK);
    std::memset(m.Buffer, 0, 2);
    CHECK(guarded([&] { return I_RpcSendReceive(&m); }).status() == RPC_X_BAD_STUB_DATA);
    CHECK(notified == 3 && flag_told == 0);
    LONG value = 1234;
    CHECK(call(client_desc, ignoring, &value) == 0 && value == 42);  // the value is not sent
    CHECK(call(client_desc, ignoring, static_cast<LONG*>(nullptr)) == -1);
    value = 7;
    LONG other = 7;
    CHECK(call(client_desc, aliases, &value, &value) == 1);
    CHECK(call(client_desc, aliases, &value, &other) == 0);
    LONG array[3] = {1, 2, 3};
    CHECK(call(client_desc, ranged, 2L, array) == 3);
    CHECK(call(client_desc, ranged, 3L, array).raised == RPC_X_INVALID_BOUND);
    CHECK(call(client_desc, ranged, 0L, array).raised == RPC_X_INVALID_BOUND);
    CHECK(call(client_desc, small_enum, 0x7fffL) == 1);
    CHECK(call(client_desc, small_enum, 0x8000L).raised == RPC_X_ENUM_VALUE_OUT_OF_RANGE);
    CHECK(blocks == 0);
}

void other_entries() {
    volatile ULONG_PTR frame[] = {3, 4, 0};
#ifdef _WIN64
    CHECK(guarded([&] {
              return static_cast<LONG>(NdrpClientCall2(&client_desc, format(primitive), reinterpret_cast<unsigned char*>(const_cast<ULONG_PTR*>(frame))).Simple);
          }) == 7);
#else
    CHECK(guarded([&] { return static_cast<LONG>(NdrClientCall(&client_desc, format(old_style), &frame[0]).Simple); }) == 7);
#endif
}

}  // namespace

void attributes() {
    CHECK(start() == RPC_S_OK);
    handles();
    statuses();
    parameters();
    other_entries();
    RpcBindingFree(&binding);
    RpcBindingFree(&nowhere);
    RpcServerUnregisterIf(&server, nullptr, TRUE);
}
