// What clients on other systems meet at the nearest peer's server, and must not meet at ours: a client of bytes over TCP, of this
// program's own, and the functions that the peer declines. Sources: C706 chapter 12.6.4 (PDUs), [MS-RPCE] 2.2.2.14 (features).
#include <winsock2.h>
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <rpcasync.h>

#include <string>
#include <vector>

#include "basics/check.h"

namespace {

using Bytes = std::vector<unsigned char>;

const RPC_SYNTAX_IDENTIFIER kNdr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
const GUID kInterface = {0x51f0a3b2, 0x9c11, 0x4f0e, {0x8a, 0x01, 0x70, 0x66, 0x61, 0x75, 0x6c, 0x74}};
// Bind time feature negotiation, asking for keep-connection-on-orphan and security-context multiplexing.
const RPC_SYNTAX_IDENTIFIER kFeatures = {{0x6cb71c2c, 0x9812, 0x4540, {0x03, 0, 0, 0, 0, 0, 0, 0}}, {1, 0}};

enum Type : unsigned char { kRequest = 0, kResponse = 2, kBind = 11, kBindAck = 12 };
constexpr unsigned char kFirst = 1, kLast = 2;

unsigned long g_drep;  // of the last call
void __RPC_STUB echo(RPC_MESSAGE* m) {
    const Bytes in(static_cast<unsigned char*>(m->Buffer), static_cast<unsigned char*>(m->Buffer) + m->BufferLength);
    g_drep = m->DataRepresentation;
    if (I_RpcGetBuffer(m) == RPC_S_OK) memcpy(m->Buffer, in.data(), in.size());
}
RPC_DISPATCH_FUNCTION g_functions[] = {echo, nullptr};
RPC_DISPATCH_TABLE g_table = {1, g_functions, 0};
RPC_SERVER_INTERFACE g_spec = {sizeof g_spec, {kInterface, {1, 0}}, kNdr, &g_table, 0, nullptr, nullptr, nullptr, 0};

// Writes and reads numbers in either byte order.
class Peer {
public:
    Peer(unsigned short port, bool big_endian) : big_(big_endian) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const DWORD patience = 20000;
        socket_ = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&patience), sizeof patience);
        CHECK_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    }
    ~Peer() { closesocket(socket_); }

    void put(Bytes& out, unsigned long value, int size) const {
        for (int i = 0; i < size; ++i) out.push_back(static_cast<unsigned char>(value >> 8 * (big_ ? size - 1 - i : i)));
    }
    unsigned long get(const Bytes& in, size_t at, int size) const {
        unsigned long value = 0;
        for (int i = 0; i < size && at + i < in.size(); ++i) value |= static_cast<unsigned long>(in[at + i]) << 8 * (big_ ? size - 1 - i : i);
        return value;
    }
    void send_pdu(Type type, unsigned char flags, unsigned long call_id, const Bytes& body) const {
        Bytes pdu = {5, 0, type, flags, static_cast<unsigned char>(big_ ? 0x00 : 0x10), 0, 0, 0};
        put(pdu, static_cast<unsigned long>(16 + body.size()), 2);
        put(pdu, 0, 2);
        put(pdu, call_id, 4);
        pdu.insert(pdu.end(), body.begin(), body.end());
        CHECK_EQ(send(socket_, reinterpret_cast<char*>(pdu.data()), static_cast<int>(pdu.size()), 0), static_cast<int>(pdu.size()));
    }
    // The next PDU; its header is always in the server's own order. Empty: none came.
    Bytes receive_pdu() const {
        Bytes pdu(16);
        if (!read(pdu, 0)) return {};
        pdu.resize(pdu[8] | pdu[9] << 8);
        return read(pdu, 16) ? pdu : Bytes{};
    }
    void put_syntax(Bytes& out, const RPC_SYNTAX_IDENTIFIER& id) const {
        put(out, id.SyntaxGUID.Data1, 4);
        put(out, id.SyntaxGUID.Data2, 2);
        put(out, id.SyntaxGUID.Data3, 2);
        out.insert(out.end(), id.SyntaxGUID.Data4, id.SyntaxGUID.Data4 + 8);
        put(out, id.SyntaxVersion.MajorVersion | id.SyntaxVersion.MinorVersion << 16, 4);
    }
    Bytes bind(unsigned long call_id) const {
        Bytes body;
        put(body, 4280, 2), put(body, 4280, 2), put(body, 0, 4);
        put(body, big_ ? 2ul << 24 : 2, 4);  // contexts: a byte, and reserved ones
        for (const auto* transfer : {&kNdr, &kFeatures}) {
            put(body, transfer == &kNdr ? 0 : 1, 2);
            body.push_back(1), body.push_back(0);
            put_syntax(body, {kInterface, {1, 0}});
            put_syntax(body, *transfer);
        }
        send_pdu(kBind, kFirst | kLast, call_id, body);
        return receive_pdu();
    }
    // In requests of `each` bytes of stub data; the whole reply's.
    Bytes call(unsigned long call_id, const Bytes& stub, size_t each) const {
        for (size_t at = 0; at < stub.size(); at += each) {
            const size_t size = each < stub.size() - at ? each : stub.size() - at;
            Bytes body;
            put(body, static_cast<unsigned long>(stub.size()), 4), put(body, 0, 2), put(body, 0, 2);
            body.insert(body.end(), stub.begin() + at, stub.begin() + at + size);
            const unsigned char flags = (at == 0 ? kFirst : 0) | (at + size == stub.size() ? kLast : 0);
            send_pdu(kRequest, flags, call_id, body);
        }
        Bytes reply;
        for (bool last = false; !last;) {
            const Bytes pdu = receive_pdu();
            CHECK(pdu.size() >= 24 && pdu[2] == kResponse);
            if (pdu.size() < 24 || pdu[2] != kResponse) return {};
            CHECK_EQ(pdu[12] | pdu[13] << 8, static_cast<int>(call_id));
            reply.insert(reply.end(), pdu.begin() + 24, pdu.end());
            last = (pdu[3] & kLast) != 0;
        }
        return reply;
    }

