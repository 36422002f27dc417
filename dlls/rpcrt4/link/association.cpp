#include "link/association.h"

#include <algorithm>

#include "base/error_record.h"
#include "link/idle.h"

namespace rpc::link {
namespace {

// Connections of one identity to a peer that does not multiplex: each carries one call at a time.
constexpr size_t max_queued_connections = 64;
constexpr int max_open_attempts = 3;

// Whether a connection of its own may do for a login what a shared one did not: that one was lost, or had no room for it. What a
// server says of who somebody is, is final, and not asked for twice.
bool own_connection_may_do(Status status) {
    return status == Status::cannot_support || status == Status::protocol_error || status == Status::call_failed ||
           status == Status::call_failed_dne || status == Status::server_unavailable;
}

// The associations of this process; observed, not owned: the last binding or call ends one.
struct Table {
    Mutex mutex;
    List<Association, InTable> associations GUARDED_BY(mutex);
};
constinit Table g_table;

bool same_text(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool same_address(const io::Address& a, const io::Address& b) {
    return same_text(a.network_address.view(), b.network_address.view()) && same_text(a.endpoint.view(), b.endpoint.view()) &&
           same_text(a.options.view(), b.options.view()) &&
           (a.http == b.http || (a.http && b.http && *a.http == *b.http)) &&
           (a.cookie == b.cookie || (a.cookie && b.cookie && *a.cookie == *b.cookie));
}

}  // namespace

Status Association::find(const io::Protocol& protocol, io::Address address, Ref<Association>& association) {
    Guard g(g_table.mutex);
    for (Association* a = g_table.associations.front(); a; a = g_table.associations.next(a))
        if (&a->protocol_ == &protocol && same_address(a->address_, address) && a->try_add_ref()) {
            association = Ref<Association>::adopt(a);
            return Status::ok;
        }
    association = make_ref<Association>(protocol, std::move(address));
    if (!association) return Status::out_of_memory;
    g_table.associations.push_back(association.get());
    return Status::ok;
}

Status Association::make_own(const io::Protocol& protocol, io::Address address, Ref<Association>& association) {
    association = make_ref<Association>(protocol, std::move(address));
    return association ? Status::ok : Status::out_of_memory;
}

Association::~Association() {
    {
        Guard g(g_table.mutex);
        if (ListLink<InTable>::linked()) g_table.associations.remove(this);
    }
    for (auto& c : idle_) c->close();
    for (auto& c : queued_) c->close();
}

Status Association::open(ClientConnection::Kind kind, bool claimed, const Syntaxes& syntaxes, const security::ClientAuth* auth,
                         Ref<ClientConnection>& connection) {
    uint32_t group;
    {
        Guard g(mutex_);
        // The first connection makes the group that the others join.
        while (opening_ && !claimed) opened_.wait(mutex_);
        if (open_count_ == 0) group_ = 0;
        group = group_;
        if (group == 0) opening_ = claimed = true;
    }
    auto made = make_ref<ClientConnection>(kind);
    Status status = made ? made->open(protocol_, address_, syntaxes, Ref<const security::ClientAuth>::share(auth), group, this, com_timeout_.load(std::memory_order_relaxed)) : Status::out_of_memory;
    opened(claimed, !failed(status), group);
    if (!failed(status))
        connection = std::move(made);
    else if (made)
        made->close();
    return status;
}

void Association::opened(bool claimed, bool success, uint32_t group) {
    Guard g(mutex_);
    if (claimed) {
        opening_ = false;
        opened_.wake_all();
    }
    if (!success) return;
    group_ = group;
    ++open_count_;
}

void Association::drop_dead() {
    for (size_t i = idle_.size(); i-- != 0;) {
        if (idle_[i]->alive()) continue;
        idle_.erase(i);
        --open_count_;
    }
    drop_gone();
}

void Association::drop_gone() {
    for (size_t i = queued_.size(); i-- != 0;) {
        if (!queued_[i]->gone()) continue;
        queued_.erase(i);
        --open_count_;
    }
}

bool Association::may_linger() {
    if (!ListLink<InTable>::linked() || !lingers_.load(std::memory_order_relaxed)) return false;
    Guard g(mutex_);
    return !idle_.empty() || !queued_.empty();
}

void Association::forget_dead() {
    Guard g(mutex_);
    drop_dead();
}

// Whether its peer is still there is not asked here: to ask costs system calls, and the call may find out without.
bool Association::take_idle(const Syntaxes& syntaxes, const security::ClientAuth* auth, Ref<ClientConnection>& connection) {
    for (size_t i = idle_.size(); i-- != 0;) {
        if (idle_[i]->fit(syntaxes, auth) != ClientConnection::Fit::now) continue;
        connection = idle_[i];
        idle_.erase(i);
        return true;
    }
    return false;
}

Status Association::lease(const Syntaxes& syntaxes, const security::ClientAuth* auth, Ref<ClientConnection>& connection) {
    RPC_TRY(take_or_open(syntaxes, auth, connection));
    connection->use_com_timeout(com_timeout_.load(std::memory_order_relaxed));
    return Status::ok;
}

Status Association::take_or_open(const Syntaxes& syntaxes, const security::ClientAuth* auth, Ref<ClientConnection>& connection) {
    using Fit = ClientConnection::Fit;
    Ref<ClientConnection> extend;
    Fit best = Fit::none;
    {
        Guard g(mutex_);
        if (take_idle(syntaxes, auth, connection)) return Status::ok;
        drop_dead();
        for (size_t i = idle_.size(); i-- != 0;) {
            const Fit fit = idle_[i]->fit(syntaxes, auth);
            if (fit <= best) continue;
            extend = idle_[i];
            best = fit;
        }
        for (size_t i = 0; extend && i < idle_.size(); ++i)
            if (idle_[i] == extend) idle_.erase(i);
    }
    if (extend) {
        Status status = extend->extend(syntaxes, auth);
        if (!failed(status)) {
            connection = std::move(extend);
            return Status::ok;
        }
        const bool lost = best == Fit::login ? own_connection_may_do(status) : !extend->alive();
        give_back(std::move(extend));
        if (!lost) return status;  // the server's answer; a connection that just died is replaced silently
    }
    return open(ClientConnection::Kind::sync, false, syntaxes, auth, connection);
}

void Association::give_back(Ref<ClientConnection> connection) {
    Guard g(mutex_);
    if (connection->usable() && idle_.push_back(connection)) {
        const bool many = idle_.size() >= many_idle;
        g.unlock();
        if (many) notice_many_idle();
        return;
    }
    --open_count_;
    drop_dead();  // the server may have gone, and the others with it
    g.unlock();
    connection->close();
}

// The one that is taken first is the one that stays. Without memory they stay all.
void Association::take_surplus(Vector<Ref<ClientConnection>>& surplus) {
    Guard g(mutex_);
    for (size_t i = 0; idle_.size() > 1 && i + 1 < idle_.size();) {
        if (idle_[i]->quiet_since_last_look() && surplus.push_back(idle_[i])) {
            idle_.erase(i);
            --open_count_;
        } else {
            ++i;
        }
    }
    for (size_t i = queued_.size(); queued_.size() > 1 && i-- != 1;) {
        if (!queued_[i]->quiet_since_last_look() || !surplus.reserve(surplus.size() + 1) || !queued_[i]->reserve(true)) continue;
        (void)surplus.push_back(queued_[i]);
        queued_.erase(i);
        --open_count_;
    }
}

void Association::close_surplus() {
    Vector<Ref<Association>> all;
    {
        Guard g(g_table.mutex);
        for (Association* a = g_table.associations.front(); a; a = g_table.associations.next(a)) {
            if (!all.reserve(all.size() + 1)) break;
            if (a->try_add_ref()) (void)all.push_back(Ref<Association>::adopt(a));
        }
    }
    for (auto& association : all) {
        Vector<Ref<ClientConnection>> surplus;
        association->take_surplus(surplus);
        for (auto& connection : surplus) connection->close();
    }
}

Status Association::reserve_existing(const Syntaxes& syntaxes, const security::ClientAuth* auth, bool alone,
                                     Ref<ClientConnection>& connection) {
    using Fit = ClientConnection::Fit;
    Ref<ClientConnection> extend;
    Fit best = Fit::none;
    {
        Guard g(mutex_);
        drop_gone();
        // While a server builds a security context it takes nothing else ([MS-RPCE] 3.3.3), and when the login fails, which its first
        // call may be the first to hear, the connection may be lost: so who logs in is alone there until that call is over.
        for (auto& c : queued_) {
            const Fit fit = c->fit(syntaxes, auth);
            if (fit <= best || !c->reserve(alone || fit == Fit::login)) continue;
            if (extend) extend->put_back();  // nobody saw it taken: all who look hold our mutex
            extend = c;
            best = fit;
            if (fit == Fit::now) break;
        }
    }
    if (!extend) return Status::ok;
    Status status = best == Fit::now ? Status::ok : extend->extend(syntaxes, auth);
    if (!failed(status)) {
        connection = std::move(extend);
        return Status::ok;
    }
    extend->unreserve();
    const bool lost = best == Fit::login ? own_connection_may_do(status) : !extend->alive();
    return lost ? Status::ok : status;
}

Status Association::reserve(const Syntaxes& syntaxes, const security::ClientAuth* auth, Ref<ClientConnection>& connection,
                            bool alone) {
    // A peer that takes connections and drops them at once is not asked for ever.
    for (int opened = 0; opened < max_open_attempts;) {
        RPC_TRY(reserve_existing(syntaxes, auth, alone, connection));
        if (connection) return Status::ok;
        {
            Guard g(mutex_);
            size_t ours = 0;
            for (auto& c : queued_) ours += c->knows(auth);
            if (ours >= max_queued_connections && !alone) return Status::ok;
            if (opening_) {
                opened_.wait(mutex_);
                continue;  // what was opened may serve us
            }
            opening_ = true;
            drop_dead();  // a server that was started anew does not know their group
        }
        Ref<ClientConnection> made;
        RPC_TRY(open(ClientConnection::Kind::async, true, syntaxes, auth, made));
        ++opened;
        bool reserved = made->reserve(alone);
        Guard g(mutex_);
        if (!queued_.push_back(made)) {
            --open_count_;
            g.unlock();
            made->close();
            return Status::out_of_memory;
        }
        const bool many = queued_.size() >= many_idle;
        g.unlock();
        if (many) notice_many_idle();
        if (!reserved) continue;
        connection = std::move(made);
        return Status::ok;
    }
    return Status::call_failed_dne;
}

// ---- calls that wait ----

void Association::wait(WaitingCall& call) {
    call.add_ref();
    Guard g(mutex_);
    waiting_.push_back(&call);
    g.unlock();
    on_place_freed();  // one may have become free between reserve and here
}

bool Association::cancel_wait(WaitingCall& call) {
    Guard g(mutex_);
    for (WaitingCall* c = waiting_.front(); c; c = waiting_.next(c)) {
        if (c != &call) continue;
        waiting_.remove(c);
        g.unlock();
        call.release();
        return true;
    }
    return false;
}

void Association::on_place_freed() {
    Guard g(mutex_);
    if (waiting_.empty() || serving_) return;
    serving_ = true;
    g.unlock();
    add_ref();
    io::submit(*this);
}

void Association::run() {
    auto self = Ref<Association>::adopt(this);
    for (;;) {
        Ref<WaitingCall> call;
        {
            Guard g(mutex_);
            serving_ = false;
            call = Ref<WaitingCall>::share(waiting_.front());
            if (!call) return;
        }
        clear_thread_errors();  // what is noted is this call's
        Ref<ClientConnection> connection;
        Status status = reserve(call->syntaxes(), call->auth(), connection);
        if (!failed(status) && !connection) return;  // the next freed place comes back here
        if (cancel_wait(*call)) {
            call->on_place(std::move(connection), status);
        } else if (connection) {
            connection->unreserve();
        }
    }
}

}  // namespace rpc::link
