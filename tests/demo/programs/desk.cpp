// The stubs' tables: format strings, interface descriptions, dispatch tables.
#include "desk.h"
#include "support/format.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace desk {

constexpr unsigned short kInText = 2, kOutText = 4;
constexpr unsigned short bytes_type(bool async) { return async ? 24 : 12; }

constexpr format::String make_types() {
    format::String s;
    s.word(0);
    s.byte(0x25), s.byte(0x5c);                              // 2: [string] wchar_t
    s.byte(0x11), s.byte(0x14), s.word(2);                   // 4: [ref] to the pointer that follows, on the stack
    s.byte(0x12), s.byte(0x08), s.byte(0x25), s.byte(0x5c);  // 8: [unique] [string] wchar_t
    for (unsigned async = 0; async < 2; ++async) {           // 12 and 24: bytes, as many as the first parameter says
        s.byte(0x1b), s.byte(0), s.word(1);
        s.byte(0x28), s.byte(0), s.word((async + 1) * format::kSlot), s.word(1);
        s.byte(0x02), s.byte(0x5b);
    }
    return s;
}

constexpr format::Proc describe(Proc proc, bool async) {
    using namespace format;
    constexpr unsigned short sized = kMustSize | kMustFree;
    const auto number = static_cast<unsigned short>(proc);
    switch (proc) {
    case kAdd:
    case kWork:
    case kPatience: return {number, 4, {in_long, in_long, out_long, result_long}};
    case kSeen: return {number, 3, {in_long, out_long, result_long}};
    case kEcho:
        return {number, 3, {{sized | kIn | kSimpleRef, kInText}, {sized | kOut | kAllocate8, kOutText}, result_long}};
    case kBulk:
        return {number, 4, {in_long, {sized | kIn | kSimpleRef, bytes_type(async)},
                            {sized | kOut | kSimpleRef, bytes_type(async)}, result_long}};
    default: return {number, 0, {}};
    }
}

struct Table {
    std::array<unsigned char, 512> bytes{};
    std::array<unsigned short, kProcs> offsets{};
};
constexpr Table make_table(bool async) {
    Table table;
    unsigned at = 0;
    for (int p = 0; p < kProcs; ++p) {
        const auto string = format::make(describe(static_cast<Proc>(p), async), async);
        table.offsets[p] = static_cast<unsigned short>(at);
        for (unsigned i = 0; i < string.size; ++i) table.bytes[at++] = string.bytes[i];
        at = (at + 1) & ~1u;
    }
    return table;
}
static constexpr format::String types = make_types();
static constexpr Table async_table = make_table(true), sync_table = make_table(false);

const unsigned char* async_format(Proc proc) { return &async_table.bytes[async_table.offsets[proc]]; }
const unsigned char* sync_format(Proc proc) { return &sync_table.bytes[sync_table.offsets[proc]]; }

static void* __RPC_USER allocate(size_t size) { return malloc(size); }
static void __RPC_USER release(void* memory) { free(memory); }

#define DESK_ID {{0x3f7e2a54, 0x61c8, 0x4d0b, {0x9d, 0x15, 0x0c, 0x48, 0xb7, 0x2e, 0x90, 0x6a}}, {1, 0}}
#define NDR_SYNTAX {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}}

static RPC_CLIENT_INTERFACE client_interface = {
    sizeof(RPC_CLIENT_INTERFACE), DESK_ID, NDR_SYNTAX, nullptr, 0, nullptr, 0, nullptr, 0};

static MIDL_STUB_DESC make_stub(void* interface_information) {
    MIDL_STUB_DESC desc{};
    desc.RpcInterfaceInformation = interface_information;
    desc.pfnAllocate = allocate;
    desc.pfnFree = release;
    desc.pFormatTypes = types;
    desc.fCheckBounds = 1;
    desc.Version = 0x50002;
    desc.MIDLVersion = 0x8000253;
    desc.mFlags = 1;
    return desc;
}

const MIDL_STUB_DESC& client_stub() {
    static const MIDL_STUB_DESC desc = make_stub(&client_interface);
    return desc;
}

static RPC_DISPATCH_FUNCTION async_dispatch[] = {NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall,
                                                 NdrAsyncServerCall, NdrAsyncServerCall, NdrAsyncServerCall,
                                                 NdrAsyncServerCall, nullptr};
static RPC_DISPATCH_FUNCTION sync_dispatch[] = {NdrServerCall2, NdrServerCall2, NdrServerCall2, NdrServerCall2,
                                                NdrServerCall2, NdrServerCall2, NdrServerCall2, nullptr};
static RPC_DISPATCH_TABLE dispatch[] = {{kProcs, sync_dispatch, 0}, {kProcs, async_dispatch, 0}};

#define ROUTINE(function) reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(function))
static const SERVER_ROUTINE async_routines[] = {ROUTINE(add_async), ROUTINE(work_async), ROUTINE(patience_async),
                                                ROUTINE(seen_async), ROUTINE(echo_async), ROUTINE(bulk_async),
                                                ROUTINE(stop_async)};
static const SERVER_ROUTINE sync_routines[] = {ROUTINE(add_sync), ROUTINE(work_sync), ROUTINE(patience_sync),
                                               ROUTINE(seen_sync), ROUTINE(echo_sync), ROUTINE(bulk_sync),
                                               ROUTINE(stop_sync)};
static MIDL_STUB_DESC server_desc;
static MIDL_SERVER_INFO server_info[] = {
    {&server_desc, sync_routines, &sync_table.bytes[0], &sync_table.offsets[0], nullptr, nullptr, 0, nullptr},
    {&server_desc, async_routines, &async_table.bytes[0], &async_table.offsets[0], nullptr, nullptr, 0, nullptr}};
static RPC_SERVER_INTERFACE servers[] = {
    {sizeof(RPC_SERVER_INTERFACE), DESK_ID, NDR_SYNTAX, &dispatch[0], 0, nullptr, nullptr, &server_info[0], 0x04000000},
    {sizeof(RPC_SERVER_INTERFACE), DESK_ID, NDR_SYNTAX, &dispatch[1], 0, nullptr, nullptr, &server_info[1], 0x04000000}};

RPC_IF_HANDLE server(bool async) {
    server_desc = make_stub(&servers[async]);
    return &servers[async];
}

void say(const char* format, ...) {
    static const ULONGLONG start = GetTickCount64();
    char text[400];
    int at = snprintf(text, sizeof text, "%4llu ms  ", GetTickCount64() - start);
    va_list arguments;
    va_start(arguments, format);
    at += __mingw_vsnprintf(text + at, sizeof text - at - 1, format, arguments);
    va_end(arguments);
    if (at > static_cast<int>(sizeof text) - 2) at = sizeof text - 2;
    text[at++] = '\n';
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, static_cast<DWORD>(at), &written, nullptr);
}

const wchar_t* protocol_sequence(const char* name) {
    if (!strcmp(name, "lrpc") || !strcmp(name, "ncalrpc")) return L"ncalrpc";
    if (!strcmp(name, "np") || !strcmp(name, "ncacn_np")) return L"ncacn_np";
    if (!strcmp(name, "tcp") || !strcmp(name, "ncacn_ip_tcp")) return L"ncacn_ip_tcp";
    return nullptr;
}

}  // namespace desk
