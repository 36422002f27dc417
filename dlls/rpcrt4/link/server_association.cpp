#include "link/server_association.h"

#include "base/os.h"

namespace rpc::link {
namespace {

// All groups of this process; they take themselves off when their last reference goes.
struct Table {
    Mutex mutex;
    List<ServerAssociation> groups;
    uint32_t last = 0;
};
constinit Table g_table;

}  // namespace

ServerAssociation::~ServerAssociation() {
    Guard g(g_table.mutex);
    if (linked()) g_table.groups.remove(this);
}

Ref<ServerAssociation> ServerAssociation::join(uint32_t group) {
    Guard g(g_table.mutex);
    if (group != 0)
        for (ServerAssociation* a = g_table.groups.front(); a; a = g_table.groups.next(a))
            if (a->group_ == group && a->try_add_ref()) return Ref<ServerAssociation>::adopt(a);
    // Ids of different processes should differ, so that a client that knew another one is not taken for one of ours.
    if (g_table.last == 0 && !os::random_bytes(&g_table.last, sizeof g_table.last)) g_table.last = os::process_id() << 12;
    if (++g_table.last == 0) ++g_table.last;
    auto made = make_ref<ServerAssociation>(g_table.last);
    if (made) g_table.groups.push_back(made.get());
    return made;
}

Status ServerAssociation::data(AssociationData* (*create)(), Ref<AssociationData>& out) {
    Guard g(mutex_);
    if (!data_) data_ = Ref<AssociationData>::adopt(create());
    if (!data_) return Status::out_of_memory;
    out = data_;
    return Status::ok;
}

Status ServerAssociation::watch(Ref<AssociationData> watch) {
    Guard g(mutex_);
    if (watch_) return Status::already_registered;
    watch_ = std::move(watch);
    return Status::ok;
}

Ref<AssociationData> ServerAssociation::unwatch() {
    Guard g(mutex_);
    return std::move(watch_);
}

}  // namespace rpc::link
