// The endpoint mapper as programs use it, against Wine's rpcss.
//   endpoints                    everything in one process: register, resolve, call, unregister; towers
//   endpoints PROTOCOL           a server on a dynamic endpoint that tells nobody but the mapper: lrpc, np, tcp
//   endpoints SEQUENCE INTERFACE its client, which knows no endpoint
//   endpoints revive             ends rpcss.exe first
#include <rpc.h>
#include <rpcndr.h>
#include <tlhelp32.h>
#include <windows.h>

#include <string>
#include <vector>

#include "basics/check.h"
#include "support/bindings.h"

namespace {

const RPC_SYNTAX_IDENTIFIER kNdr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}},
                                    {2, 0}};
// A new interface every time: Wine's mapper keeps what servers leave behind that end without a word.
GUID g_interface;

HANDLE g_stop;

void reply(RPC_MESSAGE* m, unsigned value) {
    m->BufferLength = sizeof value;
    if (I_RpcGetBuffer(m) == RPC_S_OK) memcpy(m->Buffer, &value, sizeof value);
}
void __RPC_STUB who(RPC_MESSAGE* m) {
    reply(m, GetCurrentProcessId());
}
void __RPC_STUB stop(RPC_MESSAGE* m) {
    reply(m, 0);
    SetEvent(g_stop);
}

RPC_DISPATCH_FUNCTION g_functions[] = {who, stop, nullptr};
RPC_DISPATCH_TABLE g_table = {2, g_functions, 0};

RPC_SERVER_INTERFACE server_interface(const GUID& id) {
    RPC_SERVER_INTERFACE s{};
    s.Length = sizeof s;
    s.InterfaceId = {id, {1, 3}};
    s.TransferSyntax = kNdr;
    s.DispatchTable = &g_table;
    return s;
}

RPC_CLIENT_INTERFACE client_interface(const GUID& id) {
    RPC_CLIENT_INTERFACE c{};
    c.Length = sizeof c;
    c.InterfaceId = {id, {1, 0}};
    c.TransferSyntax = kNdr;
    return c;
}

RPC_STATUS call(RPC_BINDING_HANDLE binding, RPC_CLIENT_INTERFACE& iface, unsigned opnum, unsigned& value) {
    RPC_MESSAGE m{};
    m.Handle = binding;
    m.RpcInterfaceInformation = &iface;
    m.ProcNum = opnum;
    RPC_STATUS status = I_RpcGetBuffer(&m);
    if (status == RPC_S_OK) status = I_RpcSendReceive(&m);
    if (status != RPC_S_OK) return status;
    value = 0;
    if (m.BufferLength >= sizeof value) memcpy(&value, m.Buffer, sizeof value);
    return I_RpcFreeBuffer(&m);
}

// The server's bindings of one protocol sequence alone.
RPC_BINDING_VECTOR* bindings_of(const char* sequence) {
    RPC_BINDING_VECTOR* vector = nullptr;
    CHECK_EQ(RpcServerInqBindings(&vector), RPC_S_OK);
    for (unsigned long i = 0; vector && i < vector->Count; ++i)
        if (text_of(vector->BindingH[i]).rfind(std::string(sequence) + ":", 0) != 0)
            RpcBindingFree(&vector->BindingH[i]);
    return vector;
}

// ---- in one process ----

