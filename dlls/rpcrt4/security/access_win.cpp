// The system's own access check, of the token that the thread bears.
#include "security/access.h"

#include <windows.h>
#include <winternl.h>

#include "base/log.h"

extern "C" NTSTATUS NTAPI NtOpenThreadToken(HANDLE Thread, ACCESS_MASK Access, BOOLEAN AsSelf, HANDLE* Token);
extern "C" NTSTATUS NTAPI NtAccessCheck(PSECURITY_DESCRIPTOR Descriptor, HANDLE Token, ACCESS_MASK Wanted,
                                        GENERIC_MAPPING* Mapping, PRIVILEGE_SET* Privileges, ULONG* PrivilegesSize,
                                        ULONG* Granted, NTSTATUS* Answer);

namespace rpc::security {

Status AccessList::admits_thread() const {
    if (dacl_at_ == 0) return Status::ok;
    HANDLE token;
    NTSTATUS status = NtOpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token);
    if (status < 0) {
        RPC_LOG(warn, "no token of the client: %08lx", static_cast<unsigned long>(status));
        return Status::access_denied;
    }
    GENERIC_MAPPING mapping{STANDARD_RIGHTS_READ | connect, STANDARD_RIGHTS_WRITE | connect, STANDARD_RIGHTS_EXECUTE | connect,
                            STANDARD_RIGHTS_REQUIRED | connect};
    PRIVILEGE_SET privileges{};
    ULONG size = sizeof privileges, granted = 0;
    NTSTATUS answer = -1;
    status = NtAccessCheck(const_cast<uint8_t*>(copy_.data()), token, connect, &mapping, &privileges, &size, &granted, &answer);
    CloseHandle(token);
    if (status < 0) RPC_LOG(warn, "access check: %08lx", static_cast<unsigned long>(status));
    return status >= 0 && answer >= 0 && (granted & connect) ? Status::ok : Status::access_denied;
}

}  // namespace rpc::security