private:
    bool read(Bytes& into, size_t from) const {
        while (from < into.size()) {
            const int got = recv(socket_, reinterpret_cast<char*>(&into[from]), static_cast<int>(into.size() - from), 0);
            if (got <= 0) return false;
            from += got;
        }
        return true;
    }
    SOCKET socket_;
    const bool big_;
};

Bytes pattern(size_t size) {
    Bytes out(size);
    for (size_t i = 0; i < size; ++i) out[i] = static_cast<unsigned char>(i * 7);
    return out;
}

void call_ids(unsigned short port) {
    Peer peer(port, false);
    const Bytes ack = peer.bind(77);
    CHECK(ack.size() > 16 && ack[2] == kBindAck);
    CHECK_EQ(peer.get(ack, 12, 4), 77);
    for (unsigned long id : {2ul, 9ul, 500ul}) CHECK(peer.call(id, pattern(100), 4000) == pattern(100));
}

// The second context of the bind is the feature negotiation's: negotiate_ack (3), with what both sides have.
void features(unsigned short port) {
    Peer peer(port, false);
    const Bytes ack = peer.bind(1);
    size_t at = 26 + peer.get(ack, 24, 2);  // behind the secondary address
    at = (at + 3) & ~size_t{3};
    CHECK_EQ(peer.get(ack, at, 1), 2);
    CHECK_EQ(peer.get(ack, at + 4, 2), 0);
    CHECK_EQ(peer.get(ack, at + 4 + 24, 2), 3);
    CHECK_EQ(peer.get(ack, at + 4 + 26, 2), 3);
}

void small_fragments(unsigned short port) {
    Peer peer(port, false);
    CHECK_EQ(peer.bind(1)[2], kBindAck);
    CHECK(peer.call(2, pattern(1000), 8) == pattern(1000));  // 32 bytes each with their headers
    CHECK(peer.call(3, pattern(40), 8) == pattern(40));
}

