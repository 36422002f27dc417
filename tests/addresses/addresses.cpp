// Addresses: which end of a connection a server is told of, IPv6 from end to end, and what only headers declare of bindings and
// servers. No server of the builtin does most of this: the program runs on ours.
//   addresses            in one process
//   addresses changes    waits until the machine's addresses change, which tests/addresses/change brings about
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <rpcasync.h>
#include <string.h>

#include <string>

#include "basics/check.h"
#include "support/bindings.h"

// Headers lack them, the import library has them.
extern "C" RPC_STATUS RPC_ENTRY I_RpcServerInqRemoteConnAddress(RPC_BINDING_HANDLE, void*, unsigned long*, unsigned long*);
extern "C" RPC_STATUS RPC_ENTRY I_RpcBindingIsServerLocal(RPC_BINDING_HANDLE, unsigned*);
extern "C" RPC_STATUS RPC_ENTRY I_RpcOpenClientProcess(RPC_BINDING_HANDLE, unsigned long, void**);

namespace {

const RPC_SYNTAX_IDENTIFIER kNdr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};

// What the manager was told of its call.
struct Seen {
    RPC_STATUS status, again, short_of_room, no_structure, wrong_version, local, local_short, remote, null_buffer, process;
    RPC_CALL_LOCAL_ADDRESS_V1_W address;
    unsigned long room_needed, local_size, local_format, local_needed, remote_size, remote_format, process_id;
    unsigned char from_attributes[16], from_local[16], from_remote[16];
    std::string client;
} g_seen;

RPC_STATUS attributes(RPC_CALL_LOCAL_ADDRESS_V1_W* address, unsigned version) {
    RPC_CALL_ATTRIBUTES_V3_W a{};
    a.Version = version;
    a.Flags = RPC_QUERY_CALL_LOCAL_ADDRESS;
    a.CallLocalAddress = address;
    return RpcServerInqCallAttributesW(nullptr, &a);
}

void look_at_process(RPC_BINDING_HANDLE handle, Seen& s) {
    void* process = nullptr;
    s.process = I_RpcOpenClientProcess(handle, PROCESS_QUERY_INFORMATION, &process);
    if (s.process != RPC_S_OK) return;
    s.process_id = GetProcessId(process);
    CloseHandle(process);
}

void __RPC_STUB look(RPC_MESSAGE* m) {
    Seen& s = g_seen;
    s = {};
    s.address = {1, s.from_attributes, sizeof s.from_attributes, rlafInvalid};
    s.status = attributes(&s.address, 3);
    RPC_CALL_LOCAL_ADDRESS_V1_W brief{1, s.from_local, 3, rlafInvalid}, second{1, s.from_local, 16, rlafInvalid};
    s.again = attributes(&second, 2);
    s.short_of_room = attributes(&brief, 3);
    s.room_needed = brief.BufferSize;
    brief.Version = 2;
    s.wrong_version = attributes(&brief, 3);
    s.no_structure = attributes(nullptr, 3);
    brief = {1, nullptr, 16, rlafInvalid};
    s.null_buffer = attributes(&brief, 3);
    memset(s.from_local, 0, sizeof s.from_local);
    s.local_size = s.remote_size = 16;
    s.local_needed = 2;
    s.local_short = I_RpcServerInqLocalConnAddress(m->Handle, s.from_local, &s.local_needed, &s.local_format);
    s.local = I_RpcServerInqLocalConnAddress(nullptr, s.from_local, &s.local_size, &s.local_format);
    s.remote = I_RpcServerInqRemoteConnAddress(m->Handle, s.from_remote, &s.remote_size, &s.remote_format);
    look_at_process(m->Handle, s);
    RPC_BINDING_HANDLE back = nullptr;
    if (RpcBindingServerFromClient(m->Handle, &back) == RPC_S_OK) {
        s.client = text_of(back);
        RpcBindingFree(&back);
    }
    m->BufferLength = 0;
    CHECK_EQ(I_RpcGetBuffer(m), RPC_S_OK);
}

RPC_DISPATCH_FUNCTION g_functions[] = {look, nullptr};
RPC_DISPATCH_TABLE g_table = {1, g_functions, 0};
RPC_SERVER_INTERFACE g_server{};
RPC_CLIENT_INTERFACE g_client{};

RPC_STATUS call(RPC_BINDING_HANDLE binding) {
    RPC_MESSAGE m{};
    m.Handle = binding;
    m.RpcInterfaceInformation = &g_client;
    RPC_STATUS status = I_RpcGetBuffer(&m);
    if (status == RPC_S_OK) status = I_RpcSendReceive(&m);
    if (status != RPC_S_OK) return status;
    return I_RpcFreeBuffer(&m);
}

