#pragma once
// What a client shares with one server endpoint: its connections and its association group. Every binding to that endpoint,
// and every call until it is destroyed, holds a reference; the last one closes the connections. Synchronous and
// asynchronous calls never share a connection, nor do an identity's and nobody's. Identities share one where its peer multiplexes
// security contexts.
// Sources: C706 chapter 9.3.2, RPC:managing-network-connection-sets-associations-, [MS-RPCE] 3.3.1.5.4.
#include "base/mutex.h"
#include "base/str.h"
#include "base/vector.h"
#include "link/client_connection.h"

namespace rpc::link {

// An asynchronous call that found no free connection: waits in the association for one.
class WaitingCall : public OutboundCall {
public:
    // A connection with a place reserved for it is here (the call starts on it), or none can be had: `why`. Pool thread, unlocked.
    virtual void on_place(Ref<ClientConnection> connection, Status why) = 0;
    virtual const Syntaxes& syntaxes() const = 0;
    // Who it is made as; null: nobody.
    virtual const security::ClientAuth* auth() const { return nullptr; }
};

struct InTable;   // the tag of the list of all associations
struct InLinger;  // of those that outlive their last binding (link/idle.h)

class Association final : public RefCounted<Association>, public ListLink<InTable>, public ListLink<InLinger>, ConnectionOwner, io::Work {
public:
    Association(const io::Protocol& protocol, io::Address address) : protocol_(protocol), address_(std::move(address)) {}
    ~Association();
    // The process's association with that endpoint, made when there is none. Texts compare without case. out_of_memory.
    static Status find(const io::Protocol& protocol, io::Address address, Ref<Association>& association);

    // One that nobody else finds (RPC_C_OPT_UNIQUE_BINDING).
    static Status make_own(const io::Protocol& protocol, io::Address address, Ref<Association>& association);

    const io::Protocol& protocol() const { return protocol_; }
    const io::Address& address() const { return address_; }

    // How patient its connections are, on the scale of communications time-outs (link/com_timeout.h). A hint, which the last one gave.
    void use_com_timeout(uint32_t scale) { com_timeout_.store(scale, std::memory_order_relaxed); }

    // RPC_C_OPT_DONT_LINGER: for all its bindings, as the last one said.
    void set_lingers(bool lingers) { lingers_.store(lingers, std::memory_order_relaxed); }
    // Whether it is worth it: others can find it, and it has a connection.
    bool may_linger() EXCLUDES(mutex_);
    // Connections whose peer has gone are forgotten; asks the transport.
    void forget_dead() EXCLUDES(mutex_);
    // Under the lock of those that linger (link/idle.cpp).
    uint32_t& users() { return users_; }
    uint64_t lingers_until() const { return lingers_until_; }
    void linger_until(uint64_t when) { lingers_until_ = when; }

    // In all associations, closes connections that were not used since the last time this was called, but for one of each mode: a
    // server that has lost the last one forgets its client.
    static void close_surplus();

    // A synchronous connection that has the presentation context, for this caller alone until give_back. Opens one, or adds the
    // context, where none is idle; blocks. One that was idle may have lost its peer: perform finds out.
    Status lease(const Syntaxes& syntaxes, const security::ClientAuth* auth, Ref<ClientConnection>& connection) EXCLUDES(mutex_);
    void give_back(Ref<ClientConnection> connection) EXCLUDES(mutex_);

    // An asynchronous connection with the context and a place reserved. Null with ok: the peer does not multiplex and as
    // many connections as we allow are busy; the call may wait(). `alone`: never null, for a call that shares with none.
    Status reserve(const Syntaxes& syntaxes, const security::ClientAuth* auth, Ref<ClientConnection>& connection, bool alone = false)
        EXCLUDES(mutex_);
    // Keeps a reference on the call until on_place, or until cancel_wait took it back (true: on_place will not come).
    void wait(WaitingCall& call) EXCLUDES(mutex_);
    bool cancel_wait(WaitingCall& call) EXCLUDES(mutex_);

private:
    void on_place_freed() override EXCLUDES(mutex_);
    void run() override EXCLUDES(mutex_);  // serves the waiting calls
    // `claimed`: the caller has set opening_, which ends with this.
    Status open(ClientConnection::Kind kind, bool claimed, const Syntaxes& syntaxes, const security::ClientAuth* auth,
                Ref<ClientConnection>& connection) EXCLUDES(mutex_);
    void opened(bool claimed, bool success, uint32_t group) EXCLUDES(mutex_);
    void drop_dead() REQUIRES(mutex_);
    void drop_gone() REQUIRES(mutex_);  // of the queued ones, which costs nothing while they have calls
    Status take_or_open(const Syntaxes& syntaxes, const security::ClientAuth* auth, Ref<ClientConnection>& connection) EXCLUDES(mutex_);
    void take_surplus(Vector<Ref<ClientConnection>>& surplus) EXCLUDES(mutex_);
    bool take_idle(const Syntaxes& syntaxes, const security::ClientAuth* auth, Ref<ClientConnection>& connection) REQUIRES(mutex_);
    Status reserve_existing(const Syntaxes& syntaxes, const security::ClientAuth* auth, bool alone, Ref<ClientConnection>& connection)
        EXCLUDES(mutex_);

    const io::Protocol& protocol_;
    const io::Address address_;

    std::atomic<uint32_t> com_timeout_{default_com_timeout};
    std::atomic<bool> lingers_{true};
    uint32_t users_ = 0;
    uint64_t lingers_until_ = 0;  // os::now_ms
    Mutex mutex_;
    Condition opened_;
    Vector<Ref<ClientConnection>> idle_ GUARDED_BY(mutex_);   // synchronous, not leased
    Vector<Ref<ClientConnection>> queued_ GUARDED_BY(mutex_);  // asynchronous, all
    List<WaitingCall> waiting_ GUARDED_BY(mutex_);
    size_t open_count_ GUARDED_BY(mutex_) = 0;  // connections known to be in the group
    uint32_t group_ GUARDED_BY(mutex_) = 0;
    bool opening_ GUARDED_BY(mutex_) = false;       // the first of the group, or an asynchronous one, is on its way
    bool serving_ GUARDED_BY(mutex_) = false;       // run() is queued or runs
};

}  // namespace rpc::link
