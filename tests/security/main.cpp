// security sspi [USER DOMAIN PASSWORD] | api | pair [USER DOMAIN PASSWORD]    the tests in one process
// security server SEQUENCE ENDPOINT                 for peers: registers NTLM and Negotiate, prints `ready`, ends with call 4
// security client SEQUENCE ENDPOINT SERVICE LEVEL USER DOMAIN PASSWORD    calls of a few sizes, then the end
// security many ENDPOINT PASSWORD shared|apart      several identities, against ntlm_server
#include <stdio.h>
#include <stdlib.h>

#include "echo.h"

namespace {
RPC_CSTR text(const char* s) {
    return reinterpret_cast<RPC_CSTR>(const_cast<char*>(s));
}
}  // namespace

int run_server(int argc, char** argv) {
    if (argc < 4) return 2;
    if (RPC_STATUS s = RpcServerUseProtseqEpA(text(argv[2]), RPC_C_PROTSEQ_MAX_REQS_DEFAULT, text(argv[3]), nullptr))
        return printf("endpoint: %ld\n", s), 1;
    if (RPC_STATUS s = RpcServerRegisterIf2(&echo::server, nullptr, nullptr, RPC_IF_AUTOLISTEN, 0, 0xFFFFFFFF, nullptr))
        return printf("interface: %ld\n", s), 1;
    for (unsigned long service : {RPC_C_AUTHN_WINNT, RPC_C_AUTHN_GSS_NEGOTIATE})
        printf("registered %lu: %ld\n", service, RpcServerRegisterAuthInfoA(nullptr, service, nullptr, nullptr));
    printf("ready %s %s\n", argv[2], argv[3]);
    fflush(stdout);
    const bool told = WaitForSingleObject(echo::stop, 300000) == WAIT_OBJECT_0;
    RpcServerUnregisterIf(&echo::server, nullptr, TRUE);  // the call that told has its answer when this returns
    return told ? 0 : 3;
}

int run_client(int argc, char** argv) {
    if (argc < 9) return 2;
    RPC_BINDING_HANDLE b = echo::bind(argv[2], argv[3]);
    const char *user = argv[6], *domain = argv[7], *password = argv[8];
    auto length = [](const char* s) { return static_cast<unsigned long>(strlen(s)); };
    SEC_WINNT_AUTH_IDENTITY_A who = {text(user),
                                     length(user),
                                     text(domain),
                                     length(domain),
                                     text(password),
                                     length(password),
                                     SEC_WINNT_AUTH_IDENTITY_ANSI};
    RPC_STATUS status =
        RpcBindingSetAuthInfoA(b, nullptr, strtoul(argv[5], nullptr, 10), strtoul(argv[4], nullptr, 10), &who, 0);
    printf("set %ld\n", status);
    for (size_t size : {0, 5, 100, 20000}) {
        // The request says its own size, so that a server without stubs can tell what is put behind it.
        std::string request(size + 4, 'q'), reply;
        for (size_t i = 0; i < size; ++i) request[i + 4] = static_cast<char>('a' + i % 26);
        const unsigned length = static_cast<unsigned>(size);
        memcpy(&request[0], &length, sizeof length);
        if (status == RPC_S_OK) status = echo::call(b, 0, request, &reply);
        if (status == RPC_S_OK && reply != request) status = 9999;
        printf("call of %u: %ld\n", static_cast<unsigned>(size), status);
        if (status != RPC_S_OK) break;
    }
    fflush(stdout);
    RpcBindingFree(&b);
    return status == RPC_S_OK ? 0 : 1;
}

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "sspi") return test_sspi(argc, argv);
    if (what == "api") return test_api();
    if (what == "pair") return test_pair(argc, argv);
    if (what == "server") return run_server(argc, argv);
    if (what == "client") return run_client(argc, argv);
    if (what == "many") return run_many(argc, argv);
    return printf("what?\n"), 2;
}
