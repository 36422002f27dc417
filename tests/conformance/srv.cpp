// The fixture's server start, bindings and client calls.
#include <winsock2.h>
#include "srv_internal.h"
#include <stdio.h>

namespace srv {

static std::string why_not;
static unsigned short port;

const std::string& why() { return why_not; }
unsigned short tcp_port() { return port; }

static unsigned short free_port() {
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data)) return 0;
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int size = sizeof address;
    const bool ok = !::bind(s, reinterpret_cast<sockaddr*>(&address), sizeof address) &&
                    !getsockname(s, reinterpret_cast<sockaddr*>(&address), &size);
    closesocket(s);
    return ok ? ntohs(address.sin_port) : 0;
}

static std::wstring endpoint_of(Protocol protocol, unsigned process_id, unsigned its_port) {
    switch (protocol) {
    case Protocol::lrpc: return L"conformance-" + std::to_wstring(process_id);
    case Protocol::np: return L"\\pipe\\conformance-" + std::to_wstring(process_id);
    default: return std::to_wstring(its_port);
    }
}
std::wstring endpoint(Protocol protocol) { return endpoint_of(protocol, GetCurrentProcessId(), port); }

static const wchar_t* protseq(Protocol protocol) {
    switch (protocol) {
    case Protocol::lrpc: return L"ncalrpc";
    case Protocol::np: return L"ncacn_np";
    default: return L"ncacn_ip_tcp";
    }
}

static Outcome use(Protocol protocol) {
    const std::wstring name = endpoint(protocol);
    return GUARDED(RpcServerUseProtseqEpW(
        reinterpret_cast<RPC_WSTR>(const_cast<wchar_t*>(protseq(protocol))), RPC_C_PROTSEQ_MAX_REQS_DEFAULT,
        reinterpret_cast<RPC_WSTR>(const_cast<wchar_t*>(name.c_str())), nullptr));
}

static bool start_once() {
    Outcome outcome = use(Protocol::lrpc);
    if (!(outcome == RPC_S_OK)) {
        why_not = "RpcServerUseProtseqEpW(ncalrpc): " + outcome.text();
        return false;
    }
    for (int attempt = 0; attempt < 5; ++attempt) {  // another process may take the port in between
        port = free_port();
        outcome = use(Protocol::tcp);
        if (outcome == RPC_S_OK) break;
    }
    if (!(outcome == RPC_S_OK)) why_not = "RpcServerUseProtseqEpW(ncacn_ip_tcp): " + outcome.text();
    outcome = use(Protocol::np);
    if (!(outcome == RPC_S_OK)) why_not = "RpcServerUseProtseqEpW(ncacn_np): " + outcome.text();
    for (int i = kAsync; i <= kMixed; ++i) {
        outcome = GUARDED(RpcServerRegisterIf(server_interface(static_cast<Interface>(i)), nullptr, nullptr));
        if (!(outcome == RPC_S_OK)) {
            why_not = "RpcServerRegisterIf: " + outcome.text();
            return false;
        }
    }
    outcome = GUARDED(RpcServerListen(1, RPC_C_LISTEN_MAX_CALLS_DEFAULT, TRUE));
    if (!(outcome == RPC_S_OK)) {
        why_not = "RpcServerListen: " + outcome.text();
        return false;
    }
    return true;
}

bool start() {
    static const bool started = start_once();
    return started;
}

handle_t bind_to(const wchar_t* sequence, const wchar_t* name) {
    RPC_WSTR text = nullptr;
    handle_t binding = nullptr;
    auto w = [](const wchar_t* s) { return reinterpret_cast<RPC_WSTR>(const_cast<wchar_t*>(s)); };
    const bool tcp = !wcscmp(sequence, L"ncacn_ip_tcp");
    Outcome outcome = GUARDED(RpcStringBindingComposeW(nullptr, w(sequence), tcp ? w(L"127.0.0.1") : nullptr, w(name),
                                                       nullptr, &text));
    if (!(outcome == RPC_S_OK)) {
        why_not = "RpcStringBindingComposeW: " + outcome.text();
        return nullptr;
    }
    outcome = GUARDED(RpcBindingFromStringBindingW(text, &binding));
    if (!(outcome == RPC_S_OK)) {
        why_not = "RpcBindingFromStringBindingW: " + outcome.text();
        binding = nullptr;
    }
    guarded([&] { RpcStringFreeW(&text); });
    return binding;
}

handle_t bind(Protocol protocol) {
    if (!start()) return nullptr;
    return bind_to(protseq(protocol), endpoint(protocol).c_str());
}

handle_t bind_other(Protocol protocol, unsigned process_id, unsigned its_port) {
    return bind_to(protseq(protocol), endpoint_of(protocol, process_id, its_port).c_str());
}

void unbind(handle_t& binding) {
    guarded([&] { RpcBindingFree(&binding); });
}

Call::Call(bool manual_reset) {
    ZeroMemory(&state, sizeof state);
    event = CreateEventW(nullptr, manual_reset, FALSE, nullptr);
    initialise();
}

void Call::initialise() {
    guarded([&] { RpcAsyncInitializeHandle(&state, sizeof state); });
    state.NotificationType = RpcNotificationTypeEvent;
    state.u.hEvent = event;
}

Call::~Call() { CloseHandle(event); }

Outcome Call::add(handle_t binding, long a, long b, Interface which) {
    return guarded([&] { stub::async_call(client(which), async_proc(kAdd), &state, binding, a, b, &out); });
}
Outcome Call::hold(handle_t binding, long key, Interface which) {
    return guarded([&] { stub::async_call(client(which), async_proc(kHold), &state, binding, key, &out); });
}
Outcome Call::act(handle_t binding, Action action, long argument, Interface which) {
    return guarded([&] {
        stub::async_call(client(which), async_proc(kAct), &state, binding, static_cast<long>(action), argument, &out);
    });
}
bool Call::wait(unsigned milliseconds) { return WaitForSingleObject(event, milliseconds) == WAIT_OBJECT_0; }
Outcome Call::status() { return GUARDED(RpcAsyncGetCallStatus(&state)); }
Outcome Call::complete() { return GUARDED(RpcAsyncCompleteCall(&state, &result)); }
Outcome Call::cancel(bool abort) { return GUARDED(RpcAsyncCancelCall(&state, abort)); }

Outcome sync_add(handle_t binding, long a, long b, long* c, Interface which) {
    return guarded([&] { return stub::sync_call(client(which), sync_proc(kAdd), binding, a, b, c); });
}
Outcome sync_hold(handle_t binding, long key, long* value, Interface which) {
    return guarded([&] { return stub::sync_call(client(which), sync_proc(kHold), binding, key, value); });
}
Outcome sync_act(handle_t binding, Action action, long argument, long* value, Interface which) {
    return guarded([&] {
        return stub::sync_call(client(which), sync_proc(kAct), binding, static_cast<long>(action), argument, value);
    });
}

}  // namespace srv
