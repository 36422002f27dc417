// Format strings, interface descriptions and dispatch tables of the fixture. By hand, where tools/async-stubs could do: cases
// send one stub's call to another interface than its own, or to one that nobody serves; they break copies of the format strings byte by
// byte; synchronous twins have pipes, too; and the specification gives Add's string as a worked example.
#include "srv_internal.h"
#include "support/format.h"
#include <stdlib.h>
#include <string.h>

namespace srv {

// Type format string: what the procedures below name by offset.
constexpr unsigned short kInString = 2, kOutString = 4, kOutStringByReference = 36, kLongPipe = 46;
constexpr unsigned short array_type(bool async) { return async ? 24 : 12; }

constexpr format::String make_types() {
    format::String s;
    s.word(0);
    s.byte(0x25), s.byte(0x5c);                                // 2: [string] wchar_t
    s.byte(0x11), s.byte(0x14), s.word(2);                     // 4: [ref] to the pointer at 8, on the stack
    s.byte(0x12), s.byte(0x08), s.byte(0x25), s.byte(0x5c);    // 8: [unique] [string] wchar_t
    for (unsigned async = 0; async < 2; ++async) {             // 12, 24: [size_is(first parameter)] bytes
        s.byte(0x1b), s.byte(0), s.word(1);
        s.byte(0x28), s.byte(0), s.word((async + 1) * format::kSlot), s.word(1);
        s.byte(0x02), s.byte(0x5b);
    }
    s.byte(0x11), s.byte(0x14), s.word(2);                     // 36: as at 4, but the pointer at 40 is never NULL
    s.byte(0x11), s.byte(0x08), s.byte(0x25), s.byte(0x5c);
    s.byte(0x08), s.byte(0x5b);                                // 44: long
    s.byte(0xb5), s.byte(0x03), s.word(0xfffc), s.word(4), s.word(4);  // 46: a pipe of it
    return s;
}

constexpr format::Proc describe(Proc proc, bool async) {
    using namespace format;
    constexpr unsigned short sized = kMustSize | kMustFree;
    const unsigned short number = static_cast<unsigned short>(proc);
    constexpr Param in_pipe{kPipe | kIn | kSimpleRef, kLongPipe};
    constexpr Param out_pipe{kPipe | kOut | kSimpleRef | 0x4000, kLongPipe};
    switch (proc) {
    case kAdd: return {number, 4, {in_long, in_long, out_long, result_long}};
    case kHold: return {number, 3, {in_long, out_long, result_long}};
    case kVoid: return {number, 1, {in_long}};
    case kAct: return {number, 4, {in_long, in_long, out_long, result_long}};
    case kText:
        return {number, 3, {{sized | kIn | kSimpleRef, kInString}, {sized | kOut | kAllocate8, kOutString}, result_long}};
    case kBytes: return {number, 3, {in_long, {sized | kOut | kSimpleRef, array_type(async)}, result_long}};
    case kSwap: return {number, 3, {in_out_long, in_out_long, result_long}};
    case kPush: return {number, 4, {in_long, {sized | kIn | kSimpleRef, array_type(async)}, out_long, result_long}};
    case kRefText: return {number, 2, {{sized | kOut | kAllocate8, kOutStringByReference}, result_long}};
    case kPipeIn: return {number, 5, {in_long, in_long, in_pipe, out_long, result_long}};
    case kPipeOut: return {number, 5, {in_long, in_long, out_pipe, out_long, result_long}};
    case kPipeBoth: return {number, 6, {in_long, in_long, in_pipe, out_pipe, out_long, result_long}};
    default: return {number, 2, {in_long, result_long}};
    }
}

struct Table {
    std::array<unsigned char, 1024> bytes{};
    std::array<unsigned short, kProcs> offsets{};
};

constexpr Table make_table(bool (*is_async)(Proc)) {
    Table table;
    unsigned at = 0;
    for (int p = 0; p < kProcs; ++p) {
        const auto proc = static_cast<Proc>(p);
        const auto string = format::make(describe(proc, is_async(proc)), is_async(proc));
        table.offsets[p] = static_cast<unsigned short>(at);
        for (unsigned i = 0; i < string.size; ++i) table.bytes[at++] = string.bytes[i];
        at = (at + 1) & ~1u;
    }
    return table;
}

static constexpr format::String types = make_types();
static constexpr Table async_table = make_table([](Proc) { return true; });
static constexpr Table sync_table = make_table([](Proc) { return false; });
static constexpr Table mixed_table = make_table([](Proc proc) { return proc != kAdd; });

// The worked example, byte for byte: what the maker above produces for Add must be exactly this.
#ifdef _WIN64
constexpr unsigned char worked_example[] = {
    0x00, 0x48, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0x00, 0x32, 0x00, 0x08, 0x00, 0x10, 0x00, 0x24, 0x00,
    0xc4, 0x04, 0x0a, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x48, 0x00, 0x10, 0x00, 0x08, 0x00, 0x48, 0x00, 0x18, 0x00, 0x08, 0x00,
    0x50, 0x21, 0x20, 0x00, 0x08, 0x00, 0x70, 0x00, 0x28, 0x00, 0x08, 0x00};
#else
constexpr unsigned char worked_example[] = {
    0x00, 0x48, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x00, 0x32, 0x00, 0x04, 0x00, 0x10, 0x00, 0x24, 0x00,
    0xc4, 0x04, 0x08, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x48, 0x00, 0x08, 0x00, 0x08, 0x00, 0x48, 0x00, 0x0c, 0x00, 0x08, 0x00,
    0x50, 0x21, 0x10, 0x00, 0x08, 0x00, 0x70, 0x00, 0x14, 0x00, 0x08, 0x00};
#endif
constexpr bool same_as_worked_example() {
    const auto string = format::make(describe(kAdd, true), true);
    if (string.size != sizeof worked_example) return false;
    for (unsigned i = 0; i < string.size; ++i)
        if (string.bytes[i] != worked_example[i]) return false;
    return true;
}
static_assert(same_as_worked_example());

Counters client_memory, server_memory;

static void* allocate(Counters& counters, size_t size) {
    InterlockedIncrement(&counters.allocated);
    return malloc(size);
}
static void release_memory(Counters& counters, void* memory) {
    if (memory) InterlockedIncrement(&counters.freed);
    free(memory);
}
static void* __RPC_USER client_allocate(size_t size) { return allocate(client_memory, size); }
static void __RPC_USER client_free(void* memory) { release_memory(client_memory, memory); }
void* __RPC_USER server_allocate(size_t size) { return allocate(server_memory, size); }
void __RPC_USER server_free(void* memory) { release_memory(server_memory, memory); }

#define NDR_SYNTAX {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}}
#define INTERFACE_ID(last) {{0x5d1c7b30, 0x9a52, 0x4c1e, {0xa4, 0x0b, 0x61, 0x2e, 0x7f, 0x90, 0x11, last}}, {1, 0}}
#define CLIENT(last) {sizeof(RPC_CLIENT_INTERFACE), INTERFACE_ID(last), NDR_SYNTAX, nullptr, 0, nullptr, 0, nullptr, 0}

static RPC_CLIENT_INTERFACE clients[kInterfaces] = {CLIENT(kAsync), CLIENT(kSync), CLIENT(kMixed), CLIENT(kUnknown)};

static MIDL_STUB_DESC make_desc(void* interface_information, bool server) {
    MIDL_STUB_DESC desc{};
    desc.RpcInterfaceInformation = interface_information;
    desc.pfnAllocate = server ? server_allocate : client_allocate;
    desc.pfnFree = server ? server_free : client_free;
    desc.pFormatTypes = types;
    desc.fCheckBounds = 1;
    desc.Version = 0x50002;
    desc.MIDLVersion = 0x8000253;
    desc.mFlags = 1;
    return desc;
}

const MIDL_STUB_DESC& client(Interface which) {
    static const MIDL_STUB_DESC descs[kInterfaces] = {make_desc(&clients[0], false), make_desc(&clients[1], false),
                                                      make_desc(&clients[2], false), make_desc(&clients[3], false)};
    return descs[which];
}
const unsigned char* async_proc(Proc proc) { return &async_table.bytes[async_table.offsets[proc]]; }
const unsigned char* sync_proc(Proc proc) { return &sync_table.bytes[sync_table.offsets[proc]]; }
RPC_CLIENT_INTERFACE& client_interface(Interface which) { return clients[which]; }

// The servers know every procedure but the last, which only clients have.
constexpr unsigned kServed = kBeyond;

static RPC_DISPATCH_FUNCTION async_dispatch[] = {
    NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall,
    NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall,
    NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall, nullptr};
static RPC_DISPATCH_FUNCTION sync_dispatch[] = {
    NdrServerCall2, NdrServerCall2, NdrServerCall2, NdrServerCall2, NdrServerCall2,
    NdrServerCall2, NdrServerCall2, NdrServerCall2, NdrServerCall2,
    NdrServerCall2, NdrServerCall2, NdrServerCall2, nullptr};
static RPC_DISPATCH_FUNCTION mixed_dispatch[] = {
    NdrServerCall2, NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall,
    NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall,
    NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall, nullptr};
static RPC_DISPATCH_TABLE dispatch[] = {{kServed, async_dispatch, 0}, {kServed, sync_dispatch, 0},
                                        {kServed, mixed_dispatch, 0}};

#define ROUTINE(function) reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(function))
static const SERVER_ROUTINE async_routines[] = {ROUTINE(add_async), ROUTINE(hold_async), ROUTINE(void_async),
                                                ROUTINE(act_async), ROUTINE(text_async), ROUTINE(bytes_async),
                                                ROUTINE(swap_async), ROUTINE(push_async), ROUTINE(ref_text_async),
                                                ROUTINE(pipe_in_async), ROUTINE(pipe_out_async), ROUTINE(pipe_both_async)};
static const SERVER_ROUTINE sync_routines[] = {ROUTINE(add_sync), ROUTINE(hold_sync), ROUTINE(void_sync),
                                               ROUTINE(act_sync), ROUTINE(text_sync), ROUTINE(bytes_sync),
                                               ROUTINE(swap_sync), ROUTINE(push_sync), ROUTINE(ref_text_sync),
                                               ROUTINE(pipe_in_sync), ROUTINE(pipe_out_sync), ROUTINE(pipe_both_sync)};
static const SERVER_ROUTINE mixed_routines[] = {ROUTINE(add_sync), ROUTINE(hold_async), ROUTINE(void_async),
                                                ROUTINE(act_async), ROUTINE(text_async), ROUTINE(bytes_async),
                                                ROUTINE(swap_async), ROUTINE(push_async), ROUTINE(ref_text_async),
                                                ROUTINE(pipe_in_async), ROUTINE(pipe_out_async), ROUTINE(pipe_both_async)};

static MIDL_STUB_DESC server_descs[3];
static MIDL_SERVER_INFO server_infos[3] = {
    {&server_descs[0], async_routines, &async_table.bytes[0], &async_table.offsets[0], nullptr, nullptr, 0, nullptr},
    {&server_descs[1], sync_routines, &sync_table.bytes[0], &sync_table.offsets[0], nullptr, nullptr, 0, nullptr},
    {&server_descs[2], mixed_routines, &mixed_table.bytes[0], &mixed_table.offsets[0], nullptr, nullptr, 0, nullptr}};

#define SERVER(which) \
    {sizeof(RPC_SERVER_INTERFACE), INTERFACE_ID(which), NDR_SYNTAX, &dispatch[which], 0, nullptr, nullptr, \
     &server_infos[which], 0x04000000}
static RPC_SERVER_INTERFACE servers[3] = {SERVER(kAsync), SERVER(kSync), SERVER(kMixed)};

RPC_IF_HANDLE server_interface(Interface which) {
    if (!server_descs[which].pFormatTypes) server_descs[which] = make_desc(&servers[which], true);
    return &servers[which];
}

}  // namespace srv
