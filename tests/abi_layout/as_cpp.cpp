// The headers the other way round, as C++, and the test program: that it compiled is most of the test.
#include <rpc.h>
#include <rpcndr.h>
#include <rpcasync.h>
#include <rpctry.h>
#include <rpcgroup.h>

#include <stdio.h>

#include "layout.inc"

extern "C" size_t declared_as_c(void);

int main() {
    size_t cpp = sizeof declared / sizeof declared[0];
    size_t c = declared_as_c();
    bool same = c == cpp;
    for (size_t i = 0; i < cpp; ++i) same = same && declared[i] != nullptr;
    RPC_ASYNC_STATE state;
    memset(&state, 0xAA, sizeof state);
    // The structure and the runtime agree about its size.
    RPC_STATUS status = RpcAsyncInitializeHandle(&state, sizeof state);
    bool known = status == RPC_S_OK ? state.Signature == 0x43595341 : status == RPC_S_CANNOT_SUPPORT;
    printf("abi_layout: %u declarations as C, %u as C++, RpcAsyncInitializeHandle %ld: %s\n", unsigned(c), unsigned(cpp), status,
           same && known ? "passed" : "FAILED");
    return !(same && known);
}
