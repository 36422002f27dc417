// 7.8 Stubs whose format strings the fixture does not have: an interface of their own, written out byte by byte.
#include "raw_peer.h"
#include "bind.h"
#include "support/format.h"
#include "support/threads.h"
#include <string.h>

using namespace srv;

namespace {

using format::kSlot;
using format::String;

constexpr unsigned kExtension = kSlot == 8 ? 10 : 8;
constexpr unsigned kSyncFlags = 0x44, kAsyncFlags = 0xc4;  // a result and an extension; an async handle

// What every header begins with.
constexpr void begin(String& s, unsigned handle_type, unsigned number, unsigned slots) {
    s.byte(handle_type), s.byte(0x48), s.word(0), s.word(0), s.word(number), s.word(slots * kSlot);
}
constexpr void go_on(String& s, unsigned in_size, unsigned out_size, unsigned flags, unsigned count,
                     unsigned float_mask = 0) {
    s.word(in_size), s.word(out_size), s.byte(flags), s.byte(count);
    s.byte(kExtension), s.byte(1);
    for (unsigned i = 2; i < kExtension; ++i) s.byte(i == 8 ? float_mask & 0xff : i == 9 ? float_mask >> 8 : 0);
}
constexpr void parameter(String& s, unsigned attributes, unsigned slot, unsigned type) {
    s.word(attributes), s.word(slot * kSlot), s.word(type);
}
constexpr unsigned kIn = 0x08, kInBase = 0x48, kOutLong = 0x2150, kResult = 0x70, kLong = 8, kFloat = 0x0a;
// The type string: [out] and [in] context handles.
constexpr unsigned kOutContext = 2, kInContext = 6;
constexpr unsigned char types[] = {0, 0, 0x30, 0xa0, 0, 0, 0x30, 0x41, 0, 0, 0, 0};

// long Open([in] handle_t h, [out] CONTEXT* c)
constexpr String open_string() {
    String s;
    begin(s, 0, 0, 3);
    s.byte(0x32), s.byte(0), s.word(0);
    go_on(s, 0, 36 + 8, kSyncFlags, 2);
    parameter(s, 0x110, 1, kOutContext);
    parameter(s, kResult, 2, kLong);
    return s;
}
// [async] long Use([in] CONTEXT c, [in] long x, [out] long* out)
constexpr String use_string() {
    String s;
    begin(s, 0, 1, 5);
    s.byte(0x30), s.byte(0x41), s.word(kSlot), s.byte(0), s.byte(0);
    go_on(s, 36 + 8, 28 + 8, kAsyncFlags, 4);
    parameter(s, kIn, 1, kInContext);
    parameter(s, kInBase, 2, kLong);
    parameter(s, kOutLong, 3, kLong);
    parameter(s, kResult, 4, kLong);
    return s;
}
// [async] long Scale([in] handle_t h, [in] float a, [in] float b, [out] long* out)
constexpr String scale_string() {
    String s;
    begin(s, 0, 2, 6);
    s.byte(0x32), s.byte(0), s.word(kSlot);
    go_on(s, 16, 28 + 8, kAsyncFlags, 4, 1 << 4 | 1 << 6);  // the third and fourth register hold a float each
    parameter(s, kInBase, 2, kFloat);
    parameter(s, kInBase, 3, kFloat);
    parameter(s, kOutLong, 4, kLong);
    parameter(s, kResult, 5, kLong);
    return s;
}
constexpr String open_proc = open_string(), use_proc = use_string(), scale_proc = scale_string();

constexpr unsigned kUseAt = 128, kScaleAt = 256;
struct Strings {
    unsigned char bytes[384] = {};
    unsigned short offsets[3] = {0, kUseAt, kScaleAt};
};
constexpr Strings make_strings() {
    Strings s;
    for (unsigned i = 0; i < open_proc.size; ++i) s.bytes[i] = open_proc.bytes[i];
    for (unsigned i = 0; i < use_proc.size; ++i) s.bytes[kUseAt + i] = use_proc.bytes[i];
    for (unsigned i = 0; i < scale_proc.size; ++i) s.bytes[kScaleAt + i] = scale_proc.bytes[i];
    return s;
}
constexpr Strings strings = make_strings();

long context_value;  // what a context handle of the server points to
volatile long rundowns;

long open_manager(handle_t, void** context) {
    *context = &context_value;
    return 1;
}
void use_manager(RPC_ASYNC_STATE* state, void* context, long x, long* out) {
    *out = context == &context_value ? x + 1 : -1;
    long result = x * 2;
    RpcAsyncCompleteCall(state, &result);
}
void scale_manager(RPC_ASYNC_STATE* state, handle_t, float a, float b, long* out) {
    *out = static_cast<long>(a * 4);
    long result = static_cast<long>(b * 4);
    RpcAsyncCompleteCall(state, &result);
}
void __RPC_USER run_down(void*) {
    InterlockedIncrement(&rundowns);
}

constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}},
                                       {2, 0}};
