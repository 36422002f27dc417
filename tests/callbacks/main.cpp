// [callback] procedures: a manager calls procedures of the client that waits for it, over every protocol sequence. widl does not know
// the attribute, so the format strings are written as MIDL documents them (page "The Header": FC_CALLBACK_HANDLE); client and server
// are one process, and the threads tell which is which.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "support/guard.h"

// rpcndr.h lacks it: as NdrClientCall2, the arguments themselves following.
extern "C" CLIENT_CALL_RETURN RPC_VAR_ENTRY NdrClientCall4(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat, ...);

#ifdef _WIN64
#define CALL(desc, format, ...) static_cast<LONG>(NdrClientCall2(desc, format, __VA_ARGS__).Simple)
#else
#define CALL(desc, format, ...) static_cast<LONG>(NdrClientCall4(desc, format, __VA_ARGS__).Simple)
#endif

namespace {

volatile LONG g_checks, g_failures;
#define CHECK(what)                                                                                     \
    do {                                                                                                \
        InterlockedIncrement(&g_checks);                                                                \
        if (!(what)) InterlockedIncrement(&g_failures), std::printf("FAIL line %d: %s\n", __LINE__, #what); \
    } while (0)

constexpr unsigned short slot = sizeof(void*);

// --- what both sides share ------------------------------------------------------------------------------------------

struct Param {
    unsigned attributes, offset, type;
};
constexpr unsigned in_simple = 0x48, out_simple = 0x2150, simple_result = 0x70, in_string = 0x10b;

const unsigned char types[] = {0x5b, 0x5c, 0x22, 0x5c, 0x5b, 0x00};  // 2: a string

// The procedures of one direction; each direction counts its own.
struct Procedures {
    std::vector<unsigned char> formats;
    std::vector<unsigned short> offsets;
    std::vector<SERVER_ROUTINE> managers;

    template <class F>
    void add(F* manager, bool calls_back, unsigned stack, std::initializer_list<Param> params) {
        auto put = [this](unsigned v) {
            formats.push_back(static_cast<unsigned char>(v));
            formats.push_back(static_cast<unsigned char>(v >> 8));
        };
        offsets.push_back(static_cast<unsigned short>(formats.size()));
        put(calls_back ? 0x4834 : 0x4800);  // FC_CALLBACK_HANDLE, or an explicit handle
        put(0), put(0);
        put(static_cast<unsigned>(managers.size()));
        put(stack);
        if (!calls_back) put(0x32), put(0);
        put(0), put(0);
        formats.push_back(0x46);
        formats.push_back(static_cast<unsigned char>(params.size()));
        put(0x0a);
        for (int i = 0; i < 4; ++i) put(0);
        for (const Param& p : params) put(p.attributes), put(p.offset), put(p.type);
        managers.push_back(reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(manager)));
    }
    PFORMAT_STRING operator[](unsigned number) const { return formats.data() + offsets[number]; }
};
Procedures calls, callbacks;

void __RPC_STUB dispatch(PRPC_MESSAGE message) { NdrServerCall2(message); }
RPC_DISPATCH_FUNCTION functions[8] = {dispatch, dispatch, dispatch, dispatch, dispatch, dispatch, dispatch, dispatch};
RPC_DISPATCH_TABLE server_table = {0, functions, 0}, client_table = {0, functions, 0};
MIDL_STUB_DESC server_desc, client_desc, deaf_desc;
MIDL_SERVER_INFO server_info, client_info;
RPC_SERVER_INTERFACE server;
RPC_CLIENT_INTERFACE client, deaf;  // deaf: its stubs have no callbacks

void* __RPC_USER allocate(size_t n) { return std::malloc(n ? n : 1); }
void __RPC_USER release(void* p) { std::free(p); }

// --- callback stubs, as the server has them -----------------------------------------------------------------------------

enum Callback : unsigned { kAnswer, kText, kRaise, kNest };
LONG answer(LONG n) { return CALL(&server_desc, callbacks[kAnswer], n); }
LONG text(const char* s, LONG* length) { return CALL(&server_desc, callbacks[kText], s, length); }
LONG raise(LONG code) { return CALL(&server_desc, callbacks[kRaise], code); }
LONG nest(LONG depth) { return CALL(&server_desc, callbacks[kNest], depth); }

// The same as answer(), marshalled by hand; `handle` may be null, for the call that this thread runs.
LONG inline_answer(handle_t handle, LONG n) {
    RPC_MESSAGE message = {};
    MIDL_STUB_MESSAGE stub = {};
    NdrClientInitializeNew(&message, &stub, &server_desc, kAnswer);
    stub.BufferLength = 4;
    NdrGetBuffer(&stub, stub.BufferLength, handle);
    std::memcpy(stub.Buffer, &n, 4);
    stub.Buffer += 4;
    NdrSendReceive(&stub, stub.Buffer);
    LONG result;
    std::memcpy(&result, stub.Buffer, 4);
    NdrFreeBuffer(&stub);
    return result;
}

// --- managers -------------------------------------------------------------------------------------------------------

LONG ask(handle_t, LONG n) {
    LONG total = 0;
    for (LONG i = 0; i < n; ++i) total += answer(i);
    return total;
}
// Whether a string of that length arrives.
LONG tell(handle_t, LONG n) {
    std::string s(static_cast<size_t>(n), 'x');
    LONG length = -1;
    const LONG result = text(s.c_str(), &length);
    return result == length ? length : -1;
}
// The exception that the callback raised here.
LONG fail(handle_t, LONG code) {
    LONG result = 0;
    const Outcome o = guarded([&] { result = raise(code); });
    return o.raised ? static_cast<LONG>(o.raised) : -result;
}
LONG deeper(handle_t, LONG depth) {
    LONG result = 0;
    const Outcome o = guarded([&] { result = nest(depth); });
    if (o.raised) RaiseException(o.raised, 0, 0, nullptr);
    return result;
}
LONG by_hand(handle_t h, LONG n) { return inline_answer(h, n) + inline_answer(nullptr, n); }
// What a callback on a thread without a call raises, and the status of one of a foreign interface.
DWORD WINAPI outside(void* raised) {
    *static_cast<unsigned*>(raised) = guarded([] { (void)answer(1); }).raised;
    return 0;
}
LONG without_call(handle_t h, LONG) {
    unsigned plain = 0;
    HANDLE thread = CreateThread(nullptr, 0, outside, &plain, 0, nullptr);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    RPC_MESSAGE message = {};
    RPC_CLIENT_INTERFACE other = client;
    other.InterfaceId.SyntaxGUID.Data1 ^= 1;
    message.Handle = h;
    message.BufferLength = 4;
    message.RpcInterfaceInformation = &other;
    const long foreign = I_RpcGetBuffer(&message);
    return static_cast<LONG>(plain * 10000) + foreign;
}
enum Call : unsigned { kAsk, kTell, kFail, kDeeper, kByHand, kWithoutCall };

// --- callbacks, as the client has them ----------------------------------------------------------------------------------

// Of the client's threads.
struct Client {
    handle_t binding = nullptr;
    LONG answers = 0;
};
thread_local Client* g_client;

LONG client_answer(LONG n) {
    CHECK(g_client);  // the thread that waits in the call
    CHECK(!I_RpcGetCurrentCallHandle());
    if (g_client) ++g_client->answers;
    return n + 1;
}
LONG client_text(const char* s, LONG* length) { return *length = static_cast<LONG>(std::strlen(s)); }
LONG client_raise(LONG code) {
    if (code) RaiseException(static_cast<DWORD>(code), 0, 0, nullptr);
    return 77;
}
LONG client_nest(LONG depth) {
    if (depth == 0) return 1;
    LONG result = 0;
    const Outcome o = guarded([&] { result = CALL(&client_desc, calls[kDeeper], g_client->binding, depth - 1); });
    if (o.raised) RaiseException(o.raised, 0, 0, nullptr);
    return result + 1;
}

void describe() {
    for (auto* manager : {ask, tell, fail, deeper, by_hand, without_call})
        calls.add(manager, false, 3 * slot, {{in_simple, slot, 8}, {simple_result, 2 * slot, 8}});
    callbacks.add(client_answer, true, 2 * slot, {{in_simple, 0, 8}, {simple_result, slot, 8}});
    callbacks.add(client_text, true, 3 * slot, {{in_string, 0, 2}, {out_simple, slot, 8}, {simple_result, 2 * slot, 8}});
    callbacks.add(client_raise, true, 2 * slot, {{in_simple, 0, 8}, {simple_result, slot, 8}});
    callbacks.add(client_nest, true, 2 * slot, {{in_simple, 0, 8}, {simple_result, slot, 8}});
    const RPC_SYNTAX_IDENTIFIER id = {{0x9a1b6f11, 0x4f7e, 0x4b0d, {0x8e, 0x5c, 1, 2, 3, 4, 5, 6}}, {1, 0}};
    const RPC_SYNTAX_IDENTIFIER ndr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
    server_table.DispatchTableCount = static_cast<unsigned>(calls.managers.size());
    client_table.DispatchTableCount = static_cast<unsigned>(callbacks.managers.size());
    server_desc.RpcInterfaceInformation = &server;
    server_desc.pfnAllocate = allocate;
    server_desc.pfnFree = release;
    server_desc.pFormatTypes = types;
    server_desc.fCheckBounds = 1;
    server_desc.Version = 0x50002;
    server_desc.mFlags = 1;
    client_desc = deaf_desc = server_desc;
    client_desc.RpcInterfaceInformation = &client;
    deaf_desc.RpcInterfaceInformation = &deaf;
    server_info = {&server_desc, calls.managers.data(), calls.formats.data(), calls.offsets.data(), nullptr, nullptr, 0, nullptr};
    client_info = {&client_desc, callbacks.managers.data(), callbacks.formats.data(), callbacks.offsets.data(), nullptr, nullptr, 0, nullptr};
    server.Length = sizeof server;
    server.InterfaceId = id;
    server.TransferSyntax = ndr;
    server.DispatchTable = &server_table;
    server.InterpreterInfo = &server_info;
    client.Length = sizeof client;
    client.InterfaceId = id;
    client.TransferSyntax = ndr;
    client.DispatchTable = &client_table;
    client.InterpreterInfo = &client_info;
    deaf = client;
    deaf.DispatchTable = nullptr;
    deaf.InterpreterInfo = nullptr;
}

// --- the client -----------------------------------------------------------------------------------------------------

LONG call(handle_t h, Call which, LONG n, MIDL_STUB_DESC* desc = &client_desc) {
    LONG result = 0;
    const Outcome o = guarded([&] { result = CALL(desc, calls[which], h, n); });
    return o.raised ? -static_cast<LONG>(o.raised) : result;
}

void one_binding(handle_t h) {
    Client me{h};
    g_client = &me;
    CHECK(call(h, kAsk, 0) == 0);
    CHECK(call(h, kAsk, 10) == 55 && me.answers == 10);
    CHECK(call(h, kByHand, 20) == 42 && me.answers == 12);
    for (LONG n : {0, 1, 4000, 6000, 1000000}) CHECK(call(h, kTell, n) == n);
    CHECK(call(h, kFail, 0) == -77);
    CHECK(call(h, kFail, 1234) == 1234);
    CHECK(call(h, kDeeper, 0) == 1);
    CHECK(call(h, kDeeper, 12) == 13);
    CHECK(call(h, kDeeper, 1000) == -RPC_S_SERVER_TOO_BUSY);
    CHECK(call(h, kAsk, 2, &deaf_desc) == -RPC_S_PROCNUM_OUT_OF_RANGE);
    CHECK(call(h, kWithoutCall, 0) == RPC_S_NO_CALL_ACTIVE * 10000 + RPC_S_WRONG_KIND_OF_BINDING);
    CHECK(call(h, kAsk, 10) == 55);
    g_client = nullptr;
}

DWORD WINAPI many(void* h) {
    Client me{h};
    g_client = &me;
    for (LONG i = 0; i < 50; ++i) CHECK(call(h, kAsk, 4) == 10);
    CHECK(me.answers == 200);
    return 0;
}

void many_threads(handle_t h) {
    HANDLE threads[6];
    for (HANDLE& t : threads) t = CreateThread(nullptr, 0, many, h, 0, nullptr);
    WaitForMultipleObjects(6, threads, TRUE, INFINITE);
    for (HANDLE t : threads) CloseHandle(t);
}

}  // namespace

