#pragma once
// WinHTTP, loaded when the first connection over HTTP is wanted: this DLL must not pull it into every process.
#include <windows.h>
#include <winhttp.h>

namespace rpc::io {

#define RPC_WINHTTP_FUNCTIONS(X)                                                                                            \
    X(WinHttpOpen) X(WinHttpConnect) X(WinHttpOpenRequest) X(WinHttpAddRequestHeaders) X(WinHttpSendRequest)                 \
    X(WinHttpReceiveResponse) X(WinHttpQueryDataAvailable) X(WinHttpReadData) X(WinHttpWriteData) X(WinHttpQueryHeaders)     \
    X(WinHttpQueryAuthSchemes) X(WinHttpSetOption) X(WinHttpQueryOption) X(WinHttpSetTimeouts) X(WinHttpSetStatusCallback)    \
    X(WinHttpCloseHandle)

struct WinHttp {
#define RPC_WINHTTP_POINTER(name) decltype(&::name) name;
    RPC_WINHTTP_FUNCTIONS(RPC_WINHTTP_POINTER)
#undef RPC_WINHTTP_POINTER
};

// The table, or null when the system has none. Any thread; not under the loader lock.
const WinHttp* winhttp();

}  // namespace rpc::io