constexpr RPC_SYNTAX_IDENTIFIER ndr64 = {{0x71710533, 0xbeba, 0x4937, {0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36}},
                                         {1, 0}};
constexpr RPC_SYNTAX_IDENTIFIER interface_id(unsigned char last) {
    return {{0x5d1c7b31, 0x9a52, 0x4c1e, {0xa4, 0x0b, 0x61, 0x2e, 0x7f, 0x90, 0x11, last}}, {1, 0}};
}

#define ROUTINE(function) reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(function))
const SERVER_ROUTINE routines[] = {ROUTINE(open_manager), ROUTINE(use_manager), ROUTINE(scale_manager)};
const NDR_RUNDOWN rundown_routines[] = {run_down};
RPC_DISPATCH_FUNCTION functions[] = {NdrServerCall2, NdrAsyncServerCall, NdrAsyncServerCall, nullptr};
RPC_DISPATCH_TABLE dispatch = {3, functions, 0};

void* __RPC_USER take(size_t size) {
    return HeapAlloc(GetProcessHeap(), 0, size);
}
void __RPC_USER give_back(void* memory) {
    HeapFree(GetProcessHeap(), 0, memory);
}

MIDL_STUB_DESC make_desc(void* interface_information) {
    MIDL_STUB_DESC desc{};
    desc.RpcInterfaceInformation = interface_information;
    desc.pfnAllocate = take;
    desc.pfnFree = give_back;
    desc.apfnNdrRundownRoutines = rundown_routines;
    desc.pFormatTypes = types;
    desc.fCheckBounds = 1;
    desc.Version = 0x50002;
    desc.MIDLVersion = 0x8000253;
    desc.mFlags = 1;
    return desc;
}

// A server interface and the client's half of it. `both_syntaxes`: its tables are those of a stub for NDR and NDR64.
struct Own {
    RPC_SERVER_INTERFACE server{};
    RPC_CLIENT_INTERFACE client{};
    MIDL_STUB_DESC server_desc{}, client_desc{};
    MIDL_SYNTAX_INFO syntaxes[2]{};
    MIDL_SERVER_INFO info{};
    RPC_SYNTAX_IDENTIFIER first = ndr;
    Outcome registered;