void register_and_resolve(const char* sequence) {
    static RPC_SERVER_INTERFACE spec = server_interface(g_interface);
    RPC_CLIENT_INTERFACE client = client_interface(g_interface);
    const std::string partial = std::string(sequence) + ":";
    RPC_BINDING_HANDLE handle = bind(partial.c_str());
    CHECK_EQ(RpcEpResolveBinding(handle, &client), EPT_S_NOT_REGISTERED);
    unsigned value = 0;
    CHECK_EQ(call(handle, client, 0, value), EPT_S_NOT_REGISTERED);

    RPC_BINDING_VECTOR* vector = bindings_of(sequence);
    CHECK_EQ(RpcEpRegisterA(&spec, vector, nullptr, (RPC_CSTR) "endpoints test"), RPC_S_OK);
    CHECK_EQ(RpcEpResolveBinding(handle, &client), RPC_S_OK);
    const std::string resolved = text_of(handle);
    printf("    %s\n", resolved.c_str());
    CHECK(resolved.size() > partial.size() + 2 && resolved.rfind(partial, 0) == 0);
    CHECK_EQ(call(handle, client, 0, value), RPC_S_OK);
    CHECK_EQ(value, GetCurrentProcessId());

    // Without asking for it: the call resolves, after a reset too.
    CHECK_EQ(RpcBindingReset(handle), RPC_S_OK);
    CHECK_EQ(call(handle, client, 0, value), RPC_S_OK);
    CHECK_EQ(value, GetCurrentProcessId());

    CHECK_EQ(RpcEpUnregister(&spec, vector, nullptr), RPC_S_OK);
    CHECK_EQ(RpcBindingReset(handle), RPC_S_OK);
    CHECK_EQ(RpcEpResolveBinding(handle, &client), EPT_S_NOT_REGISTERED);

    CHECK_EQ(RpcEpRegisterNoReplaceW(&spec, vector, nullptr, nullptr), RPC_S_OK);
    CHECK_EQ(RpcEpResolveBinding(handle, &client), RPC_S_OK);
    CHECK_EQ(RpcEpUnregister(&spec, vector, nullptr), RPC_S_OK);
    CHECK_EQ(RpcBindingVectorFree(&vector), RPC_S_OK);
    CHECK(!vector);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
}

void objects() {
    static RPC_SERVER_INTERFACE spec = server_interface(g_interface);
    RPC_CLIENT_INTERFACE client = client_interface(g_interface);
    UUID one = {1, 2, 3, {4}}, two = {2, 2, 3, {4}};
    struct {
        unsigned long count;
        UUID* uuid[2];
    } both = {2, {&one, &two}};
    RPC_BINDING_VECTOR* vector = bindings_of("ncalrpc");
    CHECK_EQ(RpcEpRegisterW(&spec, vector, reinterpret_cast<UUID_VECTOR*>(&both), nullptr), RPC_S_OK);
    for (UUID* object : {&one, &two}) {
        RPC_BINDING_HANDLE handle = bind("ncalrpc:");
        CHECK_EQ(RpcBindingSetObject(handle, object), RPC_S_OK);
        CHECK_EQ(RpcEpResolveBinding(handle, &client), RPC_S_OK);
        RpcBindingFree(&handle);
    }
    CHECK_EQ(RpcEpUnregister(&spec, vector, reinterpret_cast<UUID_VECTOR*>(&both)), RPC_S_OK);
    RpcBindingVectorFree(&vector);
}

void refusals() {
    RPC_CLIENT_INTERFACE client = client_interface(g_interface);
    RPC_SERVER_INTERFACE spec = server_interface(g_interface);
    CHECK_EQ(RpcEpRegisterA(&spec, nullptr, nullptr, nullptr), RPC_S_NO_BINDINGS);
    RPC_BINDING_VECTOR none{};
    CHECK_EQ(RpcEpRegisterA(&spec, &none, nullptr, nullptr), RPC_S_NO_BINDINGS);
    CHECK_EQ(RpcEpResolveBinding(nullptr, &client), RPC_S_INVALID_BINDING);
    RPC_BINDING_HANDLE handle = bind("ncalrpc:[nobody]");
    CHECK_EQ(RpcEpResolveBinding(handle, &client), RPC_S_OK);  // fully bound: left as it is
    CHECK(text_of(handle).find("nobody") != std::string::npos);
    RpcBindingFree(&handle);
}

// ---- towers: [C706] appendix L, [MS-RPCE] 2.1.1 ----

struct twr_t {
    unsigned long length;
    unsigned char octets[1];
};
using Construct = RPC_STATUS(RPC_ENTRY*)(const RPC_SYNTAX_IDENTIFIER*, const RPC_SYNTAX_IDENTIFIER*, const char*,
                                         const char*, const char*, twr_t**);
