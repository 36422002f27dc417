// Several identities at once against a server that says who it took the caller for, and on which of its connections.
#include <stdio.h>
#include <stdlib.h>

#include "basics/check.h"
#include "echo.h"

namespace {

RPC_CSTR text(const char* s) { return reinterpret_cast<RPC_CSTR>(const_cast<char*>(s)); }

struct Who {
    const char* user;
    unsigned long level;
    const char* password;
};

RPC_BINDING_HANDLE bind_as(const char* endpoint, const Who& who) {
    RPC_BINDING_HANDLE b = echo::bind("ncacn_ip_tcp", endpoint);
    SEC_WINNT_AUTH_IDENTITY_A identity = {text(who.user), static_cast<unsigned long>(strlen(who.user)), text("TEST"), 4,
                                          text(who.password), static_cast<unsigned long>(strlen(who.password)), SEC_WINNT_AUTH_IDENTITY_ANSI};
    CHECK_EQ(RpcBindingSetAuthInfoA(b, nullptr, who.level, RPC_C_AUTHN_WINNT, &identity, 0), RPC_S_OK);
    return b;
}

// An asynchronous call of 1.
struct Asking {
    RPC_MESSAGE m{};
    RPC_ASYNC_STATE state{};
    RPC_STATUS status;

    explicit Asking(RPC_BINDING_HANDLE binding) {
        RpcAsyncInitializeHandle(&state, sizeof state);
        state.NotificationType = RpcNotificationTypeEvent;
        state.u.hEvent = CreateEventW(nullptr, FALSE, FALSE, nullptr);
        m.Handle = binding;
        m.ProcNum = 1;
        m.RpcInterfaceInformation = &echo::client;
        m.RpcFlags = RPC_BUFFER_ASYNC;
        status = I_RpcGetBuffer(&m);
        if (status == RPC_S_OK) status = I_RpcAsyncSetHandle(&m, &state);
        if (status == RPC_S_OK) status = I_RpcSend(&m);
    }
    std::string answer() {
        std::string said;
        if (status == RPC_S_OK && WaitForSingleObject(state.u.hEvent, 60000) != WAIT_OBJECT_0) return "none comes";
        m.RpcFlags = RPC_BUFFER_ASYNC;
        if (status == RPC_S_OK) status = I_RpcReceive(&m, 0);
        if (status == RPC_S_OK) said.assign(static_cast<char*>(m.Buffer), m.BufferLength);
        if (m.Buffer) I_RpcFreeBuffer(&m);
        CloseHandle(state.u.hEvent);
        return said;
    }
};

}  // namespace

// security many ENDPOINT PASSWORD shared|apart: whether the server keeps security contexts of one connection apart.
int run_many(int argc, char** argv) {
    if (argc < 5) return 2;
    const char *endpoint = argv[2], *password = argv[3];
    const bool shared = !strcmp(argv[4], "shared");
    const Who people[] = {{"ann", 6, password}, {"bob", 5, password}, {"ann", 5, password}, {"carol", 2, password}, {"bob", 4, password}};
    RPC_BINDING_HANDLE bindings[5];
    for (int i = 0; i < 5; ++i) bindings[i] = bind_as(endpoint, people[i]);
    auto expected = [&](int i, int connection) {
        char said[80];
        snprintf(said, sizeof said, "%s level %lu connection %d", people[i].user, people[i].level, connection);
        return std::string(said);
    };
    for (int round = 0; round < 3; ++round)
        for (int i = 0; i < 5; ++i) {
            std::string reply;
            CHECK_EQ(echo::call(bindings[i], 1, "", &reply), RPC_S_OK);
            if (round == 0) printf("%s\n", reply.c_str());
            CHECK(reply == expected(i, shared ? 1 : 1 + i));
            // More than a fragment.
            std::string request(20004, static_cast<char>('a' + i));
            const unsigned length = 20000;
            memcpy(&request[0], &length, sizeof length);
            CHECK_EQ(echo::call(bindings[i], 0, request, &reply), RPC_S_OK);
            CHECK(reply == request);
        }
    // A failed login is its caller's alone: the connection that it was tried on is given up behind it, then it has one to itself.
    const Who wrong = {"ann", 6, "wrong"};
    RPC_BINDING_HANDLE refused = bind_as(endpoint, wrong);
    std::string reply;
    for (int i = 0; i < 2; ++i) CHECK_EQ(echo::call(refused, 1, "", &reply), RPC_S_ACCESS_DENIED);
    RpcBindingFree(&refused);
    CHECK_EQ(echo::call(bindings[0], 1, "", &reply), RPC_S_OK);
    CHECK(reply == expected(0, shared ? 3 : 1));
    // Asynchronous calls have a connection of their own, one again, when each has come to it while it was idle.
    const int next = shared ? 4 : 7;
    for (int i = 0; i < 5; ++i) CHECK(Asking(bindings[i]).answer() == expected(i, shared ? next : next + i));
    for (int round = 0; round < 3; ++round) {
        Asking* asking[20];
        for (int i = 0; i < 20; ++i) asking[i] = new Asking(bindings[i % 5]);
        for (int i = 0; i < 20; ++i) {
            const std::string said = asking[i]->answer();
            CHECK_EQ(asking[i]->status, RPC_S_OK);
            CHECK(said == expected(i % 5, shared ? next : next + i % 5));
            if (said != expected(i % 5, shared ? next : next + i % 5)) printf("asynchronous %d: %s\n", i, said.c_str());
            delete asking[i];
        }
    }
    for (auto& b : bindings) RpcBindingFree(&b);
    printf("many: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