    Own(unsigned char last, bool both_syntaxes) {
        server.Length = sizeof server;
        server.InterfaceId = interface_id(last);
        server.TransferSyntax = ndr;
        server.DispatchTable = &dispatch;
        server.InterpreterInfo = &info;
        server.Flags = both_syntaxes ? 0x06000000 : 0x04000000;
        server_desc = make_desc(&server);
        info = {&server_desc, routines, strings.bytes, strings.offsets, nullptr, nullptr, 0, nullptr};
        if (both_syntaxes) {
            syntaxes[0] = {ndr, &dispatch, strings.bytes, strings.offsets, types, nullptr, 0, 0};
            syntaxes[1] = {ndr64, &dispatch, nullptr, nullptr, nullptr, nullptr, 0, 0};
            info.pTransferSyntax = &first;
            info.nCount = 2;
            info.pSyntaxInfo = syntaxes;
            server_desc.Version = 0x60001;
            server_desc.mFlags = 0x02000001;
        }
        client.Length = sizeof client;
        client.InterfaceId = server.InterfaceId;
        client.TransferSyntax = ndr;
        client_desc = make_desc(&client);
        registered = GUARDED(RpcServerRegisterIf(&server, nullptr, nullptr));
    }
};
Own& own() {
    static Own interface_(0x21, false);
    return interface_;
}

template <class T>
T as_bits(float f) {
    T bits{};
    memcpy(&bits, &f, sizeof f);
    return bits;
}
// x64: a variadic float is a double; x86: it lies in the caller's parameter block as it is.
#ifdef _WIN64
void issue_scale(Own& o, Call& call, handle_t b) {
    NdrAsyncClientCall(&o.client_desc, &strings.bytes[kScaleAt], &call.state, b, 1.5, 2.25, &call.out);
}
#else
void issue_scale(Own& o, Call& call, handle_t b) {
    stub::async_call(o.client_desc, &strings.bytes[kScaleAt], &call.state, b, as_bits<uintptr_t>(1.5f),
                     as_bits<uintptr_t>(2.25f), &call.out);
}
#endif

}  // namespace

