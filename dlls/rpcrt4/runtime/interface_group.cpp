#include "runtime/interface_group.h"

#include <algorithm>

#include "base/guard.h"
#include "base/os.h"
#include "runtime/convert.h"
#include "runtime/thread_state.h"

namespace rpc::runtime {

// One connection of a client's. It keeps the group until the connection has ended.
class InterfaceGroup::Client final : public link::DisconnectWatch, public ListLink<Client> {
public:
    Client(Ref<InterfaceGroup> group, Ref<io::Stream> stream) : group_(std::move(group)), stream_(std::move(stream)) {}
    void on_disconnect() override { group_->disconnected(*this); }
    io::Stream& stream() { return *stream_; }
    bool closed = false;  // by the group; guarded by its mutex

private:
    const Ref<InterfaceGroup> group_;
    const Ref<io::Stream> stream_;
};

// ---- on and off ----

void InterfaceGroup::settle() {
    while (state_ == State::opening || state_ == State::closing) changed_.wait(mutex_);
}

void InterfaceGroup::become(State state) {
    Guard g(mutex_);
    state_ = state;
    changed_.wake_all();
    activity_changed();
}

Status InterfaceGroup::activate() {
    RPC_TRY(io::start_timer());
    {
        Guard g(mutex_);
        settle();
        if (state_ == State::active) return Status::type_already_registered;
        state_ = State::opening;
        told_idle_ = false;
        idle_since_ms_ = 0;
    }
    const Status status = set_up();
    if (failed(status)) {
        become(State::closing);
        (void)failed(tell_mapper(false));
        take_down();
    }
    become(failed(status) ? State::inactive : State::active);
    return status;
}

// Interfaces first: an endpoint that is there can be called.
Status InterfaceGroup::set_up() {
    Server& server = Server::instance();
    for (Offer& offer : offers_) {
        offer.registration.group = this;
        RPC_TRY(server.register_interface(offer.registration));
    }
    for (const Place& place : places_)
        RPC_TRY(server.use_group_endpoint(*this, place.protocol.view(), place.endpoint.view(), place.backlog,
                                          place.security_descriptor.empty() ? nullptr : place.security_descriptor.data()));
    return places_.empty() ? Status::ok : tell_mapper(true);
}

Status InterfaceGroup::tell_mapper(bool here) {
    Vector<Ref<Binding>> names;
    RPC_TRY(bindings(names));
    Status first = Status::ok;
    for (const Offer& offer : offers_) {
        const RPC_SERVER_INTERFACE& spec = *offer.registration.spec;
        const endpoint_mapper::Entries entries{to_syntax(spec.InterfaceId), to_syntax(spec.TransferSyntax), {names.data(), names.size()},
                                               {offer.objects.data(), offer.objects.size()}, offer.annotation.view()};
        const Status status = here ? endpoint_mapper::insert(entries, true) : endpoint_mapper::remove(entries);
        if (!failed(first)) first = status;
        if (here && failed(status)) break;
    }
    return first;
}

void InterfaceGroup::take_down() {
    Server::instance().close_group_endpoints(*this);
    Server::instance().unregister_group(*this);
    close_clients();
}

void InterfaceGroup::close_clients() {
    for (;;) {
        Ref<Client> client;
        {
            Guard g(mutex_);
            for (Client* c = clients_.front(); c && !client; c = clients_.next(c))
                if (!std::exchange(c->closed, true)) client = Ref<Client>::share(c);
        }
        if (!client) return;
        client->stream().close();
    }
}

// Entries that the mapper does not have, or a mapper that does not answer, stop nothing.
Status InterfaceGroup::deactivate(bool force) {
    {
        Guard g(mutex_);
        settle();
        if (state_ == State::inactive) return Status::ok;
        if (!force && busy()) return Status::server_too_busy;
        state_ = force ? State::closing : State::opening;
    }
    (void)failed(tell_mapper(false));  // nobody finds it from here on; who has, may come yet
    bool busy_again;
    {
        Guard g(mutex_);
        busy_again = !force && busy();
        if (!busy_again) state_ = State::closing;  // whoever connects now is not wanted
    }
    if (busy_again) {
        const Status back = tell_mapper(true);
        become(State::active);
        return failed(back) ? back : Status::server_too_busy;
    }
    take_down();
    become(State::inactive);
    return Status::ok;
}

void InterfaceGroup::close() {
    (void)failed(deactivate(true));  // does not fail
    uint32_t own = 0;
    if (auto call = current_call()) own = static_cast<Interface&>(*call->iface).group.get() == this;
    Guard g(mutex_);
    if (queued_ && io::take_back(*this)) {
        queued_ = false;
        release();  // the work's; the handle has another
    }
    while (calls_ > own || telling_) changed_.wait(mutex_);
}

Status InterfaceGroup::bindings(Vector<Ref<Binding>>& out) {
    Vector<Server::EndpointName> names;
    RPC_TRY(Server::instance().endpoints(names, this));
    for (auto& name : names) {
        Ref<Binding> binding;
        RPC_TRY(Binding::create({{}, name.protocol->name, {}, name.endpoint.view(), {}}, nullptr, binding));
        if (!out.push_back(std::move(binding))) return Status::out_of_memory;
    }
    return Status::ok;
}

// ---- activity ----

Ref<link::ServerInterface> InterfaceGroup::find_interface(const wire::SyntaxId& abstract_syntax, const wire::SyntaxId& transfer_syntax,
                                                          wire::ProviderReason& why) {
    return Server::instance().find_group_interface(this, abstract_syntax, transfer_syntax, why);
}

Ref<link::DisconnectWatch> InterfaceGroup::admit(const Ref<io::Stream>& stream) {
    auto client = make_ref<Client>(Ref<InterfaceGroup>::share(this), stream);
    if (!client) return nullptr;
    Guard g(mutex_);
    if (state_ == State::inactive || state_ == State::closing) return nullptr;
    clients_.push_back(client.get());
    activity_changed();
    return client;
}

void InterfaceGroup::disconnected(Client& client) {
    Guard g(mutex_);
    clients_.remove(&client);
    activity_changed();
}

void InterfaceGroup::call_begins() {
    Guard g(mutex_);
    ++calls_;
    activity_changed();
}

void InterfaceGroup::call_ended() {
    Guard g(mutex_);
    --calls_;
    changed_.wake_all();
    activity_changed();
}

// ---- telling the program ----

void InterfaceGroup::activity_changed() {
    if (state_ != State::active || idle_period_ == never_idle) return;
    if (busy()) {
        idle_since_ms_ = 0;
        if (told_idle_) submit_later(0);
        return;
    }
    if (idle_since_ms_ == 0) idle_since_ms_ = std::max<uint64_t>(os::now_ms(), 1);
    submit_later(idle_period_ < UINT32_MAX / 1000 ? idle_period_ * 1000 : UINT32_MAX);
}

// Who is due later already is asked anew then.
void InterfaceGroup::submit_later(uint32_t ms) {
    if (telling_) return;  // looks again before it ends
    if (queued_ && (ms != 0 || !io::take_back(*this))) return;
    if (!queued_) add_ref();
    queued_ = true;
    io::submit_after(*this, ms);
}

// One at a time, and what is true when it is told: changes that came and went meanwhile are not.
void InterfaceGroup::run() {
    auto self = Ref<InterfaceGroup>::adopt(this);
    Guard g(mutex_);
    queued_ = false;
    telling_ = true;
    while (state_ == State::active) {
        const uint64_t idle_ms = busy() ? 0 : os::now_ms() - idle_since_ms_;
        const bool idle = !busy() && idle_ms >= uint64_t{idle_period_} * 1000;
        if (idle == told_idle_) {
            if (busy() || idle) break;
            telling_ = false;
            submit_later(static_cast<uint32_t>(std::min<uint64_t>(uint64_t{idle_period_} * 1000 - idle_ms, UINT32_MAX)));
            break;
        }
        told_idle_ = idle;
        mutex_.unlock();
        (void)call_guarded([&] { callback_(this, context_, idle); });  // what it raises is its own affair
        mutex_.lock();
    }
    telling_ = false;
    changed_.wake_all();
}

}  // namespace rpc::runtime
