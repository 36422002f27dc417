// Where a server is reached.
#include "base/log.h"
#include "io/capture.h"
#include "runtime/error_policy.h"
#include "runtime/management.h"
#include "runtime/server.h"

namespace rpc::runtime {

Status Server::use_endpoint(std::string_view protocol, std::string_view endpoint, uint32_t backlog,
                            const void* security_descriptor) {
    return open_endpoint(protocol, endpoint, {backlog, security_descriptor}, nullptr);
}

Status Server::use_group_endpoint(ServerGroup& group, std::string_view protocol, std::string_view endpoint, uint32_t backlog,
                                  const void* security_descriptor) {
    return open_endpoint(protocol, endpoint, {backlog, security_descriptor}, &group);
}

Status Server::open_endpoint(std::string_view name, std::string_view endpoint, const io::ListenOptions& options,
                             ServerGroup* group) {
    const io::Protocol* protocol = io::find_protocol(name);
    if (!protocol) return name.empty() ? Status::invalid_rpc_protseq : Status::protseq_not_supported;
    if (!protocol->listen) return Status::protseq_not_supported;
    if (!endpoint.empty() && !protocol->endpoint_valid(endpoint)) return Status::invalid_endpoint_format;
    RPC_TRY(io::start_executor());
    apply_error_policy();
    RPC_TRY(management::serve(*this));
    Owned<Endpoint> made(make<Endpoint>(*this, *protocol, group));
    if (!made) return Status::out_of_memory;
    RPC_TRY(protocol->listen(endpoint, options, *made, made->acceptor));
    Guard g(mutex_);
    if (endpoints_.reserve(endpoints_.size() + 1)) {
        (void)endpoints_.push_back(std::move(made));
        return Status::ok;
    }
    g.unlock();
    made->acceptor->close();
    return Status::out_of_memory;
}

void Server::close_group_endpoints(const ServerGroup& group) {
    for (;;) {
        Owned<Endpoint> endpoint;
        {
            Guard g(mutex_);
            for (size_t i = 0; !endpoint && i < endpoints_.size(); ++i) {
                if (endpoints_[i]->group != &group) continue;
                endpoint = std::move(endpoints_[i]);
                endpoints_.erase(i);
            }
        }
        if (!endpoint) return;
        endpoint->acceptor->close();
    }
}

void Server::Endpoint::on_accept(Ref<io::Stream> stream, io::WorkList&) {
    stream = io::captured(std::move(stream), io::Side::server, protocol, {}, acceptor->endpoint());
    Ref<link::DisconnectWatch> watch;
    if (group) {
        watch = group->admit(stream);
        if (!watch) return stream->close();
    }
    link::ServerHost& host = group ? static_cast<link::ServerHost&>(*group) : server;
    Status status = link::ServerConnection::serve(std::move(stream), protocol, acceptor->endpoint(), host, std::move(watch));
    if (failed(status)) RPC_LOG(warn, "a connection could not be served: status %u", code(status));
}

Status Server::endpoints(Vector<EndpointName>& out, const ServerGroup* group) {
    Guard g(mutex_);
    for (auto& e : endpoints_) {
        if (e->group != group) continue;
        EndpointName name{&e->protocol, {}};
        if (!name.endpoint.assign(e->acceptor->endpoint()) || !out.push_back(std::move(name)))
            return Status::out_of_memory;
    }
    return out.empty() ? Status::no_bindings : Status::ok;
}

}  // namespace rpc::runtime
