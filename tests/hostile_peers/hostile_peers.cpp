// Clients that stop in the middle and sit, and clients that send what is no protocol: others are served meanwhile, memory and
// threads stay bounded, and who sent nonsense hears a fault, a refusal or the end. What single PDUs do is host.fuzz.server's.
#include <winsock2.h>
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <string.h>
#include <tlhelp32.h>

#include <vector>

#include "basics/check.h"

namespace {

using Bytes = std::vector<unsigned char>;

const RPC_SYNTAX_IDENTIFIER kNdr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
const GUID kInterface = {0x51f0a3b2, 0x9c11, 0x4f0e, {0x8a, 0x01, 0x68, 0x6f, 0x73, 0x74, 0x69, 0x6c}};
constexpr unsigned short kPort = 4793;
constexpr int kSitters = 300;
constexpr size_t kMostGrowth = 64 << 20;
constexpr int kMostThreads = 20;
enum { kRequest = 0, kResponse = 2, kFault = 3, kBind = 11, kBindAck = 12, kBindNak = 13 };

void __RPC_STUB nothing(RPC_MESSAGE* m) {
    m->BufferLength = 0;
    CHECK_EQ(I_RpcGetBuffer(m), RPC_S_OK);
}
RPC_DISPATCH_FUNCTION g_functions[] = {nothing, nullptr};
RPC_DISPATCH_TABLE g_table = {1, g_functions, 0};
RPC_SERVER_INTERFACE g_spec = {sizeof g_spec, {kInterface, {1, 0}}, kNdr, &g_table, 0, nullptr, nullptr, nullptr, 0};
RPC_CLIENT_INTERFACE g_client = {sizeof g_client, {kInterface, {1, 0}}, kNdr, nullptr, 0, nullptr, 0, nullptr, 0};

// A call over a connection of its own.
RPC_STATUS call() {
    RPC_BINDING_HANDLE handle = nullptr;
    CHECK_EQ(RpcBindingFromStringBindingA((RPC_CSTR) "ncacn_ip_tcp:127.0.0.1[4793]", &handle), RPC_S_OK);
    CHECK_EQ(RpcBindingSetOption(handle, RPC_C_OPT_UNIQUE_BINDING, TRUE), RPC_S_OK);
    RPC_MESSAGE m{};
    m.Handle = handle;
    m.RpcInterfaceInformation = &g_client;
    RPC_STATUS status = I_RpcGetBuffer(&m);
    if (status == RPC_S_OK) status = I_RpcSendReceive(&m);
    if (status == RPC_S_OK) status = I_RpcFreeBuffer(&m);
    RpcBindingFree(&handle);
    return status;
}

void put(Bytes& out, unsigned long value, int size) {
    for (int i = 0; i < size; ++i) out.push_back(static_cast<unsigned char>(value >> 8 * i));
}
// `claimed`: what frag_length says, where that is not the truth.
Bytes pdu(unsigned char type, unsigned char flags, const Bytes& body, unsigned long claimed = 0, unsigned long auth_length = 0) {
    Bytes out = {5, 0, type, flags, 0x10, 0, 0, 0};
    put(out, claimed != 0 ? claimed : static_cast<unsigned long>(16 + body.size()), 2);
    put(out, auth_length, 2);
    put(out, 1, 4);
    out.insert(out.end(), body.begin(), body.end());
    return out;
}
void put_syntax(Bytes& out, const GUID& id, unsigned long version) {
    const auto bytes = reinterpret_cast<const unsigned char*>(&id);
    out.insert(out.end(), bytes, bytes + sizeof id);
    put(out, version, 4);
}
Bytes bind_pdu(unsigned long contexts = 1) {
    Bytes body;
    put(body, 4280, 2), put(body, 4280, 2), put(body, 0, 4), put(body, contexts, 4), put(body, 0, 2), put(body, 1, 2);
    put_syntax(body, kInterface, 1);
    put_syntax(body, kNdr.SyntaxGUID, 2);
    return pdu(kBind, 3, body);
}
Bytes request_pdu(unsigned char flags, unsigned long hint, size_t size, unsigned long p_cont_id = 0) {
    Bytes body;
    put(body, hint, 4), put(body, p_cont_id, 2), put(body, 0, 2);
    body.resize(body.size() + size);
    return pdu(kRequest, flags, body);
}

SOCKET open() {
    const SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    const DWORD patience = 10000;
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&patience), sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(kPort);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQ(connect(s, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return s;
}
void give(SOCKET s, const Bytes& bytes) {
    CHECK_EQ(send(s, reinterpret_cast<const char*>(bytes.data()), static_cast<int>(bytes.size()), 0), static_cast<int>(bytes.size()));
}
// The type of the PDU that comes; -1: the connection has ended, -2: neither.
int hear(SOCKET s) {
    Bytes in(16);
    for (size_t at = 0; at < in.size();) {
        const int got = recv(s, reinterpret_cast<char*>(&in[at]), static_cast<int>(in.size() - at), 0);
        if (got <= 0) return got == 0 || WSAGetLastError() != WSAETIMEDOUT ? -1 : -2;
        at += static_cast<size_t>(got);
        if (at >= 10) in.resize(in[8] | in[9] << 8);
        if (in.size() < 16) return -2;
    }
    return in[2];
}

SOCKET sitter(int kind) {
    const SOCKET s = open();
    Bytes part = bind_pdu();
    switch (kind) {
    case 1:  // not even a header
        part.resize(10);
        give(s, part);
        break;
    case 2:  // much is still to come, it says
        give(s, pdu(kBind, 3, Bytes(100), 65535));
        break;
    case 3:  // a request whose end never comes, and that wants 4 GB
        give(s, part);
        CHECK_EQ(hear(s), kBindAck);
        give(s, request_pdu(1, 0xFFFFFFFF, 1000));
        break;
    case 4:
        give(s, part);
        CHECK_EQ(hear(s), kBindAck);
        break;
    }
    return s;
}

// Counted, as Wine's numbers for a process are of memory that was touched.
size_t private_bytes() {
    size_t total = 0;
    MEMORY_BASIC_INFORMATION m;
    for (const char* at = nullptr; VirtualQuery(at, &m, sizeof m) == sizeof m; at = static_cast<const char*>(m.BaseAddress) + m.RegionSize)
        if (m.State == MEM_COMMIT && m.Type == MEM_PRIVATE) total += m.RegionSize;
    return total;
}
int threads() {
    const HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 t{};
    t.dwSize = sizeof t;
    int count = 0;
    for (BOOL more = Thread32First(all, &t); more; more = Thread32Next(all, &t)) count += t.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(all);
    return count;
}
DWORD handles() {
    DWORD count = 0;
    GetProcessHandleCount(GetCurrentProcess(), &count);
    return count;
}

void sitting() {
    const size_t memory = private_bytes();
    const int running = threads();
    const DWORD open_before = handles();
    std::vector<SOCKET> sitting;
    for (int i = 0; i < kSitters; ++i) sitting.push_back(sitter(i % 5));
    const DWORD begun = GetTickCount();
    for (int i = 0; i < 50; ++i) CHECK_EQ(call(), RPC_S_OK);
    const DWORD took = GetTickCount() - begun;
    const long long grown = static_cast<long long>(private_bytes()) - static_cast<long long>(memory);
    const int more = threads() - running;
    printf("    %d sit: 50 calls in %lu ms, %lld KB and %d threads more\n", kSitters, took, grown / 1024, more);
    CHECK(took < 20000);
    CHECK(grown < static_cast<long long>(kMostGrowth));
    CHECK(more <= kMostThreads);
    for (SOCKET s : sitting) closesocket(s);
    for (int i = 0; i < 1000 && handles() > open_before + 30; ++i) Sleep(10);
    CHECK(handles() <= open_before + 30);
    CHECK_EQ(call(), RPC_S_OK);
}

// Behind a bind where `bound`.
void nonsense(const char* what, bool bound, const Bytes& bytes) {
    const SOCKET s = open();
    if (bound) {
        give(s, bind_pdu());
        CHECK_EQ(hear(s), kBindAck);
    }
    give(s, bytes);
    const int heard = hear(s);
    const bool right = heard == -1 || heard == kFault || heard == kBindNak;
    CHECK(right);
    if (!right) printf("    %s: %d\n", what, heard);
    closesocket(s);
    CHECK_EQ(call(), RPC_S_OK);
}

void every_nonsense() {
    const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    nonsense("another protocol", false, Bytes(http, http + sizeof http - 1));
    Bytes other = bind_pdu();
    other[0] = 4;
    nonsense("another version", false, other);
    nonsense("an unknown type", false, pdu(99, 3, Bytes(16)));
    nonsense("shorter than its header", false, pdu(kBind, 3, Bytes(16), 5));
    nonsense("a request before a bind", false, request_pdu(3, 8, 8));
    nonsense("contexts that are not there", false, bind_pdu(200));
    nonsense("a verifier longer than the PDU", true, pdu(kRequest, 3, Bytes(16), 0, 60000));
    nonsense("what servers send", true, pdu(kResponse, 3, Bytes(16)));
    nonsense("a second bind", true, bind_pdu());
    nonsense("a context that nobody bound", true, request_pdu(3, 8, 8, 77));
    nonsense("an opnum that nobody has", true, [] {
        Bytes request = request_pdu(3, 8, 8);
        request[22] = 9;
        return request;
    }());

    // What comes behind a call that was refused on its way is nobody's: the connection goes on.
    const SOCKET s = open();
    give(s, bind_pdu());
    CHECK_EQ(hear(s), kBindAck);
    give(s, request_pdu(0, 8, 8));
    give(s, request_pdu(3, 8, 8));
    CHECK_EQ(hear(s), kResponse);
    closesocket(s);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    WSADATA data;
    CHECK_EQ(WSAStartup(MAKEWORD(2, 2), &data), 0);
    CHECK_EQ(RpcServerUseProtseqEpA((RPC_CSTR) "ncacn_ip_tcp", 100, (RPC_CSTR) "4793", nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerRegisterIfEx(&g_spec, nullptr, nullptr, RPC_IF_AUTOLISTEN, 100, nullptr), RPC_S_OK);
    CHECK_EQ(call(), RPC_S_OK);
    sitting();
    every_nonsense();
    CHECK_EQ(RpcServerUnregisterIf(&g_spec, nullptr, TRUE), RPC_S_OK);
    printf("hostile_peers: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