// The endpoint of the server that RpcServerInqBindings tells; there is one of each protocol sequence, whatever IP versions it
// listens on.
std::string endpoint_of(const char* sequence) {
    const std::string start = std::string(sequence) + ":[";
    RPC_BINDING_VECTOR* vector = nullptr;
    CHECK_EQ(RpcServerInqBindings(&vector), RPC_S_OK);
    std::string found;
    int count = 0;
    for (unsigned long i = 0; vector && i < vector->Count; ++i) {
        const std::string text = text_of(vector->BindingH[i]);
        if (text.rfind(start, 0) != 0) continue;
        found = text.substr(start.size(), text.size() - start.size() - 1);
        ++count;
    }
    CHECK_EQ(count, 1);
    RpcBindingVectorFree(&vector);
    return found;
}

// As C706 3.1 has it, a field's colons are escaped in what is composed; parsing takes them either way.
std::string escaped(const std::string& field) {
    std::string out;
    for (char c : field) {
        if (c == ':') out += '\\';
        out += c;
    }
    return out;
}

void expect_address(const char* host, unsigned size, const unsigned char* bytes) {
    const Seen& s = g_seen;
    const unsigned format = size == 4 ? rlafIPv4 : rlafIPv6;
    CHECK_EQ(s.status, RPC_S_OK);
    CHECK_EQ(s.again, RPC_S_OK);
    CHECK_EQ(s.address.AddressFormat, format);
    CHECK_EQ(s.address.BufferSize, size);
    CHECK(memcmp(s.from_attributes, bytes, size) == 0);
    CHECK_EQ(s.short_of_room, ERROR_MORE_DATA);
    CHECK_EQ(s.room_needed, size);
    CHECK_EQ(s.wrong_version, RPC_S_INVALID_ARG);
    CHECK_EQ(s.no_structure, RPC_S_INVALID_ARG);
    CHECK_EQ(s.null_buffer, RPC_S_INVALID_ARG);
    CHECK_EQ(s.local_short, ERROR_MORE_DATA);
    CHECK_EQ(s.local_needed, size);
    CHECK_EQ(s.local, RPC_S_OK);
    CHECK_EQ(s.local_format, format);
    CHECK_EQ(s.local_size, size);
    CHECK(memcmp(s.from_local, bytes, size) == 0);
    CHECK_EQ(s.remote, RPC_S_OK);
    CHECK_EQ(s.remote_size, size);
    CHECK(memcmp(s.from_remote, bytes, size) == 0);
    CHECK_EQ(s.process, RPC_S_INVALID_BINDING);
    CHECK(s.client == "ncacn_ip_tcp:" + escaped(host));
}

void test_ipv4() {
    const unsigned char first[4] = {127, 0, 0, 1}, other[4] = {127, 0, 0, 7};
    RPC_BINDING_HANDLE handle = bind("ncacn_ip_tcp:127.0.0.1[" + endpoint_of("ncacn_ip_tcp") + "]");
    CHECK_EQ(call(handle), RPC_S_OK);
    expect_address("127.0.0.1", 4, first);
    RpcBindingFree(&handle);
    // Another address of the same machine: the one that was called is told, not the first.
    handle = bind("ncacn_ip_tcp:127.0.0.7[" + endpoint_of("ncacn_ip_tcp") + "]");
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK(memcmp(g_seen.from_local, other, 4) == 0);
    CHECK(memcmp(g_seen.from_attributes, other, 4) == 0);
    RpcBindingFree(&handle);
}