extern "C" {
void* __RPC_USER MIDL_user_allocate(size_t n) { return std::malloc(n); }
void __RPC_USER MIDL_user_free(void* p) { std::free(p); }
}

int main() {
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    describe();
    const unsigned long id = GetCurrentProcessId();
    const std::wstring number = std::to_wstring(20000 + id % 20000);
    struct {
        std::wstring protocol, endpoint;
    } const ways[] = {{L"ncalrpc", L"callbacks-" + number}, {L"ncacn_np", L"\\pipe\\callbacks-" + number}, {L"ncacn_ip_tcp", number}};
    auto wide = [](const std::wstring& s) { return reinterpret_cast<RPC_WSTR>(const_cast<wchar_t*>(s.c_str())); };
    for (auto& way : ways)
        if (const long why = RpcServerUseProtseqEpW(wide(way.protocol), 10, wide(way.endpoint), nullptr)) return std::printf("no endpoint: %ld\n", why), 1;
    if (RpcServerRegisterIf(&server, nullptr, nullptr) || RpcServerListen(1, 10, TRUE)) return std::printf("no server\n"), 1;
    for (auto& way : ways) {
        handle_t h = nullptr;
        const std::wstring host = way.protocol == L"ncacn_ip_tcp" ? L"127.0.0.1" : L"";
        RPC_WSTR text = nullptr;
        std::printf("%ls\n", way.protocol.c_str());
        if (RpcStringBindingComposeW(nullptr, wide(way.protocol), wide(host), wide(way.endpoint), nullptr, &text) ||
            RpcBindingFromStringBindingW(text, &h))
            return std::printf("no binding\n"), 1;
        RpcStringFreeW(&text);
        one_binding(h);
        many_threads(h);
        RpcBindingFree(&h);
    }
    std::printf("callbacks: %ld checks, %ld failures\n", static_cast<long>(g_checks), static_cast<long>(g_failures));
    return g_failures != 0;
}
