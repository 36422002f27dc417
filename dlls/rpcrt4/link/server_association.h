#pragma once
// A client's association group as the server knows it: the connections that one client process opened to this server, and
// what stubs keep for as long as one of them lives (context handles). Sources: C706 chapter 9.3, [MS-RPCE] 3.3.1.5.7.
#include "base/list.h"
#include "base/mutex.h"
#include "base/ref.h"
#include "base/status.h"

namespace rpc::link {

// Made by a stub; destroyed (rundown) when the group's last connection has closed and no call uses it any more. The destructor
// may call user code.
class AssociationData : public RefCounted<AssociationData> {
public:
    virtual ~AssociationData() = default;
};

// Connections hold it, and so do their calls.
class ServerAssociation final : public RefCounted<ServerAssociation>, public ListLink<> {
public:
    explicit ServerAssociation(uint32_t group) : group_(group) {}
    ~ServerAssociation();
    // The group with that id, or a new one: for 0, and for an id that this process never gave out (the client knew another
    // server at this endpoint). Null when memory is out.
    static Ref<ServerAssociation> join(uint32_t group);

    uint32_t group() const { return group_; }
    // The stub's data, made by `create` (which answers null when memory is out) on first use.
    Status data(AssociationData* (*create)(), Ref<AssociationData>& out) EXCLUDES(mutex_);
    // What learns of the group's end by its own; one at a time: already_registered. unwatch() takes it back, null: there is none.
    Status watch(Ref<AssociationData> watch) EXCLUDES(mutex_);
    Ref<AssociationData> unwatch() EXCLUDES(mutex_);

private:
    const uint32_t group_;
    Mutex mutex_;
    Ref<AssociationData> data_ GUARDED_BY(mutex_);
    Ref<AssociationData> watch_ GUARDED_BY(mutex_);
};

}  // namespace rpc::link