CASE(144, "RPC:procedure-header-descriptor", "the flags' long without the bit that announces it", kAlone) {
    BIND(b, Protocol::lrpc);
    static unsigned char copy[128];
    memcpy(copy, async_proc(kAdd), 64);
    copy[1] &= 0xf7;
    Call call;
    const Outcome outcome = guarded([&] { stub::async_call(client(kAsync), copy, &call.state, b, 6L, 7L, &call.out); });
    if (outcome.raised) return recorded("%s", outcome.text().c_str());
    const bool told = call.wait(2000);
    const Outcome completed = call.complete();
    return recorded("%s, CompleteCall %s, %ld, %ld", told ? "notified" : "not notified", completed.text().c_str(),
                    call.out, call.result);
}
CASE(147, "RPC:handles", "an implicit handle: the binding comes from the stub's description") {
    BIND(b, Protocol::lrpc);
    MIDL_STUB_DESC desc = client(kAsync);
    desc.IMPLICIT_HANDLE_INFO.pPrimitiveHandle = &b;
    static String s;
    s = {};
    begin(s, 0x32, kAdd, 5);
    go_on(s, 16, 36, kAsyncFlags, 4);
    parameter(s, kInBase, 1, kLong);
    parameter(s, kInBase, 2, kLong);
    parameter(s, kOutLong, 3, kLong);
    parameter(s, kResult, 4, kLong);
    Call call;
    // The fixture's helper calls its second argument a binding: here it is the first parameter.
    EXPECT_IS(guarded([&] {
                  stub::async_call(desc, s, &call.state, reinterpret_cast<handle_t>(static_cast<uintptr_t>(6)), 7L,
                                   &call.out);
              }),
              0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("13, 42");
}
CASE(148, "RPC:handles", "a context handle as the binding of an asynchronous call", kAlone) {
    BIND(b, Protocol::lrpc);
    EXPECT(own().registered == 0, "RpcServerRegisterIf: %s", own().registered.text().c_str());
    void* context = nullptr;
    EXPECT_IS(guarded([&] { return stub::sync_call(own().client_desc, &strings.bytes[0], b, &context); }), 1);
    EXPECT(context, "no context handle");
    Call call;
    EXPECT_IS(guarded([&] {
                  stub::async_call(own().client_desc, &strings.bytes[kUseAt], &call.state, context, 20L, &call.out);
              }),
              0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 21 && call.result == 40, "%ld, %ld", call.out, call.result);
    EXPECT_IS(guarded([&] {
                  RpcSsDestroyClientContext(&context);
                  return 0;
              }),
              0);
    unbind(b);
    return passed("21, 40");
}
CASE(150, "MEAS; inf", "a handle that is described as a parameter, too, is not marshalled") {
    BIND(b, Protocol::lrpc);
    static String s;
    s = {};
    begin(s, 0, kAdd, 6);
    s.byte(0x32), s.byte(0), s.word(kSlot);
    go_on(s, 16, 36, kAsyncFlags, 5);
    parameter(s, kInBase, 1, kLong);  // as widl writes it
    parameter(s, kInBase, 2, kLong);
    parameter(s, kInBase, 3, kLong);
    parameter(s, kOutLong, 4, kLong);
    parameter(s, kResult, 5, kLong);
    Call call;
    EXPECT_IS(guarded([&] { stub::async_call(client(kAsync), s, &call.state, b, 6L, 7L, &call.out); }), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("13, 42");
}
CASE(153, "MO5; inf", "tables for both transfer syntaxes: an NDR client (NDR64 waits for its engine)", kAlone) {
    if (sizeof(void*) == 4) return skipped("x64 alone has such tables");
    BIND(b, Protocol::lrpc);
    static Own both(0x22, true);
    EXPECT(both.registered == 0, "RpcServerRegisterIf: %s", both.registered.text().c_str());
    Call call;
    EXPECT_IS(guarded([&] { issue_scale(both, call, b); }), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 6 && call.result == 9, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("by NDR; NDR64 not asked");
}
CASE(154, "RPC:the-header", "float parameters reach the manager in their registers", kAlone) {
    BIND(b, Protocol::lrpc);
    EXPECT(own().registered == 0, "RpcServerRegisterIf: %s", own().registered.text().c_str());
    Call call;
    EXPECT_IS(guarded([&] { issue_scale(own(), call, b); }), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 6 && call.result == 9, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("1.5, 2.25");
}
CASE(164, "RPCE 2.2.2.8", "a fault with extended error information: the same status, and the records are there",
     kAlone) {
    raw::Server peer;
    EXPECT(peer.listen(), "no socket");
    handle_t b = bind_to(L"ncacn_ip_tcp", peer.endpoint().c_str());
    EXPECT(b, "no binding: %s", why().c_str());
    // One record, as [MS-EERR] describes it: no next one, no computer name, process 77, component 2, status 5, no
    // parameters.
    const raw::Bytes blob = {0x01, 0x10, 0x08, 0x00, 0xcc, 0xcc, 0xcc, 0xcc, 0x30, 0, 0, 0, 0, 0, 0, 0,  //
                             0,    0,    2,    0,    0,    0,    0,    0,  // referent, count
                             0,    0,    0,    0,    2,    0,    2,    0,    77,   0, 0, 0, 0, 0, 0, 0,  //
                             0,    0x80, 0x3e, 0xd5, 0xde, 0xb1, 0x9d, 1,    2,    0, 0, 0, 5, 0, 0, 0,  //
                             0,    0,    0,    0,    0,    0,    0,    0};
    HANDLE serving = run_on_thread([&] {
        raw::Connection c = peer.accept();
        raw::Request request;
        if (c.accept_bind(raw::kAgreeMultiplex | raw::kAgreeFeatures) && c.read_request(&request) &&
            c.fault(request.call_id, 0x6ba, raw::kFirst | raw::kLast, 1, blob,
                    0x20 + static_cast<unsigned>(blob.size())))
            c.wait_closed(3000);
    });
    Call call;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 1722);
    RPC_ERROR_ENUM_HANDLE h{};
    EXPECT_IS(GUARDED(RpcErrorStartEnumeration(&h)), 0);
    guarded([&] { RpcErrorEndEnumeration(&h); });
    unbind(b);
    WaitForSingleObject(serving, 4000);
    return passed("1722, with records");
}
