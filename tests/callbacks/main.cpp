// [callback] procedures: a manager calls procedures of the client that waits for it, over every protocol sequence. widl does not know
// the attribute, so the format strings are written as MIDL documents them (page "The Header": FC_CALLBACK_HANDLE); client and server
// are one process, and the threads tell which is which.
#include <cstdio>
#include <cstring>
#include <string>

#include "support/checks.h"
#include "support/endpoints.h"
#include "support/guard.h"
#include "support/hand_interface.h"

#define CALL(desc, format, ...) static_cast<LONG>(HAND_CALL(desc, format, __VA_ARGS__).Simple)

namespace {

using namespace hand;

// --- what both sides share ------------------------------------------------------------------------------------------

const unsigned char types[] = {0x5b, 0x5c, 0x22, 0x5c, 0x5b, 0x00};  // 2: a string

Interface iface;
// A client whose stubs have no callbacks.
RPC_CLIENT_INTERFACE deaf;
MIDL_STUB_DESC deaf_desc;

// --- callback stubs, as the server has them -----------------------------------------------------------------------------

enum Callback : unsigned { kAnswer, kText, kRaise, kNest };
LONG answer(LONG n) { return CALL(&iface.server_desc, iface.callbacks[kAnswer], n); }
LONG text(const char* s, LONG* length) { return CALL(&iface.server_desc, iface.callbacks[kText], s, length); }
LONG raise(LONG code) { return CALL(&iface.server_desc, iface.callbacks[kRaise], code); }
LONG nest(LONG depth) { return CALL(&iface.server_desc, iface.callbacks[kNest], depth); }

// The same as answer(), marshalled by hand; `handle` may be null, for the call that this thread runs.
LONG inline_answer(handle_t handle, LONG n) {
    RPC_MESSAGE message = {};
    MIDL_STUB_MESSAGE stub = {};
    NdrClientInitializeNew(&message, &stub, &iface.server_desc, kAnswer);
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
    RPC_CLIENT_INTERFACE other = iface.client;
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
    const Outcome o = guarded([&] { result = CALL(&iface.client_desc, iface.calls[kDeeper], g_client->binding, depth - 1); });
    if (o.raised) RaiseException(o.raised, 0, 0, nullptr);
    return result + 1;
}

void describe() {
    for (auto* manager : {ask, tell, fail, deeper, by_hand, without_call})
        iface.calls.add(manager, 3 * slot, {{in_simple, slot, 8}, {simple_result, 2 * slot, 8}});
    const auto callback = [](auto* manager, unsigned stack, std::initializer_list<Param> params) {
        iface.callbacks.add(manager, stack, params, Binding::of_the_call);
    };
    callback(client_answer, 2 * slot, {{in_simple, 0, 8}, {simple_result, slot, 8}});
    callback(client_text, 3 * slot, {{in_string, 0, 2}, {out_simple, slot, 8}, {simple_result, 2 * slot, 8}});
    callback(client_raise, 2 * slot, {{in_simple, 0, 8}, {simple_result, slot, 8}});
    callback(client_nest, 2 * slot, {{in_simple, 0, 8}, {simple_result, slot, 8}});
    iface.describe({0x9a1b6f11, 0x4f7e, 0x4b0d, {0x8e, 0x5c, 1, 2, 3, 4, 5, 6}}, types);
    deaf = iface.client;
    deaf.DispatchTable = nullptr;
    deaf.InterpreterInfo = nullptr;
    deaf_desc = iface.client_desc;
    deaf_desc.RpcInterfaceInformation = &deaf;
}

// --- the client -----------------------------------------------------------------------------------------------------

LONG call(handle_t h, Call which, LONG n, MIDL_STUB_DESC* desc = &iface.client_desc) {
    LONG result = 0;
    const Outcome o = guarded([&] { result = CALL(desc, iface.calls[which], h, n); });
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

int main() {
    describe();
    const std::vector<Endpoint> endpoints = own_endpoints(L"callbacks");
    for (const Endpoint& endpoint : endpoints)
        if (!offer(endpoint)) return 1;
    if (RpcServerRegisterIf(&iface.server, nullptr, nullptr) || RpcServerListen(1, 10, TRUE)) return std::printf("no server\n"), 1;
    for (const Endpoint& endpoint : endpoints) {
        std::printf("%ls\n", endpoint.protocol.c_str());
        handle_t h = bind(endpoint);
        if (!h) return std::printf("no binding\n"), 1;
        one_binding(h);
        many_threads(h);
        RpcBindingFree(&h);
    }
    return checks::report("callbacks");
}
