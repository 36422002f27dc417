#pragma once
// What becomes of a client's connections that nobody uses: associations that outlive their last binding for a while, and the idle cleanup
// (RpcMgmtEnableIdleCleanup). Any thread. Sources: documentation pages "Managing Network Connection Sets (Associations)" (20 seconds),
// RpcMgmtEnableIdleCleanup (off until it is asked for or there is much to close, then on for good), "Binding Option Constants".
#include "link/association.h"

namespace rpc::link {

// From now on a connection that was not used for 20 to 40 seconds is closed, but for one of each mode to each server. Out of resources: the
// system's refusal, and a later call tries again.
Status enable_idle_cleanup();
// The same, where an association has come to so many idle connections that it matters; without a linger nothing is done. Which number
// that is is not documented.
constexpr size_t many_idle = 16;
void notice_many_idle();

constexpr uint32_t documented_linger_ms = 20000;
// How long the process's associations linger; 0, as at the start: not at all.
void set_linger(uint32_t ms);
// Lets go of all that linger, now.
void end_linger();

// A binding's part in an association: while there is one, the association stays; when the last one goes it lingers, if it has connections
// and may (RPC_C_OPT_DONT_LINGER, RPC_C_OPT_UNIQUE_BINDING), and who finds it meanwhile finds them. Not thread-safe.
class AssociationUse {
public:
    AssociationUse() = default;
    explicit AssociationUse(Ref<Association> association);
    AssociationUse(AssociationUse&& other) noexcept : association_(std::move(other.association_)) {}
    AssociationUse& operator=(AssociationUse&& other) noexcept {
        std::swap(association_, other.association_);
        return *this;
    }
    ~AssociationUse();

    const Ref<Association>& ref() const { return association_; }
    Association* operator->() const { return association_.get(); }
    explicit operator bool() const { return static_cast<bool>(association_); }

private:
    Ref<Association> association_;
};

}  // namespace rpc::link
