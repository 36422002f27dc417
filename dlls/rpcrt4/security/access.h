#pragma once
// Who may use an interface: a copy of the security descriptor that a program registered it with. Any thread. Sources: the
// documentation page of RpcServerRegisterIf3; [MS-DTYP] 2.4.2 (SID), 2.4.4 (ACE), 2.4.5 (ACL), 2.4.6 (SECURITY_DESCRIPTOR).
#include "base/bytes.h"
#include "base/ref.h"
#include "base/status.h"

namespace rpc::security {

class AccessList final : public RefCounted<AccessList> {
public:
    // The right that a client needs. No public source gives its number: every generic right contains it, so that a list which
    // allows or denies all, reading, writing or execution means what it says.
    static constexpr uint32_t connect = 1;

    // `descriptor`: a SECURITY_DESCRIPTOR of the program's, absolute or self-relative, read during the call. invalid_arg when it is
    // not there or malformed; out_of_memory.
    static Status create(const void* descriptor, Ref<AccessList>& out);

    // The client as which the calling thread acts; access_denied. The host knows no clients: there it is everybody (S-1-1-0).
    Status admits_thread() const;
    // A client of whom nothing is known: ANONYMOUS LOGON (S-1-5-7), which is not one of everybody; access_denied.
    Status admits_anonymous() const;

private:
    Status admits(ByteView sid) const;
    ByteView dacl() const { return ByteView(copy_.view()).subspan(dacl_at_); }

    Buffer copy_;         // self-relative, with an owner and a group as the system's check wants them
    size_t dacl_at_ = 0;  // 0: there is none, and everybody is admitted
};

}  // namespace rpc::security
