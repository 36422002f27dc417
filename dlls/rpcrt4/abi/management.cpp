// Family management: waiting for the end of listening. Sources: the documentation page of each function.
#include "abi/export.h"
#include "runtime/server.h"
#include "runtime/thread_cancel.h"

RPC_EXPORT(RPC_STATUS, RpcMgmtWaitServerListen)(void) {
    return rpc::abi::to_rpc(rpc::runtime::Server::instance().wait_listen());
}

// How long calls of this thread wait for the server after RpcCancelThread, in seconds; 0: not at all.
RPC_EXPORT(RPC_STATUS, RpcMgmtSetCancelTimeout)(long Timeout) { 
    return rpc::abi::to_rpc(rpc::runtime::set_cancel_timeout(Timeout));
}
