/* The headers together, found in the usual order, as C and with names in Unicode. */
#define UNICODE
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <rpcproxy.h>
#include <midles.h>
#include <rpcssl.h>
#include <rpcgroup.h>

#include "layout.inc"

size_t declared_as_c(void) {
    RPC_CALL_ATTRIBUTES_V2 attributes = {0};
    RPC_CALL_ATTRIBUTES_V3 more = {0};
    RPC_CALL_LOCAL_ADDRESS address = {0};
    RPC_ASYNC_STATE state = {0};
    attributes.CallLocalAddress = &address;
    more.CallLocalAddress = &address;
    state.RuntimeInfo = &state;
    if (RpcAsyncGetCallHandle(&state) != &state || attributes.CallLocalAddress != more.CallLocalAddress) return 0;
    return sizeof declared / sizeof declared[0];
}
