#pragma once
// Interface groups: a server's interfaces and endpoints as one thing that is switched on and off, and says when nobody uses it.
// Sources: the documentation pages of RpcServerInterfaceGroupCreate and its kin, RPC_INTERFACE_TEMPLATE, RPC_ENDPOINT_TEMPLATE,
// RPC_INTERFACE_GROUP_IDLE_CALLBACK_FN.
//
// Activity is a client's connection to one of the endpoints, or a call: a client that is connected may hold context handles, or call
// at any time.
#include "io/timer.h"
#include "runtime/endpoint_mapper.h"
#include "runtime/server.h"

namespace rpc::runtime {

// RPC_INTERFACE_GROUP_IDLE_CALLBACK_FN.
using IdleCallback = void(RPC_ENTRY*)(void* group, void* context, ULong32 is_idle);

class InterfaceGroup final : public ServerGroup, io::DelayedWork {
public:
    static constexpr uint32_t never_idle = UINT32_MAX;  // seconds: INFINITE

    struct Offer {
        Server::Registration registration;  // of which `group` is set here
        Vector<Uuid> objects;
        Str annotation;
    };
    struct Place {
        Str protocol;
        Str endpoint;  // empty: a dynamic one
        uint32_t backlog;
        Buffer security_descriptor;  // self-relative; empty: the default
    };
    // `idle_period` in seconds; `callback` may be null with never_idle only.
    InterfaceGroup(Vector<Offer> offers, Vector<Place> places, uint32_t idle_period, IdleCallback callback, void* context)
        : offers_(std::move(offers)), places_(std::move(places)), idle_period_(idle_period), callback_(callback), context_(context) {}

    // Endpoints, interfaces, the endpoint mapper's entries; all or nothing. Calls may come before it returns.
    // type_already_registered: it is active.
    Status activate() EXCLUDES(mutex_);
    // server_too_busy: not `force` and there is activity; it goes on then. With `force` its connections are closed. Does not wait
    // for calls.
    Status deactivate(bool force) EXCLUDES(mutex_);
    // deactivate(true), and when the idle callback has returned and no manager runs, nothing of the group will any more. Not from
    // the callback; a manager's own call is not waited for.
    void close() EXCLUDES(mutex_);
    // no_bindings: it is not active, or has no endpoint.
    Status bindings(Vector<Ref<Binding>>& out) EXCLUDES(mutex_);

    // ServerGroup
    Ref<link::DisconnectWatch> admit(const Ref<io::Stream>& stream) override EXCLUDES(mutex_);
    void call_begins() override EXCLUDES(mutex_);
    void call_ended() override EXCLUDES(mutex_);
    // link::ServerHost
    Ref<link::ServerInterface> find_interface(const wire::SyntaxId& abstract_syntax, const wire::SyntaxId& transfer_syntax,
                                              wire::ProviderReason& why) override;
    Ref<link::InboundCall> make_call() override { return Server::instance().make_call(); }
    Status accept_security(uint8_t service, security::Level level, Ref<security::Context>& context) override {
        return Server::instance().accept_security(service, level, context);
    }

private:
    class Client;
    enum class State : uint8_t { inactive, opening, active, closing };
    Status set_up();
    Status tell_mapper(bool here);
    void take_down();
    void close_clients() EXCLUDES(mutex_);
    void become(State state) EXCLUDES(mutex_);
    void settle() REQUIRES(mutex_);  // waits until nobody switches
    void disconnected(Client& client) EXCLUDES(mutex_);
    bool busy() const REQUIRES(mutex_) { return !clients_.empty() || calls_ != 0; }
    void activity_changed() REQUIRES(mutex_);
    void submit_later(uint32_t ms) REQUIRES(mutex_);
    void run() override EXCLUDES(mutex_);  // tells the program

    Vector<Offer> offers_;
    Vector<Place> places_;
    const uint32_t idle_period_;
    const IdleCallback callback_;
    void* const context_;

    Mutex mutex_;
    Condition changed_;
    List<Client, Client> clients_ GUARDED_BY(mutex_);
    uint32_t calls_ GUARDED_BY(mutex_) = 0;
    State state_ GUARDED_BY(mutex_) = State::inactive;
    uint64_t idle_since_ms_ GUARDED_BY(mutex_) = 0;  // while there is no activity
    bool told_idle_ GUARDED_BY(mutex_) = false;      // what the program heard last
    bool queued_ GUARDED_BY(mutex_) = false;         // run() waits for its time or for a thread, with a reference
    bool telling_ GUARDED_BY(mutex_) = false;        // run() runs
};

}  // namespace rpc::runtime