using Explode = RPC_STATUS(RPC_ENTRY*)(const twr_t*, RPC_SYNTAX_IDENTIFIER*, RPC_SYNTAX_IDENTIFIER*, char**, char**,
                                       char**);

template <class F>
F find(const char* name) {
    return reinterpret_cast<F>(reinterpret_cast<void*>(GetProcAddress(GetModuleHandleA("rpcrt4"), name)));
}

struct Way {
    const char *sequence, *endpoint, *address;
    std::vector<unsigned char> upper;  // from floor 3 on
};

void towers() {
    const auto construct = find<Construct>("TowerConstruct");
    const auto explode = find<Explode>("TowerExplode");
    CHECK(construct && explode);
    if (!construct || !explode) return;
    const Way ways[] = {
        {"ncacn_ip_tcp", "135", "10.0.0.1", {1, 0,   0x0b, 2, 0,    0, 0, 1,  0, 0x07, 2, 0,
                                             0, 135, 1,    0, 0x09, 4, 0, 10, 0, 0,    1}},
        {"ncacn_np", "\\pipe\\a", "\\\\b", {1,   0,   0x0b, 2,   0, 0, 0, 1,    0, 0x0f, 8,    0,    '\\', 'p', 'i',
                                            'p', 'e', '\\', 'a', 0, 1, 0, 0x11, 4, 0,    '\\', '\\', 'b',  0}},
    };
    const RPC_SYNTAX_IDENTIFIER iface = {g_interface, {1, 3}};
    for (const Way& way : ways) {
        twr_t* tower = nullptr;
        CHECK_EQ(construct(&iface, &kNdr, way.sequence, way.endpoint, way.address, &tower), RPC_S_OK);
        if (!tower) continue;
        const size_t lower = 2 + 2 * 25;
        CHECK_EQ(tower->length, lower + way.upper.size());
        CHECK(tower->octets[0] == 5 && tower->octets[1] == 0 && tower->octets[2] == 19 && tower->octets[4] == 0x0d);
        CHECK(!memcmp(tower->octets + 5, &g_interface, 16) && tower->octets[21] == 1 && tower->octets[25] == 3);
        CHECK(!memcmp(tower->octets + lower, way.upper.data(), way.upper.size()));
        RPC_SYNTAX_IDENTIFIER got_iface{}, got_syntax{};
        char *sequence = nullptr, *endpoint = nullptr, *address = nullptr;
        CHECK_EQ(explode(tower, &got_iface, &got_syntax, &sequence, &endpoint, &address), RPC_S_OK);
        CHECK(!memcmp(&got_iface, &iface, sizeof iface) && !memcmp(&got_syntax, &kNdr, sizeof kNdr));
        CHECK(sequence && !strcmp(sequence, way.sequence));
        CHECK(endpoint && !strcmp(endpoint, way.endpoint));
        CHECK(address && !strcmp(address, way.address));
        for (char* text : {sequence, endpoint, address}) I_RpcFree(text);
        CHECK_EQ(explode(tower, nullptr, nullptr, nullptr, nullptr, nullptr), RPC_S_OK);
        I_RpcFree(tower);
    }
}

int in_one_process() {
    static RPC_SERVER_INTERFACE spec = server_interface(g_interface);
    CHECK_EQ(RpcServerRegisterIfEx(&spec, nullptr, nullptr, RPC_IF_AUTOLISTEN, RPC_C_LISTEN_MAX_CALLS_DEFAULT, nullptr),
             RPC_S_OK);
    RPC_BINDING_VECTOR* none = nullptr;
    CHECK_EQ(RpcServerInqBindings(&none), RPC_S_NO_BINDINGS);
    for (const char* sequence : {"ncalrpc", "ncacn_np", "ncacn_ip_tcp"}) {
        printf("%s\n", sequence);
        CHECK_EQ(RpcServerUseProtseqA((RPC_CSTR)sequence, 10, nullptr), RPC_S_OK);
        register_and_resolve(sequence);
    }
    objects();
    refusals();
    towers();
    CHECK_EQ(RpcServerUnregisterIf(&spec, nullptr, TRUE), RPC_S_OK);
    return 0;
}

