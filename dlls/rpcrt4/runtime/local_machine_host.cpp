#include "runtime/local_machine.h"

namespace rpc::runtime {

bool is_this_machine(std::string_view network_address) {
    return network_address.empty() || network_address == "localhost";
}

Status start_mapper_service() {
    return Status::server_unavailable;
}

}  // namespace rpc::runtime
