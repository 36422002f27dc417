#include "io/tcp_stream_win.h"

#include <mstcpip.h>

#include <cstring>

#include "base/log.h"

namespace rpc::io {
namespace {

constexpr uint32_t keep_alive_interval_ms = 1000;  // between probes that are not answered: Windows' default

// What was written goes out before the end does.
void close_tcp(HANDLE handle) {
    const Winsock* ws = winsock();
    ws->shutdown(as_socket(handle), SD_SEND);
    ws->closesocket(as_socket(handle));
}

size_t put_decimal(char* out, unsigned value) {
    char digits[10];
    size_t n = 0;
    do digits[n++] = static_cast<char>('0' + value % 10);
    while (value /= 10);
    for (size_t i = 0; i < n; ++i) out[i] = digits[n - 1 - i];
    return n;
}

size_t v4_text(const uint8_t* a, char* out) {
    size_t n = 0;
    for (int i = 0; i < 4; ++i) {
        if (i != 0) out[n++] = '.';
        n += put_decimal(out + n, a[i]);
    }
    return n;
}

// RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as "::".
size_t v6_text(const uint8_t* a, char* out) {
    unsigned groups[8];
    for (int i = 0; i < 8; ++i) groups[i] = static_cast<unsigned>(a[2 * i] << 8 | a[2 * i + 1]);
    int best = -1, best_size = 1;
    for (int i = 0; i < 8; ++i) {
        int size = 0;
        while (i + size < 8 && groups[i + size] == 0) ++size;
        if (size > best_size) best = i, best_size = size;
    }
    size_t n = 0;
    for (int i = 0; i < 8; ++i) {
        if (i == best) {
            out[n++] = ':';
            if (i == 0) out[n++] = ':';
            i += best_size - 1;
            continue;
        }
        bool begun = false;
        for (int shift = 12; shift >= 0; shift -= 4) {
            const unsigned digit = groups[i] >> shift & 15;
            begun = begun || digit != 0 || shift == 0;
            if (begun) out[n++] = "0123456789abcdef"[digit];
        }
        if (i != 7) out[n++] = ':';
    }
    return n;
}

HostAddress host_of(const SocketAddress& a) {
    HostAddress host;
    host.size = a.any.sa_family == AF_INET ? 4 : 16;
    std::memcpy(host.bytes, host.size == 4 ? static_cast<const void*>(&a.v4.sin_addr) : &a.v6.sin6_addr, host.size);
    return host;
}

bool same_host(const HostAddress& a, const HostAddress& b) {
    return a.size == b.size && std::memcmp(a.bytes, b.bytes, a.size) == 0;
}

}  // namespace

SOCKET make_socket(const Winsock& ws, int family) {
    return ws.WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}

bool is_loopback(const SocketAddress& address) {
    if (address.any.sa_family == AF_INET) return reinterpret_cast<const uint8_t*>(&address.v4.sin_addr)[0] == 127;
    auto a = reinterpret_cast<const uint8_t*>(&address.v6.sin6_addr);
    for (int i = 0; i < 15; ++i)
        if (a[i] != 0) return false;
    return a[15] == 1;
}

size_t address_text(const SocketAddress& address, char (&out)[46]) {
    if (address.any.sa_family == AF_INET) return v4_text(reinterpret_cast<const uint8_t*>(&address.v4.sin_addr), out);
    return v6_text(reinterpret_cast<const uint8_t*>(&address.v6.sin6_addr), out);
}

TcpStream::TcpStream(const Winsock& ws, SOCKET socket) : OverlappedStream(as_handle(socket), false, close_tcp), ws_(ws) {
    // Requests and replies are small and waited for: nothing may hold them back.
    const BOOL on = TRUE;
    ws.setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
    SocketAddress peer{}, self{};
    int peer_size = sizeof peer, self_size = sizeof self;
    if (ws.getpeername(socket, &peer.any, &peer_size) != 0) return;
    peer_ = host_of(peer);
    address_length_ = address_text(peer, address_);
    if (ws.getsockname(socket, &self.any, &self_size) == 0) own_ = host_of(self);
    local_ = is_loopback(peer) || same_host(peer_, own_);
}

DWORD TcpStream::ask_read(MutBytes into, OVERLAPPED& o, DWORD& n) {
    WSABUF buffer{static_cast<ULONG>(into.size()), reinterpret_cast<char*>(into.data())};
    DWORD flags = 0;
    return ws_.WSARecv(as_socket(handle_), &buffer, 1, &n, &flags, &o, nullptr) == 0
               ? 0
               : static_cast<DWORD>(ws_.WSAGetLastError());
}

DWORD TcpStream::ask_write(std::span<const ByteView> parts, OVERLAPPED& o, DWORD& n) {
    WSABUF buffers[most_buffers];
    DWORD count = 0;
    for (ByteView part : parts)
        if (!part.empty())
            buffers[count++] = {static_cast<ULONG>(part.size()),
                                reinterpret_cast<char*>(const_cast<uint8_t*>(part.data()))};
    return ws_.WSASend(as_socket(handle_), buffers, count, &n, 0, &o, nullptr) == 0
               ? 0
               : static_cast<DWORD>(ws_.WSAGetLastError());
}

void TcpStream::keep_alive(uint32_t silent_ms) {
    tcp_keepalive how{silent_ms != 0, silent_ms, keep_alive_interval_ms};
    DWORD n = 0;
    if (ws_.WSAIoctl(as_socket(handle_), SIO_KEEPALIVE_VALS, &how, sizeof how, nullptr, 0, &n, nullptr, nullptr) != 0)
        RPC_LOG(info, "no keep-alives: error %d", ws_.WSAGetLastError());
}

bool TcpStream::alive() {
    if (!use()) return false;
    bool there = true;
    fd_set set;
    set.fd_count = 1;
    set.fd_array[0] = as_socket(handle_);
    timeval now{0, 0};
    if (!on_port() && ws_.select(0, &set, nullptr, nullptr, &now) == 1) {
        char byte;
        there = ws_.recv(as_socket(handle_), &byte, 1, MSG_PEEK) > 0;
    }
    unuse();
    return there;
}

}  // namespace rpc::io
