// Family async: cancelling the synchronous call of another thread. Sources: the documentation page of each function.
#include <winternl.h>

#include "abi/export.h"
#include "runtime/thread_cancel.h"

using namespace rpc;
using abi::to_rpc;

namespace {

// Whose handle it is. RPC_S_ACCESS_DENIED for one without THREAD_SET_CONTEXT, and for what is no thread's handle.
Status thread_of(HANDLE handle, uint32_t& thread_id) {
    PUBLIC_OBJECT_BASIC_INFORMATION info{};
    HANDLE query = nullptr;
    if (handle == GetCurrentThread()) {
        thread_id = GetCurrentThreadId();
        return Status::ok;
    }
    if (NtQueryObject(handle, ObjectBasicInformation, &info, sizeof info, nullptr) < 0 ||
        !(info.GrantedAccess & THREAD_SET_CONTEXT))
        return Status::access_denied;
    // The right to ask for its id need not be among those of the caller's handle.
    if (!DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &query, THREAD_QUERY_LIMITED_INFORMATION,
                         FALSE, 0))
        return Status::access_denied;
    thread_id = GetThreadId(query);
    CloseHandle(query);
    return thread_id != 0 ? Status::ok : Status::access_denied;
}

RPC_STATUS cancel(HANDLE thread, const int32_t* seconds) {
    uint32_t id;
    Status status = thread_of(thread, id);
    return to_rpc(failed(status) ? status : runtime::cancel_thread(id, seconds));
}

}  // namespace

// The thread's outstanding synchronous call: the server is told, and the call ends with RPC_S_CALL_CANCELLED when the
// thread's own cancel timeout (RpcMgmtSetCancelTimeout) is over. Any thread of the process.
RPC_EXPORT(RPC_STATUS, RpcCancelThread)(void* Thread) {
    return cancel(Thread, nullptr);
}

// The same with a timeout of the canceller's, in seconds; RPC_C_CANCEL_INFINITE_TIMEOUT waits for the server.
RPC_EXPORT(RPC_STATUS, RpcCancelThreadEx)(void* Thread, long Timeout) {
    const int32_t seconds = Timeout;
    return cancel(Thread, &seconds);
}

// Server: RPC_S_OK when the client has cancelled the call that this thread serves; ERROR_ACCESS_DENIED when not.
RPC_EXPORT(RPC_STATUS, RpcTestCancel)(void) {
    return to_rpc(runtime::test_cancel());
}
