#pragma once
// A connected TCP socket as a stream.
#include "io/winsock_win.h"  // before windows.h

#include "io/overlapped_stream_win.h"

namespace rpc::io {

union SocketAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

inline SOCKET as_socket(HANDLE handle) { return reinterpret_cast<SOCKET>(handle); }
inline HANDLE as_handle(SOCKET socket) { return reinterpret_cast<HANDLE>(socket); }

// An overlapped socket that child processes do not inherit; INVALID_SOCKET with WSAGetLastError.
SOCKET make_socket(const Winsock& ws, int family);
bool is_loopback(const SocketAddress& address);
// Digits and dots or colons, as a string binding has them; the length written.
size_t address_text(const SocketAddress& address, char (&out)[46]);

class TcpStream final : public OverlappedStream {
public:
    // Takes over a connected socket.
    TcpStream(const Winsock& ws, SOCKET socket);

    bool alive() override;
    void keep_alive(uint32_t silent_ms) override;
    bool peer_is_local() const override { return local_; }
    std::string_view peer_address() const override { return {address_, address_length_}; }
    HostAddress own_host() const override { return own_; }
    HostAddress peer_host() const override { return peer_; }

private:
    DWORD ask_read(MutBytes into, OVERLAPPED& o, DWORD& n) override;
    DWORD ask_write(std::span<const ByteView> parts, OVERLAPPED& o, DWORD& n) override;
    bool empty_read_is_end() const override { return true; }
    size_t most_parts() const override { return most_buffers; }

    static constexpr size_t most_buffers = 64;
    const Winsock& ws_;
    bool local_ = false;
    HostAddress own_;
    HostAddress peer_;
    size_t address_length_ = 0;
    char address_[46];
};

}  // namespace rpc::io
