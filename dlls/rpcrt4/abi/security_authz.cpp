// Authorization contexts of clients, for authz.dll, which is loaded on first use, and what their tokens say. Sources: the documentation pages
// of both functions; of I_RpcBindingInqClientTokenAttributes its published parameters and the page of TOKEN_STATISTICS, whose words they are.
#include <atomic>

#include "abi/export.h"
#include "base/guard.h"
#include "base/log.h"
#include "runtime/server_security.h"
#include "runtime/thread_state.h"

#include <authz.h>
#include <winternl.h>

extern "C" NTSTATUS NTAPI NtOpenThreadToken(HANDLE Thread, ACCESS_MASK Access, BOOLEAN AsSelf, HANDLE* Token);
extern "C" NTSTATUS NTAPI NtQueryInformationToken(HANDLE Token, TOKEN_INFORMATION_CLASS Class, void* Info, ULONG Size, ULONG* Needed);

using namespace rpc;
using abi::to_rpc;

namespace {

struct Authz {
    decltype(&AuthzInitializeContextFromToken) context_from_token;
    decltype(&AuthzFreeContext) free_context;
    AUTHZ_RESOURCE_MANAGER_HANDLE manager;  // one a process, for good: contexts refer to it
};
constinit Authz g_authz{};
constinit std::atomic<bool> g_ready{false};
constinit Mutex g_lock;

Status last_error() {
    const DWORD error = GetLastError();
    return error != 0 ? static_cast<Status>(error) : Status::cannot_support;
}

Status load_authz() {
    if (g_ready.load(std::memory_order_acquire)) return Status::ok;
    const HMODULE library = LoadLibraryW(L"authz.dll");
    if (!library) return Status::cannot_support;
    auto find = [&](const char* name) { return reinterpret_cast<void*>(GetProcAddress(library, name)); };
    Authz made{};
    made.context_from_token = reinterpret_cast<decltype(made.context_from_token)>(find("AuthzInitializeContextFromToken"));
    made.free_context = reinterpret_cast<decltype(made.free_context)>(find("AuthzFreeContext"));
    const auto make_manager = reinterpret_cast<decltype(&AuthzInitializeResourceManager)>(find("AuthzInitializeResourceManager"));
    if (!made.context_from_token || !made.free_context || !make_manager) return Status::cannot_support;
    Guard g(g_lock);
    if (g_ready.load(std::memory_order_relaxed)) return Status::ok;
    if (!make_manager(AUTHZ_RM_FLAG_NO_AUDIT, nullptr, nullptr, nullptr, nullptr, &made.manager)) return last_error();
    g_authz = made;
    g_ready.store(true, std::memory_order_release);
    return Status::ok;
}

// The client's token; the thread acts for the client afterwards if it did before, or if `stay`.
Status client_token(RPC_BINDING_HANDLE binding, bool stay, HANDLE& token) {
    Ref<call::ServerCall> call;
    RPC_TRY(runtime::server_call_of(binding, call));
    const bool was = runtime::impersonated() == call;
    const Status status = runtime::impersonate_client(call.get());
    if (failed(status)) return status == Status::cannot_support ? Status::no_context_available : status;
    const NTSTATUS opened = NtOpenThreadToken(GetCurrentThread(), TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_IMPERSONATE, TRUE, &token);
    if ((!stay && !was) || opened < 0) (void)failed(runtime::revert_to_self(call.get()));
    return opened < 0 ? Status::no_context_available : Status::ok;
}

}  // namespace

// The context is the caller's until RpcFreeAuthorizationContext, and outlives the call. What authz.dll refuses is its own error.
RPC_EXPORT(RPC_STATUS, RpcGetAuthorizationContextForClient)
(RPC_BINDING_HANDLE ClientBinding, WINBOOL ImpersonateOnReturn, PVOID Reserved1, PLARGE_INTEGER pExpirationTime, LUID Reserved2,
 DWORD Reserved3, PVOID Reserved4, PVOID* pAuthzClientContext) {
    LARGE_INTEGER expires{};
    if (Reserved1 || Reserved2.LowPart != 0 || Reserved2.HighPart != 0 || Reserved3 != 0 || Reserved4) return RPC_S_INVALID_ARG;
    if (pExpirationTime && !copy_guarded(&expires, pExpirationTime, sizeof expires)) return RPC_S_INVALID_ARG;
    if (Status status = load_authz(); failed(status)) return to_rpc(status);
    HANDLE token = nullptr;
    if (Status status = client_token(ClientBinding, ImpersonateOnReturn, token); failed(status)) return to_rpc(status);
    AUTHZ_CLIENT_CONTEXT_HANDLE context = nullptr;
    Status status = Status::ok;
    if (!g_authz.context_from_token(0, token, g_authz.manager, pExpirationTime ? &expires : nullptr, Reserved2, nullptr, &context))
        status = last_error();
    CloseHandle(token);
    if (!failed(status) && !copy_guarded(static_cast<void*>(pAuthzClientContext), &context, sizeof context)) {
        g_authz.free_context(context);
        status = Status::invalid_arg;
    }
    if (failed(status) && ImpersonateOnReturn) (void)failed(runtime::revert_to_self(ClientBinding));
    return to_rpc(status);
}

RPC_EXPORT(RPC_STATUS, RpcFreeAuthorizationContext)(PVOID* pAuthzClientContext) {
    PVOID context = nullptr;
    if (!copy_guarded(static_cast<void*>(&context), pAuthzClientContext, sizeof context) || !context) return RPC_S_INVALID_ARG;
    if (Status status = load_authz(); failed(status)) return to_rpc(status);
    if (!g_authz.free_context(static_cast<AUTHZ_CLIENT_CONTEXT_HANDLE>(context))) return to_rpc(last_error());
    *pAuthzClientContext = nullptr;
    return RPC_S_OK;
}

// As whom the call's client acts; null outs are not asked for.
RPC_EXPORT(RPC_STATUS, I_RpcBindingInqClientTokenAttributes)
(RPC_BINDING_HANDLE Binding, LUID* TokenId, LUID* AuthenticationId, LUID* ModifiedId) {
    HANDLE token = nullptr;
    if (Status status = client_token(Binding, FALSE, token); failed(status)) return to_rpc(status);
    TOKEN_STATISTICS statistics{};
    ULONG needed;
    const bool told = NtQueryInformationToken(token, TokenStatistics, &statistics, sizeof statistics, &needed) >= 0;
    CloseHandle(token);
    if (!told) return to_rpc(Status::no_context_available);
    auto give = [](LUID* out, const LUID& value) { return !out || copy_guarded(out, &value, sizeof value); };
    return give(TokenId, statistics.TokenId) && give(AuthenticationId, statistics.AuthenticationId) && give(ModifiedId, statistics.ModifiedId)
               ? RPC_S_OK
               : RPC_S_INVALID_ARG;
}
