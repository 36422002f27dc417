#include "stub/comm_status.h"

namespace rpc::stub {

bool is_comm_status(Status status) {
    switch (status) {
    case Status::access_denied:
    case Status::out_of_memory:
    case Status::invalid_binding:
    case Status::wrong_kind_of_binding:
    case Status::protseq_not_supported:
    case Status::invalid_rpc_protseq:
    case Status::invalid_endpoint_format:
    case Status::invalid_net_addr:
    case Status::no_endpoint_found:
    case Status::not_listening:
    case Status::unknown_if:
    case Status::no_bindings:
    case Status::no_protseqs:
    case Status::out_of_resources:
    case Status::server_unavailable:
    case Status::server_too_busy:
    case Status::no_call_active:
    case Status::call_failed:
    case Status::call_failed_dne:
    case Status::protocol_error:
    case Status::unsupported_trans_syn:
    case Status::unsupported_type:
    case Status::unknown_authn_service:
    case Status::procnum_out_of_range:
    case Status::ept_not_registered:
    case Status::interface_not_found:
    case Status::name_service_unavailable:
    case Status::cannot_support:
    case Status::call_cancelled:
    case Status::binding_incomplete:
    case Status::comm_failure:
    case Status::unsupported_authn_level:
    case Status::sec_pkg_error:
        return true;
    default:
        return false;
    }
}

}  // namespace rpc::stub