void big_endian(unsigned short port) {
    Peer peer(port, true);
    const Bytes ack = peer.bind(1);
    CHECK(ack.size() > 16 && ack[2] == kBindAck);
    const unsigned char first = 0x12;
    Bytes stub = pattern(64);
    stub[0] = first;
    CHECK(peer.call(2, stub, 4000) == stub);
    CHECK_EQ(g_drep & NDR_INT_REP_MASK, NDR_BIG_ENDIAN);
}

// What the peer declines as a client; 1703 and 1722 are the answers that stay.
void functions(unsigned short port) {
    RPC_BINDING_HANDLE handle = nullptr;
    RPC_IF_ID_VECTOR* ids = nullptr;
    RPC_EP_INQ_HANDLE inquiry = nullptr;
    const std::string text = "ncacn_ip_tcp:127.0.0.1[" + std::to_string(port) + "]";
    CHECK_EQ(RpcBindingFromStringBindingA((RPC_CSTR)text.c_str(), &handle), RPC_S_OK);
    CHECK_EQ(RpcMgmtInqIfIds(handle, &ids), RPC_S_OK);
    CHECK(ids && ids->Count == 1);
    RpcIfIdVectorFree(&ids);
    RpcBindingFree(&handle);
    CHECK_EQ(RpcMgmtEpEltInqBegin(nullptr, RPC_C_EP_ALL_ELTS, nullptr, 0, nullptr, &inquiry), RPC_S_OK);
    CHECK_EQ(RpcMgmtEpEltInqDone(&inquiry), RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqEpA((RPC_CSTR) "ncadg_ip_udp", 10, (RPC_CSTR) "4799", nullptr), RPC_S_PROTSEQ_NOT_SUPPORTED);
    CHECK_EQ(RpcServerUseProtseqEpA((RPC_CSTR) "ncacn_http", 10, (RPC_CSTR) "4799", nullptr), RPC_S_PROTSEQ_NOT_SUPPORTED);
    CHECK_EQ(RpcBindingFromStringBindingA((RPC_CSTR) "ncacn_np:nowhere.invalid[\\\\pipe\\\\x]", &handle), RPC_S_OK);
    CHECK_EQ(RpcMgmtIsServerListening(handle), RPC_S_SERVER_UNAVAILABLE);
    RpcBindingFree(&handle);
}

void named(const char* name, void (*test)(unsigned short), unsigned short port) {
    const int before = g_failures;
    test(port);
    printf("%s %s\n", g_failures == before ? "ok    " : "FAILED", name);
}

unsigned short own_port() {
    RPC_BINDING_VECTOR* names = nullptr;
    unsigned short port = 0;
    CHECK_EQ(RpcServerInqBindings(&names), RPC_S_OK);
    for (unsigned long i = 0; names && i < names->Count; ++i) {
        RPC_CSTR text = nullptr;
        CHECK_EQ(RpcBindingToStringBindingA(names->BindingH[i], &text), RPC_S_OK);
        const char* at = strchr(reinterpret_cast<char*>(text), '[');
        if (at) port = static_cast<unsigned short>(atoi(at + 1));
        RpcStringFreeA(&text);
    }
    RpcBindingVectorFree(&names);
    return port;
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    WSADATA data;
    CHECK_EQ(WSAStartup(MAKEWORD(2, 2), &data), 0);
    CHECK_EQ(RpcServerRegisterIfEx(&g_spec, nullptr, nullptr, RPC_IF_AUTOLISTEN, 100, nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqA((RPC_CSTR) "ncacn_ip_tcp", 10, nullptr), RPC_S_OK);
    const unsigned short port = own_port();
    CHECK(port != 0);
    named("1: every PDU of a server carries its call's id", call_ids, port);
    named("5: bind-time features are negotiated", features, port);
    named("6: questions to servers and mappers are answered", functions, port);
    named("7: requests in fragments of 32 bytes", small_fragments, port);
    named("7: a big-endian client", big_endian, port);
    printf("peer_faults: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
