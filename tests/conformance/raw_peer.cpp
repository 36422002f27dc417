#include "raw_peer.h"
#include <string.h>

namespace raw {

static const unsigned char kNdrSyntax[20] = {0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8,
                                             0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 0x02, 0x00, 0x00, 0x00};
static const unsigned char kFeatures[8] = {0x2c, 0x1c, 0xb7, 0x6c, 0x12, 0x98, 0x40, 0x45};

static void put16(Bytes& b, unsigned v) {
    b.push_back(static_cast<unsigned char>(v));
    b.push_back(static_cast<unsigned char>(v >> 8));
}
static void put32(Bytes& b, unsigned v) {
    put16(b, v & 0xffff);
    put16(b, v >> 16);
}
static void put(Bytes& b, const void* data, size_t size) {
    const auto* p = static_cast<const unsigned char*>(data);
    b.insert(b.end(), p, p + size);
}
static Bytes header(unsigned char type, unsigned char flags, unsigned call_id) {
    Bytes b = {5, 0, type, flags, 0x10, 0, 0, 0, 0, 0, 0, 0};
    put32(b, call_id);
    return b;
}
static Bytes& finish(Bytes& b) {
    b[8] = static_cast<unsigned char>(b.size());
    b[9] = static_cast<unsigned char>(b.size() >> 8);
    return b;
}

Bytes longs(std::initializer_list<unsigned> values) {
    Bytes b;
    for (unsigned v : values) put32(b, v);
    return b;
}

Connection& Connection::operator=(Connection&& other) {
    close();
    socket_ = other.socket_;
    bind_ = other.bind_;
    other.socket_ = INVALID_SOCKET;
    return *this;
}

void Connection::close() {
    if (socket_ != INVALID_SOCKET) closesocket(socket_);
    socket_ = INVALID_SOCKET;
}

bool Connection::send(const Bytes& b) {
    return ::send(socket_, reinterpret_cast<const char*>(b.data()), static_cast<int>(b.size()), 0) ==
           static_cast<int>(b.size());
}

bool Connection::readable(unsigned milliseconds) {
    if (socket_ == INVALID_SOCKET) return false;
    fd_set set;
    FD_ZERO(&set);
    FD_SET(socket_, &set);
    timeval time{static_cast<long>(milliseconds / 1000), static_cast<long>(milliseconds % 1000 * 1000)};
    return select(0, &set, nullptr, nullptr, &time) == 1;
}

static bool read_exactly(Connection& c, SOCKET s, unsigned char* to, unsigned size, ULONGLONG deadline) {
    while (size) {
        const ULONGLONG now = GetTickCount64();
        if (!c.readable(now < deadline ? static_cast<unsigned>(deadline - now) : 0)) return false;
        const int got = recv(s, reinterpret_cast<char*>(to), static_cast<int>(size), 0);
        if (got <= 0) return false;
        to += got;
        size -= static_cast<unsigned>(got);
    }
    return true;
}

bool Connection::read(Pdu* pdu, unsigned milliseconds) {
    const ULONGLONG deadline = GetTickCount64() + milliseconds;
    pdu->bytes.assign(16, 0);
    if (!read_exactly(*this, socket_, pdu->bytes.data(), 16, deadline)) return false;
    const unsigned length = pdu->frag_length();
    if (length < 16) return false;
    pdu->bytes.resize(length);
    return read_exactly(*this, socket_, pdu->bytes.data() + 16, length - 16, deadline);
}

bool Connection::wait_closed(unsigned milliseconds, std::vector<Pdu>* last) {
    const ULONGLONG deadline = GetTickCount64() + milliseconds;
    while (GetTickCount64() < deadline) {
        if (!readable(static_cast<unsigned>(deadline - GetTickCount64()))) return false;
        char byte;
        if (recv(socket_, &byte, 1, MSG_PEEK) <= 0) return true;
        Pdu pdu;
        if (!read(&pdu, 1000)) return true;
        if (last) last->push_back(pdu);
    }
    return false;
}

bool Connection::answer_bind(const Pdu& bind, unsigned agree) {
    unsigned char flags = kFirst | kLast;
    if ((agree & kAgreeMultiplex) && (bind.flags() & kMultiplex)) flags |= kMultiplex;
    const bool alter = bind.type() == kAlter;
    Bytes b = header(alter ? kAlterResponse : kBindAck, flags, bind.call_id());
    put16(b, bind.word(16)), put16(b, bind.word(18)), put32(b, 0x1234);
    if (alter) {
        put16(b, 0), put16(b, 0);
    } else {
        put16(b, 2), put(b, "1", 2);
    }
    const unsigned count = bind.bytes.size() > 24 ? bind.bytes[24] : 0;
    b.push_back(static_cast<unsigned char>(count));
    b.insert(b.end(), 3, 0);
    unsigned at = 28;
    for (unsigned i = 0; i < count && at + 24 <= bind.bytes.size(); ++i) {
        const unsigned transfers = bind.bytes[at + 2];
        const unsigned char* syntax = &bind.bytes[at + 24];
        const bool there = at + 24 + 20 * transfers <= bind.bytes.size() && transfers;
        static const unsigned char none[20] = {};
        if (there && !memcmp(syntax, kFeatures, sizeof kFeatures) && (agree & kAgreeFeatures)) {
            put16(b, 3), put16(b, syntax[8] & 3), put(b, none, 20);
        } else if (there && !memcmp(syntax, kNdrSyntax, sizeof kNdrSyntax)) {
            put16(b, 0), put16(b, 0), put(b, kNdrSyntax, 20);
        } else {
            put16(b, 2), put16(b, 2), put(b, none, 20);
        }
        at += 24 + 20 * transfers;
    }
    return send(finish(b));
}

bool Connection::accept_bind(unsigned agree) {
    return read(&bind_) && bind_.type() == kBind && answer_bind(bind_, agree);
}

bool Connection::read_request(Request* request, unsigned milliseconds) {
    for (;;) {
        Pdu pdu;
        if (!read(&pdu, milliseconds)) return false;
        if (pdu.type() == kAlter) {
            if (!answer_bind(pdu, 0)) return false;
            continue;
        }
        if (pdu.type() != kRequest || pdu.bytes.size() < 24) return false;
        request->call_id = pdu.call_id();
        request->context = pdu.word(20);
        request->opnum = pdu.word(22);
        request->flags = pdu.flags();
        request->stub.assign(pdu.bytes.begin() + 24, pdu.bytes.end());
        return true;
    }
}

bool Connection::respond(unsigned call_id, const void* data, unsigned size, unsigned char flags,
                         unsigned char cancel_count) {
    Bytes b = header(kResponse, flags, call_id);
    put32(b, size), put16(b, 0), b.push_back(cancel_count), b.push_back(0);
    put(b, data, size);
    return send(finish(b));
}

bool Connection::fault(unsigned call_id, unsigned status, unsigned char flags, unsigned char reserved,
                       const Bytes& tail, unsigned alloc_hint) {
    Bytes b = header(kFault, flags, call_id);
    put32(b, alloc_hint), put16(b, 0), b.push_back(0), b.push_back(reserved);
    put32(b, status), put32(b, 0);
    put(b, tail.data(), tail.size());
    return send(finish(b));
}

bool Connection::bind(const RPC_SYNTAX_IDENTIFIER& interface_id, unsigned char flags, bool features, Pdu* answer) {
    Bytes b = header(kBind, flags, 1);
    put16(b, 5840), put16(b, 5840), put32(b, 0);
    b.push_back(features ? 2 : 1), b.insert(b.end(), 3, 0);
    put16(b, 0), b.push_back(1), b.push_back(0);
    put(b, &interface_id, 20), put(b, kNdrSyntax, 20);
    if (features) {
        put16(b, 1), b.push_back(1), b.push_back(0);
        put(b, &interface_id, 20), put(b, kFeatures, 8);
        put32(b, 3), put32(b, 0), put32(b, 1);
    }
    Pdu got;
    if (!send(finish(b)) || !read(&got) || got.type() != kBindAck) return false;
    if (answer) *answer = got;
    return true;
}

bool Connection::request(unsigned call_id, unsigned opnum, const Bytes& stub, unsigned char flags) {
    Bytes b = header(kRequest, flags, call_id);
    put32(b, static_cast<unsigned>(stub.size())), put16(b, 0), put16(b, opnum);
    put(b, stub.data(), stub.size());
    return send(finish(b));
}

bool Connection::bare(unsigned char type, unsigned call_id) {
    Bytes b = header(type, kFirst | kLast, call_id);
    return send(finish(b));
}

Server::Server() {
    WSADATA data;
    (void)WSAStartup(MAKEWORD(2, 2), &data);
}

bool Server::hold() {
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int size = sizeof address;
    if (socket_ == INVALID_SOCKET || ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size))
        return false;
    port_ = ntohs(address.sin_port);
    return true;
}

bool Server::listen() { return hold() && !::listen(socket_, 16); }

Connection Server::accept(unsigned milliseconds) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(socket_, &set);
    timeval time{static_cast<long>(milliseconds / 1000), static_cast<long>(milliseconds % 1000 * 1000)};
    if (select(0, &set, nullptr, nullptr, &time) != 1) return {};
    return Connection(::accept(socket_, nullptr, nullptr));
}

void Server::close() {
    if (socket_ != INVALID_SOCKET) closesocket(socket_);
    socket_ = INVALID_SOCKET;
}

Connection connect_to(unsigned short port) {
    WSADATA data;
    (void)WSAStartup(MAKEWORD(2, 2), &data);
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (connect(s, reinterpret_cast<sockaddr*>(&address), sizeof address)) {
        closesocket(s);
        return {};
    }
    return Connection(s);
}

}  // namespace raw
