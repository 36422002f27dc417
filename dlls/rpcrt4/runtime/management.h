#pragma once
// Remote management: questions to any RPC server about itself, asked and answered. Sources: C706 appendix Q (mgmt.idl),
// the documentation pages of RpcMgmtInqIfIds and its kin.
#include "base/abi_types.h"
#include "runtime/binding.h"

namespace rpc::runtime {

class Server;

namespace management {

// The operations of the interface in the order of their numbers; RPC_C_MGMT_x.
enum class Operation : uint16_t { inq_if_ids, inq_stats, is_server_listening, stop_server_listening, inq_princ_name };

// RPC_C_STATS_x.
constexpr size_t statistics_count = 4;
struct Statistics {
    uint32_t values[statistics_count];  // calls in, calls out, packets in, packets out
};
Statistics statistics();
// For the statistics: this process makes a call.
void count_call_out();

// ---- the server's side ----
// RPC_MGMT_AUTHORIZATION_FN; its `int` is a BOOL.
using Authorization = int(RPC_ENTRY*)(void* client, ULong32 operation, RPC_STATUS* status);
// Null: the defaults, which refuse stop_server_listening alone.
void set_authorization(Authorization authorization);
// Registers the interface with the server, once.
Status serve(Server& server);
const RPC_SERVER_INTERFACE* server_interface();

// ---- the client's; each blocks. The call's failure, or what the server answered ----
Status inquire_interfaces(Binding& server, Vector<wire::SyntaxId>& ids);
Status inquire_statistics(Binding& server, Statistics& out);
// ok, or not_listening.
Status is_listening(Binding& server);
Status stop_listening(Binding& server);
Status inquire_principal(Binding& server, uint32_t authentication_service, Str& name);

}  // namespace management
}  // namespace rpc::runtime
