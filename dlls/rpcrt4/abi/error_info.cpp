// Raising, filtering and naming errors: documentation pages RpcRaiseException, RpcExceptionFilter, DceErrorInqText.
#include "abi/export.h"
#include "abi/raise.h"
#include "base/seh.h"

namespace rpc::abi {
namespace {

constexpr DWORD text_units = DCE_C_ERROR_STRING_LEN;  // what the caller's buffer holds

DWORD system_text(DWORD code, unsigned char* out) {
    return FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, code, 0,
                          reinterpret_cast<char*>(out), text_units, nullptr);
}
DWORD system_text(DWORD code, unsigned short* out) {
    return FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, code, 0,
                          reinterpret_cast<wchar_t*>(out), text_units, nullptr);
}

// The system's message; for a code that has none, the message that says so, and invalid_arg.
template <class T>
Status error_text(RPC_STATUS code, T* out) {
    if (!out) return Status::invalid_arg;
    if (system_text(static_cast<DWORD>(code), out)) return Status::ok;
    if (!system_text(RPC_S_NOT_RPC_ERROR, out)) *out = 0;
    return Status::invalid_arg;
}

}  // namespace
}  // namespace rpc::abi

using namespace rpc::abi;

RPC_EXPORT(void, RpcRaiseException)(RPC_STATUS exception) { raise(static_cast<rpc::Status>(exception)); }

RPC_EXPORT(int, RpcExceptionFilter)(ULONG ExceptionCode) {
    return rpc::is_fatal_exception(ExceptionCode) ? EXCEPTION_CONTINUE_SEARCH : EXCEPTION_EXECUTE_HANDLER;
}

RPC_EXPORT(RPC_STATUS, DceErrorInqTextA)(RPC_STATUS RpcStatus, RPC_CSTR ErrorText) {
    return to_rpc(error_text(RpcStatus, ErrorText));
}
RPC_EXPORT(RPC_STATUS, DceErrorInqTextW)(RPC_STATUS RpcStatus, RPC_WSTR ErrorText) {
    return to_rpc(error_text(RpcStatus, ErrorText));
}
