// Family management: waiting for the end of listening. Sources: the documentation page of each function.
#include "abi/export.h"
#include "runtime/server.h"

RPC_EXPORT(RPC_STATUS, RpcMgmtWaitServerListen)(void) {
    return rpc::abi::to_rpc(rpc::runtime::Server::instance().wait_listen());
}
