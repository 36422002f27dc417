// Stub data in pieces without a stub: I_RpcSend and I_RpcReceive with RPC_BUFFER_PARTIAL, I_RpcReallocPipeBuffer, I_RpcFreePipeBuffer. Client
// and server in one process, over every local protocol sequence; the server's dispatch routines are written by hand.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <rpcasync.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "support/checks.h"
#include "support/endpoints.h"

namespace {

constexpr DWORD kPatience = 60000;
constexpr unsigned kInPieces = RPC_BUFFER_ASYNC | RPC_BUFFER_PARTIAL;

std::string text_of(const RPC_MESSAGE& m) { return {static_cast<char*>(m.Buffer), m.BufferLength}; }

// --- the server -----------------------------------------------------------------------------------------------------

volatile RPC_STATUS g_server_status = -1;  // of the first that failed, else of the last

// The request, answered in one piece.
void __RPC_STUB echo(PRPC_MESSAGE m) {
    const std::string request = text_of(*m);
    if (I_RpcGetBuffer(m) == RPC_S_OK) std::memcpy(m->Buffer, request.data(), request.size());
}

// The request as many times as its first character says, in as many pieces.
void __RPC_STUB repeat(PRPC_MESSAGE m) {
    const std::string request = text_of(*m);
    m->BufferLength = static_cast<unsigned>(request.size());
    RPC_STATUS status = I_RpcGetBuffer(m);
    for (int left = request[0] - '0'; left > 0 && status == RPC_S_OK; --left) {
        std::memcpy(static_cast<char*>(m->Buffer) + m->BufferLength - request.size(), request.data(), request.size());
        if (left == 1) break;
        m->RpcFlags |= RPC_BUFFER_PARTIAL;
        status = I_RpcSend(m);
        if (status == RPC_S_OK && m->Buffer) status = ERROR_INVALID_DATA;
        if (status == RPC_S_SEND_INCOMPLETE && (!m->Buffer || m->BufferLength == 0)) status = ERROR_INVALID_DATA;
        if (status == RPC_S_SEND_INCOMPLETE) status = RPC_S_OK;
        if (status == RPC_S_OK) status = I_RpcReallocPipeBuffer(m, m->BufferLength + static_cast<unsigned>(request.size()));
    }
    m->RpcFlags &= ~static_cast<unsigned long>(RPC_BUFFER_PARTIAL);
    g_server_status = status;
}

RPC_DISPATCH_FUNCTION g_functions[] = {echo, repeat, nullptr};
RPC_DISPATCH_TABLE g_table = {2, g_functions, 0};
const RPC_SYNTAX_IDENTIFIER kId = {{0x5b0d1c52, 0x7f1e, 0x4c9b, {0xa3, 0x61, 7, 7, 3, 4, 5, 6}}, {1, 0}};
const RPC_SYNTAX_IDENTIFIER kNdr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
RPC_SERVER_INTERFACE g_server = {sizeof g_server, kId, kNdr, &g_table, 0, nullptr, nullptr, nullptr, 0};
RPC_CLIENT_INTERFACE g_client = {sizeof g_client, kId, kNdr, nullptr, 0, nullptr, 0, nullptr, 0};

// --- the client -----------------------------------------------------------------------------------------------------

struct Call {
    RPC_MESSAGE m{};
    RPC_ASYNC_STATE state{};
    HANDLE told[3];  // by RPC_ASYNC_EVENT: complete, sent, received

