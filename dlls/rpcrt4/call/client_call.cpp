#include "call/client_call.h"

#include <algorithm>

#include "base/guard.h"
#include "base/log.h"
#include "base/os.h"
#include "wire/error_info.h"

namespace rpc::call {
namespace {

constexpr size_t max_hint = 1 << 20;  // of the peer's alloc_hint we believe that much,
constexpr size_t hint_factor = 256;   // and that many times what came with it

}  // namespace

ClientCall::ClientCall(Ref<link::Association> association, const link::Syntaxes& syntaxes, uint16_t opnum, uint8_t pdu_flags,
                       const Uuid* object, Ref<const security::ClientAuth> auth)
    : association_(std::move(association)), auth_(std::move(auth)) {
    send_.syntaxes = syntaxes;
    send_.auth = auth_.get();
    send_.opnum = opnum;
    send_.flags = pdu_flags;
    if (object) {
        object_ = *object;
        send_.object = &object_;
    }
}

ClientCall::~ClientCall() {
    if (transfer_) transfer_->end(Status::call_failed);
    Guard g(mutex_);
    auto connection = std::move(connection_);
    bool unused = phase_ == Phase::idle;
    g.unlock();
    if (!connection || !association_) return;
    if (!async_connection_)
        association_->give_back(std::move(connection));
    else if (unused)
        connection->unreserve();
}

Status ClientCall::connect(bool async) {
    async_connection_ = async;
    Ref<link::ClientConnection> connection;
    RPC_TRY(async ? reserve(connection) : association_->lease(send_.syntaxes, auth(), connection));
    Guard g(mutex_);
    connection_ = std::move(connection);
    return Status::ok;
}

Status ClientCall::reserve(Ref<link::ClientConnection>& connection) {
    return association_->reserve(send_.syntaxes, auth(), connection, transfer_ ? true : false);
}

Status ClientCall::start_on(link::ClientConnection& connection) {
    if (transfer_) {
        transfer_->set_stream(Ref<io::Stream>::share(connection.stream()));
        if (!connection.shows_features()) transfer_->spare_peer();
    }
    return connection.start(*this, send_, body);
}

void ClientCall::tie(RPC_ASYNC_STATE* state, Notification notification, AsyncStub* stub) {
    state_ = state;
    notification_ = std::move(notification);
    Guard g(mutex_);
    stub_.reset(stub);
}

void ClientCall::untie() {
    state_ = nullptr;
    notification_.clear();
    Guard g(mutex_);
    (void)stub_.release();
}

Ref<link::ClientConnection> ClientCall::connection() {
    Guard g(mutex_);
    return connection_;
}

Status ClientCall::perform() {
    auto connection = this->connection();
    if (!connection) return Status::invalid_binding;
    {
        Guard g(mutex_);
        if (phase_ != Phase::idle) return Status::invalid_binding;
        phase_ = Phase::pending;
    }
    if (log::enabled(log::Level::debug)) started_ms_ = os::now_ms();
    trace_issued();
    Status status = connection->perform(*this, send_, body);
    if (status == Status::call_failed_dne && body.allocated()) {
        // The connection had died unused; nothing was sent, so another may be tried (RPC:dealing-with-loss-of-connectivity).
        Guard g(mutex_);
        connection_.reset();
        g.unlock();
        association_->give_back(std::move(connection));
        status = connect(false);
        connection = this->connection();
        if (!failed(status)) status = connection->perform(*this, send_, body);
    }
    if (failed(status)) {
        on_end(status);
        return this->status();  // whatever failed has said so itself
    }
    status = this->status();
    if (failed(status)) tell_errors(status);
    return status;
}

void ClientCall::begin() {
    Guard g(mutex_);
    phase_ = Phase::pending;
}

Status ClientCall::start() {
    auto connection = this->connection();
    bool waits = !connection;
    {
        Guard g(mutex_);
        if (phase_ != Phase::idle) return Status::invalid_async_call;
        phase_ = Phase::pending;
        waiting_ = waits;
        if (log::enabled(log::Level::debug)) started_ms_ = os::now_ms();
    }
    trace_issued();
    if (waits) {
        association_->wait(*this);
        return Status::ok;
    }
    Status status = start_on(*connection);
    if (status == Status::call_failed_dne && body.allocated()) {
        Ref<link::ClientConnection> other;
        status = reserve(other);
        {
            Guard g(mutex_);
            connection_ = other;
            waiting_ = !failed(status) && !other;
        }
        if (!failed(status)) {
            if (!other) return association_->wait(*this), Status::ok;
            status = start_on(*other);
            connection = std::move(other);
        }
    }
    if (!failed(status)) {
        trace_.step("sent");
        catch_up(*connection);
        return Status::ok;
    }
    Guard g(mutex_);
    phase_ = Phase::collected;  // nothing is out, nothing will be told
    g.unlock();
    if (transfer_) transfer_->end(status);
    return status;
}

void ClientCall::on_place(Ref<link::ClientConnection> connection, Status why) {
    {
        Guard g(mutex_);
        waiting_ = false;
        if (phase_ != Phase::pending) {
            g.unlock();
            if (connection) connection->unreserve();
            return;
        }
        connection_ = connection;
    }
    if (!failed(why)) why = connection->start(*this, send_, body);
    if (why == Status::call_failed_dne && body.allocated() && !waited_again_) {
        // The place was in a connection that died unused: wait for another.
        waited_again_ = true;
        Guard g(mutex_);
        if (phase_ != Phase::pending) return;
        connection_.reset();
        waiting_ = true;
        g.unlock();
        return association_->wait(*this);
    }
    if (failed(why)) {
        {
            Guard g(mutex_);
            errors_ = take_thread_errors();
            errors_whole_ = true;
        }
        return on_end(why);
    }
    trace_.step("sent");
    catch_up(*connection);
}

// A cancel that came while the call was on its way to the connection did not find it there.
void ClientCall::catch_up(link::ClientConnection& connection) {
    bool given_up, cancelled;
    {
        Guard g(mutex_);
        given_up = phase_ != Phase::pending;
        cancelled = cancel_wanted_;
    }
    if (given_up)
        connection.abandon(*this);  // nothing where the call has ended in order
    else if (cancelled)
        connection.cancel(*this);
}

Status ClientCall::status() {
    Guard g(mutex_);
    return phase_ == Phase::finished || phase_ == Phase::collected ? result_ : Status::call_pending;
}

Status ClientCall::on_stub_data(ByteView stub, uint32_t alloc_hint, uint32_t data_representation) {
    if (transfer_) {
        {
            Guard g(mutex_);
            reply_data_representation = data_representation;
        }
        return transfer_->arrive(stub);
    }
    Guard g(mutex_);
    if (phase_ != Phase::pending) return Status::ok;  // given up: what still comes is dropped
    reply_data_representation = data_representation;
    if (stub.size() > UINT32_MAX - reply.size()) return Status::out_of_memory;
    if (reply.empty() && alloc_hint > stub.size() &&
        !reply.reserve(std::min({size_t{alloc_hint}, max_hint, stub.size() * hint_factor})))
        return Status::out_of_memory;
    return reply.reserve_brief(reply.size() + stub.size()) && reply.append(stub) ? Status::ok : Status::out_of_memory;
}

void ClientCall::on_fault(uint32_t wire_status, ByteView error_info) {
    ErrorChain errors;
    if (!error_info.empty() && failed(wire::decode_error_info(error_info, errors)))
        RPC_LOG(warn, "a fault's extended error information was not understood");
    Guard g(mutex_);
    if (phase_ != Phase::pending) return;
    errors_ = std::move(errors);
    fault_ = wire_status;
}

Status ClientCall::on_callback(link::CallbackRequest& request, link::OutgoingBody& reply, bool& executed) {
    if (!callbacks_) return Status::procnum_out_of_range;
    trace_.step("called back");
    return callbacks_->serve(callback_interface_, request, reply, executed);
}

void ClientCall::tell_errors(Status status) {
    ErrorChain errors;
    uint32_t fault;
    bool whole;
    {
        Guard g(mutex_);
        errors = std::move(errors_);
        fault = fault_;
        whole = errors_whole_;
    }
    if (!errors.empty() || asynchronous()) set_thread_errors(std::move(errors));
    const ErrorChain* told = thread_errors(false);
    if (whole || (fault == 0 && told && !told->empty() && (*told)[told->size() - 1]->status == code(status))) return;
    note_error(ErrorComponent::runtime, code(status), detected::receive_reply, {fault});
}

void ClientCall::on_end(Status status) {
    const RPC_ASYNC_EVENT event = RpcCallComplete;
    auto keep = Ref<ClientCall>::share(this);  // the program may collect the call as soon as it knows
    bool told = true;
    if (transfer_ && !failed(status)) transfer_->arrived(status);
    {
        Guard g(mutex_);
        if (phase_ != Phase::pending) return;
        if (reading_ && !failed(status)) {
            reply_whole_ = true;
            return;
        }
        // Before anybody can know: a program that polls may free its structure as soon as it does.
        if (state_) told = copy_guarded(&state_->Event, &event, sizeof event);
        phase_ = Phase::finished;
        result_ = status;
    }
    if (transfer_ && failed(status)) transfer_->end(status);
    trace_.step("completed", status);
    log_end(status);
    if (!told) RPC_LOG(warn, "async state %p vanished under its call", static_cast<void*>(state_));
    if (state_ && told) notification_.deliver(state_, event);
}

void ClientCall::trace_issued() {
    if (!log::enabled(log::Level::trace)) return;
    trace_.step("issued", send_.syntaxes.abstract_syntax.uuid, send_.opnum, association_ ? association_->protocol().name : "?",
                association_ ? association_->address().network_address.c_str() : "",
                association_ ? association_->address().endpoint.c_str() : "", asynchronous());
}

// The one line of a call.
void ClientCall::log_end(Status status) const {
    if (!log::enabled(log::Level::debug)) return;
    const Uuid& iface = send_.syntaxes.abstract_syntax.uuid;
    RPC_LOG(debug, "client call %08x-%04x-%04x opnum %u, %s:%s[%s]%s: status %u, %u ms", iface.data1, iface.data2, iface.data3,
            send_.opnum, association_ ? association_->protocol().name : "?",
            association_ ? association_->address().network_address.c_str() : "",
            association_ ? association_->address().endpoint.c_str() : "", state_ ? ", asynchronous" : "", code(status),
            started_ms_ ? static_cast<unsigned>(os::now_ms() - started_ms_) : 0);
}

void ClientCall::cancel(bool abort) {
    Ref<link::ClientConnection> connection;
    {
        Guard g(mutex_);
        if (phase_ != Phase::pending) return;
        cancel_wanted_ = true;
        if (!waiting_) connection = connection_;
    }
    trace_.step("cancelled");
    if (!abort) {
        if (connection) connection->cancel(*this);
        return;
    }
    auto keep = Ref<ClientCall>::share(this);
    on_end(Status::call_cancelled);
    bool waiting;
    {
        Guard g(mutex_);
        waiting = waiting_;
        connection = connection_;
    }
    if (waiting && association_) association_->cancel_wait(*this);
    if (connection) connection->abandon(*this);
}

void ClientCall::cancel_within(uint32_t wait_ms) {
    if (transfer_) {
        if (wait_ms != wait_forever) transfer_->give_up_at(os::now_ms() + wait_ms);
        return cancel(false);
    }
    if (wait_ms != wait_forever) {
        const uint64_t until = os::now_ms() + wait_ms;
        uint64_t known = give_up_at_;
        while (until < known && !give_up_at_.compare_exchange_weak(known, until)) {
        }
    }
    cancel_asked_ = true;
    if (auto connection = this->connection()) connection->interrupt(*this);
}

bool ClientCall::collect() {
    Guard g(mutex_);
    if (phase_ != Phase::finished) return false;
    phase_ = Phase::collected;
    g.unlock();
    trace_.step("collected");
    return true;
}

Owned<AsyncStub> ClientCall::take_stub() {
    Guard g(mutex_);
    return std::move(stub_);
}

}  // namespace rpc::call