bool has_ipv6() {
    const SOCKET s = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    sockaddr_in6 at{};
    at.sin6_family = AF_INET6;
    at.sin6_addr.s6_addr[15] = 1;
    const bool there = s != INVALID_SOCKET && bind(s, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
    if (s != INVALID_SOCKET) closesocket(s);
    return there;
}

void test_ipv6() {
    if (!has_ipv6()) {
        printf("    this machine has no ::1: nothing is shown of IPv6\n");
        return;
    }
    const unsigned char loopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    const std::string tail = "[" + endpoint_of("ncacn_ip_tcp") + "]", whole = "ncacn_ip_tcp:" + escaped("::1") + tail;
    RPC_BINDING_HANDLE handle = bind("ncacn_ip_tcp:::1" + tail);
    CHECK(text_of(handle) == whole);
    RpcBindingFree(&handle);
    handle = bind(whole);
    CHECK_EQ(call(handle), RPC_S_OK);
    expect_address("::1", 16, loopback);
    CHECK_EQ(RpcMgmtIsServerListening(handle), RPC_S_OK);
    RPC_IF_ID_VECTOR* ids = nullptr;
    CHECK_EQ(RpcMgmtInqIfIds(handle, &ids), RPC_S_OK);
    if (ids) CHECK_EQ(RpcIfIdVectorFree(&ids), RPC_S_OK);
    RpcBindingFree(&handle);

    // Written out in full, and composed.
    RPC_CSTR text = nullptr;
    CHECK_EQ(RpcStringBindingComposeA(nullptr, (RPC_CSTR) "ncacn_ip_tcp", (RPC_CSTR) "0:0:0:0:0:0:0:1",
                                      (RPC_CSTR)endpoint_of("ncacn_ip_tcp").c_str(), nullptr, &text), RPC_S_OK);
    handle = bind(reinterpret_cast<char*>(text));
    RpcStringFreeA(&text);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK(g_seen.client == "ncacn_ip_tcp:" + escaped("::1"));
    RpcBindingFree(&handle);

    // Brackets hold the endpoint, never an address.
    CHECK_EQ(RpcBindingFromStringBindingA((RPC_CSTR) "ncacn_ip_tcp:[::1][135]", &handle), RPC_S_INVALID_STRING_BINDING);

    // By the endpoint mapper.
    RPC_BINDING_VECTOR* vector = nullptr;
    CHECK_EQ(RpcServerInqBindings(&vector), RPC_S_OK);
    CHECK_EQ(RpcEpRegisterA(&g_server, vector, nullptr, (RPC_CSTR) "addresses test"), RPC_S_OK);
    handle = bind("ncacn_ip_tcp:::1");
    CHECK_EQ(RpcEpResolveBinding(handle, &g_client), RPC_S_OK);
    CHECK(text_of(handle) == whole);
    CHECK_EQ(RpcBindingReset(handle), RPC_S_OK);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK(g_seen.client == "ncacn_ip_tcp:" + escaped("::1"));
    RPC_WSTR fixed = nullptr;
    CHECK_EQ(I_RpcBindingToStaticStringBindingW(handle, &fixed), RPC_S_OK);
    CHECK(fixed && wcscmp(reinterpret_cast<wchar_t*>(fixed), L"ncacn_ip_tcp:\\:\\:1") == 0);
    RpcStringFreeW(&fixed);
    RpcBindingFree(&handle);
    CHECK_EQ(RpcEpUnregister(&g_server, vector, nullptr), RPC_S_OK);
    RpcBindingVectorFree(&vector);
}

// What has no IP address says so.
void test_pipes() {
    for (const char* sequence : {"ncalrpc", "ncacn_np"}) {
        const bool local = strcmp(sequence, "ncalrpc") == 0;
        RPC_BINDING_HANDLE handle = bind(std::string(sequence) + ":[" + (local ? "addresses]" : "\\\\pipe\\\\addresses]"));
        CHECK_EQ(call(handle), RPC_S_OK);
        CHECK_EQ(g_seen.status, RPC_S_CANNOT_SUPPORT);
        CHECK_EQ(g_seen.local, RPC_S_CANNOT_SUPPORT);
        CHECK_EQ(g_seen.remote, RPC_S_CANNOT_SUPPORT);
        CHECK_EQ(g_seen.no_structure, RPC_S_INVALID_ARG);
        CHECK_EQ(g_seen.process, local ? RPC_S_OK : RPC_S_INVALID_BINDING);
        if (local) CHECK_EQ(g_seen.process_id, GetCurrentProcessId());
        CHECK(g_seen.client == std::string(sequence) + ":");
        RpcBindingFree(&handle);
    }
}

void test_outside_calls() {
    unsigned long size = 16, format = 0;
    unsigned char room[16];
    CHECK_EQ(I_RpcServerInqLocalConnAddress(nullptr, room, &size, &format), RPC_S_NO_CALL_ACTIVE);
    RPC_BINDING_HANDLE handle = bind("ncacn_ip_tcp:192.0.2.1[9]"), near_one = bind("ncacn_ip_tcp:localhost[9]");
    CHECK_EQ(I_RpcServerInqLocalConnAddress(handle, room, &size, &format), RPC_S_WRONG_KIND_OF_BINDING);
    unsigned flag = 7;
    CHECK_EQ(I_RpcBindingIsServerLocal(handle, &flag), RPC_S_OK);
    CHECK_EQ(flag, 0);
    CHECK_EQ(I_RpcBindingIsServerLocal(near_one, &flag), RPC_S_OK);
    CHECK_EQ(flag, 1);
    CHECK_EQ(I_RpcBindingIsServerLocal(near_one, nullptr), RPC_S_INVALID_ARG);
    CHECK_EQ(I_RpcBindingIsServerLocal(nullptr, &flag), RPC_S_INVALID_BINDING);
    RpcBindingFree(&near_one);

    // An endpoint that was given is static.
    RPC_WSTR text = nullptr;
    CHECK_EQ(I_RpcBindingToStaticStringBindingW(handle, &text), RPC_S_OK);
    CHECK(text && wcscmp(reinterpret_cast<wchar_t*>(text), L"ncacn_ip_tcp:192.0.2.1[9]") == 0);
    RpcStringFreeW(&text);
    CHECK_EQ(I_RpcBindingToStaticStringBindingW(nullptr, &text), RPC_S_INVALID_BINDING);
    RpcBindingFree(&handle);
}

void test_entry_names() {
    RPC_BINDING_HANDLE handle = bind("ncacn_ip_tcp:192.0.2.1[9]"), copy = nullptr;
    RPC_CSTR name = nullptr;
    RPC_WSTR wide = nullptr;
    CHECK_EQ(RpcNsBindingInqEntryNameA(handle, RPC_C_NS_SYNTAX_DEFAULT, &name), RPC_S_NO_ENTRY_NAME);
    CHECK(name && !*name);
    RpcStringFreeA(&name);
    CHECK_EQ(I_RpcNsBindingSetEntryNameW(handle, 77, (RPC_WSTR)L"/.:/desk"), RPC_S_UNSUPPORTED_NAME_SYNTAX);
    CHECK_EQ(I_RpcNsBindingSetEntryNameW(handle, RPC_C_NS_SYNTAX_DCE, (RPC_WSTR)L"/.:/desk"), RPC_S_OK);
    CHECK_EQ(RpcNsBindingInqEntryNameA(handle, 77, &name), RPC_S_UNSUPPORTED_NAME_SYNTAX);
    CHECK_EQ(RpcNsBindingInqEntryNameA(handle, RPC_C_NS_SYNTAX_DEFAULT, &name), RPC_S_OK);
    CHECK(name && strcmp(reinterpret_cast<char*>(name), "/.:/desk") == 0);
    RpcStringFreeA(&name);
    CHECK_EQ(RpcBindingCopy(handle, &copy), RPC_S_OK);
    CHECK_EQ(I_RpcNsBindingSetEntryNameA(handle, RPC_C_NS_SYNTAX_DEFAULT, (RPC_CSTR) "/.:/chair"), RPC_S_OK);
    CHECK_EQ(RpcNsBindingInqEntryNameW(copy, RPC_C_NS_SYNTAX_DCE, &wide), RPC_S_OK);
    CHECK(wide && wcscmp(reinterpret_cast<wchar_t*>(wide), L"/.:/desk") == 0);
    RpcStringFreeW(&wide);
    CHECK_EQ(I_RpcNsBindingSetEntryNameA(nullptr, 0, (RPC_CSTR) "/.:/desk"), RPC_S_INVALID_BINDING);
    CHECK_EQ(I_RpcNsBindingSetEntryNameA(handle, 0, (RPC_CSTR)1), RPC_S_INVALID_ARG);
    RpcBindingFree(&handle);
    RpcBindingFree(&copy);
}

void test_error_information() {
    WSASetLastError(0);
    RPC_BINDING_HANDLE handle = bind("ncacn_ip_tcp:127.0.0.1[9]");
    CHECK_EQ(call(handle), RPC_S_SERVER_UNAVAILABLE);
    CHECK_EQ(I_RpcGetExtendedError(), ERROR_CONNECTION_REFUSED);
    CHECK_EQ(I_RpcGetExtendedError(), ERROR_CONNECTION_REFUSED);
    RpcBindingFree(&handle);

    handle = bind("ncacn_ip_tcp:127.0.0.1[" + endpoint_of("ncacn_ip_tcp") + "]");
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK_EQ(I_RpcGetExtendedError(), RPC_S_OK);  // the start of a call clears it
    RpcBindingFree(&handle);

    RDR_CALLOUT_STATE state{};
    state.LastCalledStage = RPCHTTP_RS_ACCESS_2;
    state.ServerName = (unsigned short*)L"mail.example";
    I_RpcRecordCalloutFailure(RPC_S_ACCESS_DENIED, &state, (unsigned short*)L"filter.dll");
    CHECK_EQ(state.LastError, RPC_S_ACCESS_DENIED);
    CHECK_EQ(I_RpcGetExtendedError(), RPC_S_ACCESS_DENIED);
    RPC_ERROR_ENUM_HANDLE records{};
    RPC_EXTENDED_ERROR_INFO info{};
    info.Version = RPC_EEINFO_VERSION;
    info.NumberOfParameters = MaxNumberOfEEInfoParams;
    CHECK_EQ(RpcErrorStartEnumeration(&records), RPC_S_OK);
    CHECK_EQ(RpcErrorGetNextRecord(&records, FALSE, &info), RPC_S_OK);
    CHECK_EQ(info.Status, RPC_S_ACCESS_DENIED);
    CHECK_EQ(info.NumberOfParameters, 3);
    CHECK(info.NumberOfParameters == 3 && wcscmp(info.Parameters[0].u.UnicodeString, L"filter.dll") == 0 &&
          info.Parameters[1].u.LVal == RPCHTTP_RS_ACCESS_2 && wcscmp(info.Parameters[2].u.UnicodeString, L"mail.example") == 0);
    CHECK_EQ(RpcErrorEndEnumeration(&records), RPC_S_OK);
    I_RpcRecordCalloutFailure(RPC_S_ACCESS_DENIED, nullptr, nullptr);  // and nothing happens to the caller
    RpcErrorClearInformation();
    CHECK_EQ(I_RpcGetExtendedError(), RPC_S_OK);
}

// ---- changes of addresses ----

HANDLE g_changed;
void RPC_ENTRY on_change(void* argument) {
    CHECK(!argument);
    SetEvent(g_changed);
}

// mingw-w64 declares it without its calling convention, which x86 minds.
using AddressChangeFunction = RPC_ADDRESS_CHANGE_FN*;
AddressChangeFunction address_change_function() {
    using Function = AddressChangeFunction(RPC_ENTRY*)();
    return reinterpret_cast<Function>(
        reinterpret_cast<void*>(GetProcAddress(GetModuleHandleA("rpcrt4"), "I_RpcServerInqAddressChangeFn")))();
}

int wait_for_changes() {
    g_changed = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    CHECK(!address_change_function());
    CHECK_EQ(I_RpcServerSetAddressChangeFn(&on_change), RPC_S_OK);
    CHECK(address_change_function() == &on_change);
    printf("waiting\n");
    CHECK_EQ(WaitForSingleObject(g_changed, 60000), WAIT_OBJECT_0);
    printf("changed\n");
    CHECK_EQ(WaitForSingleObject(g_changed, 60000), WAIT_OBJECT_0);  // it is told again
    CHECK_EQ(I_RpcServerSetAddressChangeFn(nullptr), RPC_S_OK);
    CHECK(!address_change_function());
    Sleep(500);
    ResetEvent(g_changed);
    printf("deaf\n");
    CHECK_EQ(WaitForSingleObject(g_changed, 3000), WAIT_TIMEOUT);
    printf("addresses: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}

}  // namespace

int main(int argc, char** argv) {
    setvbuf(stdout, nullptr, _IONBF, 0);
    WSADATA data;
    CHECK_EQ(WSAStartup(MAKEWORD(2, 2), &data), 0);
    if (argc > 1 && strcmp(argv[1], "changes") == 0) return wait_for_changes();
    UUID id;
    CHECK_EQ(UuidCreate(&id), RPC_S_OK);
    g_server.Length = sizeof g_server;
    g_server.InterfaceId = {id, {1, 0}};
    g_server.TransferSyntax = kNdr;
    g_server.DispatchTable = &g_table;
    g_client.Length = sizeof g_client;
    g_client.InterfaceId = g_server.InterfaceId;
    g_client.TransferSyntax = kNdr;
    CHECK_EQ(RpcServerUseProtseqA((RPC_CSTR) "ncacn_ip_tcp", RPC_C_PROTSEQ_MAX_REQS_DEFAULT, nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqEpA((RPC_CSTR) "ncalrpc", 1, (RPC_CSTR) "addresses", nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqEpA((RPC_CSTR) "ncacn_np", 1, (RPC_CSTR) "\\pipe\\addresses", nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerRegisterIf(&g_server, nullptr, nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerListen(1, 10, TRUE), RPC_S_OK);
    test_ipv4();
    test_ipv6();
    test_pipes();
    test_outside_calls();
    test_entry_names();
    test_error_information();
    CHECK_EQ(RpcMgmtStopServerListening(nullptr), RPC_S_OK);
    CHECK_EQ(RpcMgmtWaitServerListen(), RPC_S_OK);
    CHECK_EQ(RpcServerUnregisterIf(&g_server, nullptr, TRUE), RPC_S_OK);
    printf("addresses: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