    Call(handle_t binding, unsigned number, unsigned size, unsigned flags = kInPieces, unsigned long wanted = 0) {
        for (HANDLE& event : told) event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
        RpcAsyncInitializeHandle(&state, sizeof state);
        state.Flags = wanted;
        state.NotificationType = RpcNotificationTypeCallback;
        state.u.NotificationRoutine = on_told;
        state.UserInfo = this;
        m.Handle = binding;
        m.ProcNum = number;
        m.RpcInterfaceInformation = &g_client;
        m.RpcFlags = flags;
        m.BufferLength = size;
        CHECK(I_RpcGetBuffer(&m) == RPC_S_OK && m.Buffer);
        CHECK(I_RpcAsyncSetHandle(&m, &state) == RPC_S_OK);
    }
    ~Call() {
        I_RpcFreeBuffer(&m);
        for (HANDLE event : told) CloseHandle(event);
    }
    static void RPC_ENTRY on_told(RPC_ASYNC_STATE* s, void*, RPC_ASYNC_EVENT event) {
        SetEvent(static_cast<Call*>(s->UserInfo)->told[event]);
    }
    bool hears(RPC_ASYNC_EVENT event) { return WaitForSingleObject(told[event], kPatience) == WAIT_OBJECT_0; }
    RPC_STATUS send(unsigned flag) {
        m.RpcFlags = RPC_BUFFER_ASYNC | flag;
        return I_RpcSend(&m);
    }
    RPC_STATUS receive(unsigned flags, unsigned size = 0) {
        m.RpcFlags = RPC_BUFFER_ASYNC | flags;
        return I_RpcReceive(&m, size);
    }
    // Until `size` bytes more are here.
    RPC_STATUS await(unsigned flags, unsigned size) {
        for (;;) {
            const RPC_STATUS status = receive(flags, size);
            if (status != RPC_S_ASYNC_CALL_PENDING || !hears(RpcReceiveComplete)) return status;
        }
    }
    void put(std::string text) { std::memcpy(static_cast<char*>(m.Buffer) + m.BufferLength - text.size(), text.data(), text.size()); }
    void more(unsigned size) { CHECK(I_RpcReallocPipeBuffer(&m, m.BufferLength + size) == RPC_S_OK); }
};

std::string letters(unsigned size, unsigned from = 0) {
    std::string text(size, ' ');
    for (unsigned i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (from + i) % 26);
    return text;
}

// A request of pieces, some of which leave a rest, and its reply as a whole.
void request_in_pieces(handle_t b) {
    Call c(b, 0, 20, kInPieces, RPC_C_NOTIFY_ON_SEND_COMPLETE);
    const std::string all = letters(20 + 100000 + 8 + 7);
    c.put(all.substr(0, 20));
    CHECK(c.send(RPC_BUFFER_PARTIAL) == RPC_S_SEND_INCOMPLETE);
    CHECK(c.m.BufferLength == 4 && text_of(c.m) == all.substr(16, 4));
    CHECK(c.hears(RpcSendComplete));
    c.more(100000);
    CHECK(text_of(c.m).substr(0, 4) == all.substr(16, 4));
    c.put(all.substr(20, 100000));
    CHECK(c.send(RPC_BUFFER_PARTIAL) == RPC_S_SEND_INCOMPLETE && c.m.BufferLength == 4);
    c.more(4);
    c.put(all.substr(100020, 4));
    CHECK(c.send(RPC_BUFFER_PARTIAL) == RPC_S_OK && !c.m.Buffer && c.m.BufferLength == 0);
    // What is freed is not sent, and larger is not more.
    CHECK(I_RpcReallocPipeBuffer(&c.m, 1000) == RPC_S_OK && c.m.Buffer && c.m.BufferLength == 1000);
    CHECK(I_RpcFreePipeBuffer(&c.m) == RPC_S_OK && !c.m.Buffer && c.m.BufferLength == 0);
    CHECK(I_RpcFreePipeBuffer(&c.m) == RPC_S_OK);
    c.more(11);
    c.put(all.substr(100024));
    CHECK(I_RpcReallocPipeBuffer(&c.m, 500000) == RPC_S_OK && text_of(c.m).substr(0, 11) == all.substr(100024));
    CHECK(I_RpcReallocPipeBuffer(&c.m, 11) == RPC_S_OK && text_of(c.m) == all.substr(100024));
    CHECK(RpcAsyncGetCallStatus(&c.state) == RPC_S_ASYNC_CALL_PENDING);
    CHECK(c.send(0) == RPC_S_OK && c.hears(RpcCallComplete));
    CHECK(c.await(0, 0) == RPC_S_OK && text_of(c.m) == all);
}

// The same, its last piece empty: nothing but the end.
void last_piece_empty(handle_t b) {
    Call c(b, 0, 16);
    c.put(letters(16));
    CHECK(c.send(RPC_BUFFER_PARTIAL) == RPC_S_OK && !c.m.Buffer);
    CHECK(c.send(0) == RPC_S_OK);
    CHECK(c.hears(RpcCallComplete));
    CHECK(c.receive(0) == RPC_S_OK && text_of(c.m) == letters(16) && (c.m.RpcFlags & RPC_BUFFER_COMPLETE));
}

// One piece, which is all: as without RPC_BUFFER_PARTIAL.
void one_piece(handle_t b) {
    Call c(b, 0, 5);
    c.put("whole");
    CHECK(c.send(0) == RPC_S_OK && c.hears(RpcCallComplete));
    CHECK(c.await(0, 0) == RPC_S_OK && text_of(c.m) == "whole");
    CHECK(I_RpcReallocPipeBuffer(&c.m, 3) == RPC_S_OK && text_of(c.m) == "who");
    CHECK(I_RpcFreePipeBuffer(&c.m) == RPC_S_OK && !c.m.Buffer);
    CHECK(c.receive(RPC_BUFFER_PARTIAL, 1) == RPC_S_OK && c.m.BufferLength == 0 && (c.m.RpcFlags & RPC_BUFFER_COMPLETE));
}

// A reply of pieces, taken in pieces of other sizes.
void reply_in_pieces(handle_t b) {
    const std::string one = "9" + letters(60002), all = one + one + one + one + one + one + one + one + one;
    Call c(b, 1, static_cast<unsigned>(one.size()));
    c.put(one);
    g_server_status = -1;
    CHECK(c.send(0) == RPC_S_OK);
    std::string taken;
    unsigned wanted = 1;
    bool enough = true, together = true;
    do {
        RPC_STATUS status = c.await(RPC_BUFFER_PARTIAL, wanted);
        CHECK(status == RPC_S_OK);
        if (status != RPC_S_OK) return;
        enough = enough && (c.m.BufferLength >= wanted || (c.m.RpcFlags & RPC_BUFFER_COMPLETE));
        std::string now = text_of(c.m);
        if (!(c.m.RpcFlags & RPC_BUFFER_COMPLETE)) {
            const size_t before = now.size();
            status = c.await(RPC_BUFFER_PARTIAL | RPC_BUFFER_EXTRA, static_cast<unsigned>(before) + 1);
            CHECK(status == RPC_S_OK);
            if (status != RPC_S_OK) return;
            together = together && text_of(c.m).substr(0, before) == now;
            now = text_of(c.m);
        }
        taken += now;
        wanted += 7001;
    } while (!(c.m.RpcFlags & RPC_BUFFER_COMPLETE));
    CHECK(enough && together);
    CHECK(taken == all);
    CHECK(c.hears(RpcCallComplete) && RpcAsyncGetCallStatus(&c.state) == RPC_S_OK);
    CHECK(g_server_status == RPC_S_OK);
}

void refusals(handle_t b) {
    RPC_MESSAGE none{};
    CHECK(I_RpcFreePipeBuffer(nullptr) == RPC_S_INVALID_ARG);
    CHECK(I_RpcReallocPipeBuffer(nullptr, 1) == RPC_S_INVALID_ARG);
    CHECK(I_RpcFreePipeBuffer(&none) == RPC_S_INVALID_BINDING);
    CHECK(I_RpcReallocPipeBuffer(&none, 1) == RPC_S_INVALID_BINDING);
    {
        Call plain(b, 0, 4, RPC_BUFFER_ASYNC);
        CHECK(plain.send(RPC_BUFFER_PARTIAL) == RPC_S_CANNOT_SUPPORT);
    }
    Call c(b, 0, 8);
    c.put("01234567");
    void* const buffer = c.m.Buffer;
    char foreign[8] = {};
    c.m.Buffer = foreign;
    CHECK(I_RpcFreePipeBuffer(&c.m) == RPC_S_INVALID_ARG);
    CHECK(I_RpcReallocPipeBuffer(&c.m, 16) == RPC_S_INVALID_ARG);
    CHECK(c.send(RPC_BUFFER_PARTIAL) == RPC_S_INVALID_ARG);
    c.m.Buffer = buffer;
    CHECK(I_RpcReallocPipeBuffer(&c.m, 0xffffffff) == RPC_S_OUT_OF_MEMORY);
    c.m.BufferLength = 9;  // more than there is
    CHECK(c.send(0) == RPC_S_INVALID_ARG);
    c.m.BufferLength = 8;
    CHECK(text_of(c.m) == "01234567");
    CHECK(c.send(0) == RPC_S_OK && c.hears(RpcCallComplete));
    CHECK(c.await(0, 0) == RPC_S_OK && text_of(c.m) == "01234567");
}

// A call that is cancelled between two of its pieces: what follows is told so.
void cancelled(handle_t b) {
    Call c(b, 0, 16);
    c.put(letters(16));
    CHECK(c.send(RPC_BUFFER_PARTIAL) == RPC_S_OK);
    CHECK(RpcAsyncCancelCall(&c.state, TRUE) == RPC_S_OK && c.hears(RpcCallComplete));
    CHECK(I_RpcReallocPipeBuffer(&c.m, 8) == RPC_S_OK);
    CHECK(c.send(0) != RPC_S_OK);
    CHECK(c.receive(RPC_BUFFER_PARTIAL, 1) == RPC_S_CALL_CANCELLED);
}

// Without RPC_BUFFER_ASYNC the thread waits where an asynchronous call is told.
RPC_MESSAGE synchronous_message(handle_t b, unsigned number, const std::string& text) {
    RPC_MESSAGE m{};
    m.Handle = b;
    m.ProcNum = number;
    m.RpcInterfaceInformation = &g_client;
    m.RpcFlags = RPC_BUFFER_PARTIAL;
    m.BufferLength = static_cast<unsigned>(text.size());
    CHECK(I_RpcGetBuffer(&m) == RPC_S_OK && m.Buffer);
    if (m.Buffer) std::memcpy(m.Buffer, text.data(), text.size());
    return m;
}
void synchronous(handle_t b) {
    RPC_MESSAGE m = synchronous_message(b, 0, "first 16 bytes, ");
    CHECK(I_RpcSend(&m) == RPC_S_OK && !m.Buffer);
    CHECK(I_RpcReallocPipeBuffer(&m, 3) == RPC_S_OK);
    std::memcpy(m.Buffer, "and", 3);
    m.RpcFlags = 0;
    CHECK(I_RpcSend(&m) == RPC_S_OK);
    m.RpcFlags = RPC_BUFFER_PARTIAL;
    CHECK(I_RpcReceive(&m, 5) == RPC_S_OK && m.BufferLength >= 5);
    m.RpcFlags = RPC_BUFFER_EXTRA;
    CHECK(I_RpcReceive(&m, 0) == RPC_S_OK && text_of(m) == "first 16 bytes, and" && (m.RpcFlags & RPC_BUFFER_COMPLETE));
    CHECK(I_RpcFreeBuffer(&m) == RPC_S_OK);
    // All at once, and a call that ends before its request does.
    m = synchronous_message(b, 0, "whole");
    CHECK(I_RpcSendReceive(&m) == RPC_S_OK && text_of(m) == "whole");
    CHECK(I_RpcFreeBuffer(&m) == RPC_S_OK);
    m = synchronous_message(b, 0, "8 bytes!");
    CHECK(I_RpcSend(&m) == RPC_S_OK);
    CHECK(I_RpcFreeBuffer(&m) == RPC_S_OK && !m.Buffer);
    m = synchronous_message(b, 77, "no such procedure");
    CHECK(I_RpcSendReceive(&m) == RPC_S_PROCNUM_OUT_OF_RANGE && !m.Buffer);
}

void run(const Endpoint& endpoint) {
    std::printf("%ls\n", endpoint.protocol.c_str());
    handle_t b = bind(endpoint);
    CHECK(b);
    if (!b) return;
    request_in_pieces(b);
    last_piece_empty(b);
    one_piece(b);
    reply_in_pieces(b);
    refusals(b);
    cancelled(b);
    synchronous(b);
    CHECK(RpcBindingFree(&b) == RPC_S_OK);
}

}  // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    CHECK(RpcServerRegisterIf(&g_server, nullptr, nullptr) == RPC_S_OK);
    const std::vector<Endpoint> endpoints = own_endpoints(L"pipe-buffers");
    for (const Endpoint& endpoint : endpoints) CHECK(offer(endpoint));
    CHECK(RpcServerListen(1, 10, TRUE) == RPC_S_OK);
    for (const Endpoint& endpoint : endpoints) run(endpoint);
    return checks::report("pipe_buffers");
}
