#include "support/endpoints.h"
#include <stdio.h>
#include <algorithm>

std::vector<Endpoint> own_endpoints(const std::wstring& name) {
    const std::wstring number = std::to_wstring(20000 + GetCurrentProcessId() % 20000);
    return {{L"ncalrpc", name + L"-" + number}, {L"ncacn_np", L"\\pipe\\" + name + L"-" + number}, {L"ncacn_ip_tcp", number}};
}

bool offer(const Endpoint& endpoint) {
    const long why =
        RpcServerUseProtseqEpW(wide(endpoint.protocol), RPC_C_PROTSEQ_MAX_REQS_DEFAULT, wide(endpoint.endpoint), nullptr);
    if (why) printf("no endpoint %ls: %ld\n", endpoint.endpoint.c_str(), why);
    return why == RPC_S_OK;
}

handle_t bind(const Endpoint& endpoint) {
    handle_t binding = nullptr;
    RPC_WSTR text = nullptr;
    const std::wstring host = endpoint.protocol == L"ncacn_ip_tcp" || endpoint.protocol == L"ncacn_http" ? L"127.0.0.1" : L"";
    const size_t comma = std::min(endpoint.endpoint.find(L','), endpoint.endpoint.size());
    const std::wstring options = endpoint.endpoint.substr(std::min(comma + 1, endpoint.endpoint.size()));
    if (RpcStringBindingComposeW(nullptr, wide(endpoint.protocol), wide(host), wide(endpoint.endpoint.substr(0, comma)),
                                 options.empty() ? nullptr : wide(options), &text))
        return nullptr;
    (void)RpcBindingFromStringBindingW(text, &binding);
    RpcStringFreeW(&text);
    return binding;
}