// ---- rpcss is gone ----

unsigned end_rpcss() {
    unsigned ended = 0;
    const HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32 entry{};
    entry.dwSize = sizeof entry;
    for (BOOL more = Process32First(list, &entry); more; more = Process32Next(list, &entry)) {
        if (_stricmp(entry.szExeFile, "rpcss.exe") != 0) continue;
        const HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, entry.th32ProcessID);
        if (!process || !TerminateProcess(process, 1)) continue;
        CHECK_EQ(WaitForSingleObject(process, 30000), WAIT_OBJECT_0);
        CloseHandle(process);
        ++ended;
    }
    CloseHandle(list);
    return ended;
}

int revive() {
    static RPC_SERVER_INTERFACE spec = server_interface(g_interface);
    const unsigned ended = end_rpcss();
    CHECK_EQ(ended, 1u);
    CHECK_EQ(RpcServerRegisterIfEx(&spec, nullptr, nullptr, RPC_IF_AUTOLISTEN, RPC_C_LISTEN_MAX_CALLS_DEFAULT, nullptr),
             RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqA((RPC_CSTR) "ncalrpc", 10, nullptr), RPC_S_OK);
    register_and_resolve("ncalrpc");
    CHECK_EQ(RpcServerUnregisterIf(&spec, nullptr, TRUE), RPC_S_OK);
    return 0;
}

// ---- two processes ----

int serve(const std::string& protocol) {
    static RPC_SERVER_INTERFACE spec = server_interface(g_interface);
    const char* sequence = protocol == "np" ? "ncacn_np" : protocol == "tcp" ? "ncacn_ip_tcp" : "ncalrpc";
    g_stop = CreateEventA(nullptr, TRUE, FALSE, nullptr);
    CHECK_EQ(RpcServerUseProtseqA((RPC_CSTR)sequence, 10, nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerRegisterIf(&spec, nullptr, nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerListen(1, 100, TRUE), RPC_S_OK);
    RPC_BINDING_VECTOR* vector = bindings_of(sequence);
    CHECK_EQ(RpcEpRegisterW(&spec, vector, nullptr, nullptr), RPC_S_OK);
    RPC_CSTR id = nullptr;
    CHECK_EQ(UuidToStringA(&g_interface, &id), RPC_S_OK);
    printf("ready %s %s\n", sequence, reinterpret_cast<char*>(id));
    RpcStringFreeA(&id);
    CHECK_EQ(WaitForSingleObject(g_stop, 60000), WAIT_OBJECT_0);
    CHECK_EQ(RpcEpUnregister(&spec, vector, nullptr), RPC_S_OK);
    RpcBindingVectorFree(&vector);
    CHECK_EQ(RpcMgmtStopServerListening(nullptr), RPC_S_OK);
    CHECK_EQ(RpcMgmtWaitServerListen(), RPC_S_OK);
    return 0;
}

int use(const char* sequence, char* interface_id) {
    CHECK_EQ(UuidFromStringA(reinterpret_cast<RPC_CSTR>(interface_id), &g_interface), RPC_S_OK);
    RPC_CLIENT_INTERFACE client = client_interface(g_interface);
    RPC_BINDING_HANDLE handle = bind((std::string(sequence) + ":").c_str());
    unsigned value = 0;
    CHECK_EQ(call(handle, client, 0, value), RPC_S_OK);
    CHECK(value != 0 && value != GetCurrentProcessId());
    CHECK_EQ(call(handle, client, 1, value), RPC_S_OK);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    setvbuf(stdout, nullptr, _IONBF, 0);
    const std::string first = argc > 1 ? argv[1] : "";
    CHECK_EQ(UuidCreate(&g_interface), RPC_S_OK);
    if (argc == 1)
        in_one_process();
    else if (first == "revive")
        revive();
    else if (argc == 2)
        serve(first);
    else
        use(argv[1], argv[2]);
    printf("endpoints %s: %d checks, %d failures\n", first.c_str(), g_checks, g_failures);
    return g_failures != 0;
}
