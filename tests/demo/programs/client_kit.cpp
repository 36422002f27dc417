#include "client_kit.h"
#include <stdio.h>
#include <string.h>
#include <string>

namespace desk {

static RPC_WSTR rpc(const std::wstring& s) { return reinterpret_cast<RPC_WSTR>(const_cast<wchar_t*>(s.c_str())); }

handle_t connect(const char* protocol, const char* endpoint) {
    const wchar_t* sequence = protocol_sequence(protocol);
    if (!sequence) return nullptr;
    const std::wstring name(endpoint, endpoint + strlen(endpoint));
    const bool tcp = !wcscmp(sequence, L"ncacn_ip_tcp");
    const std::wstring address = tcp ? L"127.0.0.1" : L"";
    RPC_WSTR text = nullptr;
    handle_t binding = nullptr;
    RPC_STATUS status = RpcStringBindingComposeW(nullptr, rpc(sequence), tcp ? rpc(address) : nullptr, rpc(name),
                                                 nullptr, &text);
    if (!status) status = RpcBindingFromStringBindingW(text, &binding);
    if (status) {
        say("client: no binding: status %ld", status);
        return nullptr;
    }
    say("client: bound to %ls", reinterpret_cast<wchar_t*>(text));
    RpcStringFreeW(&text);
    return binding;
}

Call::Call() {
    event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    const RPC_STATUS status = RpcAsyncInitializeHandle(&state, sizeof state);
    if (status) say("client: RpcAsyncInitializeHandle: status %ld", status);
    state.NotificationType = RpcNotificationTypeEvent;
    state.u.hEvent = event;
}

unsigned Call::begin(decltype(begin_Add)* stub, handle_t binding, long first, long second) {
    number = first;
    return guarded([&] { stub(&state, binding, first, second, &out); }).raised;
}

unsigned Call::complete() {
    return GUARDED(RpcAsyncCompleteCall(&state, &result)).status();
}

unsigned Call::cancel(bool abort) {
    return GUARDED(RpcAsyncCancelCall(&state, abort)).status();
}

static int failed;
void check(bool ok, const char* what) {
    say("client: %s %s", ok ? "ok    " : "FAILED", what);
    failed += !ok;
}
int failures() { return failed; }

}  // namespace desk
