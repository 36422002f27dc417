#pragma once
// Endpoints of this process's own, one of every local protocol sequence, and bindings to them.
#include <windows.h>
#include <rpc.h>
#include <string>
#include <vector>

struct Endpoint {
    std::wstring protocol, endpoint;  // of a client's, network options may follow the endpoint: ENDPOINT,OPTION=...
};

inline RPC_WSTR wide(const std::wstring& text) { return reinterpret_cast<RPC_WSTR>(const_cast<wchar_t*>(text.c_str())); }

// ncalrpc, ncacn_np, ncacn_ip_tcp; `name` tells a program's from others'.
std::vector<Endpoint> own_endpoints(const std::wstring& name);
// Serves it. False, and a line that says why, when that fails.
bool offer(const Endpoint& endpoint);
// A new binding, or null; RpcBindingFree is the caller's.
handle_t bind(const Endpoint& endpoint);
