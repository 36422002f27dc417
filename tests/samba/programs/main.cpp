// A Windows program at Samba's servers.
//   samba epmapper                          finds srvsvc in the map, and walks the map
//   samba directory SERVICE PRINCIPAL            asks a domain controller at every level, as whom the ticket here names
//   samba srvsvc SERVICE USER DOMAIN PASSWORD    asks the Server Service at every level, with the right and a wrong
//   password
#include <rpc.h>
#include <rpcndr.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include <string>

#include "basics/check.h"
#include "support/bindings.h"
#include "srvsvc.h"
#include "support/guard.h"
#include "wkssvc.h"

extern "C" {
void* __RPC_USER MIDL_user_allocate(size_t size) {
    return HeapAlloc(GetProcessHeap(), 0, size);
}
void __RPC_USER MIDL_user_free(void* p) {
    HeapFree(GetProcessHeap(), 0, p);
}
}

namespace {

RPC_CSTR text(const char* s) {
    return reinterpret_cast<RPC_CSTR>(const_cast<char*>(s));
}

// The map's words for srvsvc: what a walk through it finds, as string bindings.
std::string elements(unsigned long kind, RPC_IF_ID* id, int& count) {
    RPC_BINDING_HANDLE map = bind("ncacn_ip_tcp:127.0.0.1[135]");
    RPC_EP_INQ_HANDLE walk = nullptr;
    std::string found;
    count = 0;
    CHECK_EQ(RpcMgmtEpEltInqBegin(map, kind, id, RPC_C_VERS_EXACT, nullptr, &walk), RPC_S_OK);
    for (;;) {
        RPC_IF_ID seen{};
        RPC_BINDING_HANDLE binding = nullptr;
        UUID object{};
        RPC_CSTR annotation = nullptr;
        const RPC_STATUS status = RpcMgmtEpEltInqNextA(walk, &seen, &binding, &object, &annotation);
        if (status != RPC_S_OK) {
            CHECK_EQ(status, RPC_X_NO_MORE_ENTRIES);
            break;
        }
        ++count;
        if (id) {
            CHECK(!memcmp(&seen.Uuid, &id->Uuid, sizeof(UUID)));
            CHECK_EQ(seen.VersMajor, id->VersMajor);
        }
        CHECK(annotation != nullptr);
        found += text_of(binding) + "\n";
        RpcStringFreeA(&annotation);
        RpcBindingFree(&binding);
    }
    CHECK_EQ(RpcMgmtEpEltInqDone(&walk), RPC_S_OK);
    RpcBindingFree(&map);
    return found;
}

// Complete with the endpoint that Samba's mapper names. A domain controller's services register one after the other, and its mapper
// answers before the last has.
RPC_BINDING_HANDLE resolved(RPC_IF_HANDLE interface_spec = srvsvc_v3_0_c_ifspec) {
    RPC_BINDING_HANDLE handle = bind("ncacn_ip_tcp:127.0.0.1");
    RPC_STATUS status = RpcEpResolveBinding(handle, interface_spec);
    for (int i = 0; i < 60 && status == EPT_S_NOT_REGISTERED; ++i) {
        Sleep(500);
        status = RpcEpResolveBinding(handle, interface_spec);
    }
    CHECK_EQ(status, RPC_S_OK);
    return handle;
}

int test_epmapper() {
    RPC_BINDING_HANDLE handle = resolved();
    const std::string where = text_of(handle);
    printf("RpcEpResolveBinding: %s\n", where.c_str());
    CHECK(where.find("ncacn_ip_tcp:127.0.0.1[") == 0);
    CHECK(where != "ncacn_ip_tcp:127.0.0.1[135]");
    RpcBindingFree(&handle);

    // Nobody offers that one.
    static const RPC_CLIENT_INTERFACE nobodys = [] {
        RPC_CLIENT_INTERFACE i = *static_cast<RPC_CLIENT_INTERFACE*>(srvsvc_v3_0_c_ifspec);
        i.InterfaceId.SyntaxGUID.Data1 ^= 0xFFFF;
        return i;
    }();
    handle = bind("ncacn_ip_tcp:127.0.0.1");
    CHECK_EQ(RpcEpResolveBinding(handle, const_cast<RPC_CLIENT_INTERFACE*>(&nobodys)), EPT_S_NOT_REGISTERED);
    RpcBindingFree(&handle);

    RPC_IF_ID id{};
    CHECK_EQ(RpcIfInqId(srvsvc_v3_0_c_ifspec, &id), RPC_S_OK);
    int all = 0, ours = 0;
    elements(RPC_C_EP_ALL_ELTS, nullptr, all);
    const std::string found = elements(RPC_C_EP_MATCH_BY_IF, &id, ours);
    printf("%d elements, %d of srvsvc:\n%s", all, ours, found.c_str());
    CHECK(all > ours && ours > 0);
    CHECK(found.find(where + "\n") != std::string::npos);
    CHECK(found.find("ncacn_np:127.0.0.1[\\\\pipe\\\\srvsvc]\n") != std::string::npos);
    return g_failures != 0;
}

RPC_STATUS login(RPC_BINDING_HANDLE handle, unsigned long service, unsigned long level, char** who,
                 const char* password, const char* principal = nullptr) {
    auto length = [](const char* s) { return static_cast<unsigned long>(strlen(s)); };
    SEC_WINNT_AUTH_IDENTITY_A identity = {text(who[0]),
                                          length(who[0]),
                                          text(who[1]),
                                          length(who[1]),
                                          text(password),
                                          length(password),
                                          SEC_WINNT_AUTH_IDENTITY_ANSI};
    return RpcBindingSetAuthInfoA(handle, principal ? text(principal) : nullptr, level, service, &identity, RPC_C_AUTHZ_NONE);
}

// The server's own name, and how many shares it has.
unsigned ask(RPC_BINDING_HANDLE handle, std::string& name, unsigned long& shares) {
    ServerInfo info{};
    ShareEnum list{};
    ShareInfo1Container container{};
    list.level = 1;
    list.info.level1 = &container;
    wchar_t server[] = L"\\\\127.0.0.1";
    const Outcome asked = guarded([&] { return server_get_info(handle, server, 101, &info); });
    if (asked.status()) return asked.status();
    for (const wchar_t* c = info.info101->name; *c; ++c) name += static_cast<char>(*c);
    unsigned long total = 0;
    const Outcome listed = guarded([&] { return share_enum(handle, server, &list, 0xFFFFFFFF, &total, nullptr); });
    shares = list.info.level1->count;
    if (!listed.status() && shares != total) return ERROR_BAD_LENGTH;
    return listed.status();
}

int test_srvsvc(unsigned long service, char** who) {
    int served = 0;
    for (unsigned long level = RPC_C_AUTHN_LEVEL_NONE; level <= RPC_C_AUTHN_LEVEL_PKT_PRIVACY; ++level) {
        for (const char* password : {const_cast<const char*>(who[2]), "no such password"}) {
            if (level == RPC_C_AUTHN_LEVEL_NONE && password != who[2]) continue;
            RPC_BINDING_HANDLE handle = resolved();
            if (level != RPC_C_AUTHN_LEVEL_NONE) CHECK_EQ(login(handle, service, level, who, password), RPC_S_OK);
            std::string name;
            unsigned long shares = 0;
            const unsigned status = ask(handle, name, shares);
            printf("level %lu, %s password: status %u, name '%s', %lu shares\n", level,
                   password == who[2] ? "right" : "wrong", status, name.c_str(), shares);
            if (password == who[2]) {
                CHECK_EQ(status, 0u);
                CHECK(name == who[1]);
                CHECK(shares >= 2);  // IPC$ and the test's own
                served += status == 0;
            } else {
                // Samba 4.17 calls a request that names a login that failed a protocol error, and takes one that names none for
                // nobody's, as at connect level it may where there is no other login; 4.22 refuses both.
                CHECK(status == RPC_S_ACCESS_DENIED || status == RPC_S_PROTOCOL_ERROR ||
                      (status == RPC_S_OK && level == RPC_C_AUTHN_LEVEL_CONNECT));
            }
            RpcBindingFree(&handle);
        }
    }
    // As yet another one, on a connection of the others', where a request says whose it is without being signed.
    RPC_BINDING_HANDLE another = resolved();
    CHECK_EQ(login(another, service, RPC_C_AUTHN_LEVEL_CONNECT, who, who[2], "host/another"), RPC_S_OK);
    std::string name;
    unsigned long shares = 0;
    CHECK_EQ(ask(another, name, shares), 0u);
    CHECK(shares >= 2);
    RpcBindingFree(&another);
    printf("%d levels served\n", served);
    return g_failures != 0;
}

// Asks a domain controller's Workstation Service, as whom the machine's ticket names. Prints one line a level: who runs
// this knows what to expect.
int test_directory(unsigned long service, const char* principal) {
    for (unsigned long level = RPC_C_AUTHN_LEVEL_CONNECT; level <= RPC_C_AUTHN_LEVEL_PKT_PRIVACY; ++level) {
        RPC_BINDING_HANDLE handle = resolved(wkssvc_v1_0_c_ifspec);
        CHECK_EQ(RpcBindingSetAuthInfoA(handle, text(principal), level, service, nullptr, RPC_C_AUTHZ_NONE), RPC_S_OK);
        WorkstationInfo info{};
        wchar_t server[] = L"\\\\127.0.0.1";
        const unsigned status = guarded([&] { return workstation_get_info(handle, server, 100, &info); }).status();
        std::string name;
        for (const wchar_t* c = status == 0 ? info.info100->computer : L""; *c; ++c) name += static_cast<char>(*c);
        printf("level %lu: status %u, computer '%s'\n", level, status, name.c_str());
        RpcBindingFree(&handle);
    }
    return g_failures != 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "epmapper") return test_epmapper();
    if (what == "directory" && argc > 3) return test_directory(strtoul(argv[2], nullptr, 10), argv[3]);
    if (what == "srvsvc" && argc > 5) return test_srvsvc(strtoul(argv[2], nullptr, 10), argv + 3);
    return printf("what?\n"), 2;
}
