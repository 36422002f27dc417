// Family management: waiting for the end of listening, threads and connections. Sources: the documentation page of each function.
#include "abi/export.h"
#include "io/executor.h"
#include "link/idle.h"
#include "runtime/server.h"
#include "runtime/thread_cancel.h"

RPC_EXPORT(RPC_STATUS, RpcMgmtWaitServerListen)(void) {
    return rpc::abi::to_rpc(rpc::runtime::Server::instance().wait_listen());
}

// How long calls of this thread wait for the server after RpcCancelThread, in seconds; 0: not at all.
RPC_EXPORT(RPC_STATUS, RpcMgmtSetCancelTimeout)(long Timeout) { 
    return rpc::abi::to_rpc(rpc::runtime::set_cancel_timeout(Timeout));
}

// For threads that are made from now on. 0: what the program's image says; more than a thread could ever have is refused.
RPC_EXPORT(RPC_STATUS, RpcMgmtSetServerStackSize)(unsigned long ThreadStackSize) {
    constexpr unsigned long most = 1ul << 30;
    if (ThreadStackSize > most) return RPC_S_INVALID_ARG;
    rpc::io::set_thread_stack(ThreadStackSize);
    return RPC_S_OK;
}

RPC_EXPORT(RPC_STATUS, RpcMgmtEnableIdleCleanup)(void) {
    return rpc::abi::to_rpc(rpc::link::enable_idle_cleanup());
}
