// Winsock, with TCP_NODELAY on both ends.
#include "raw.h"
#include "support/threads.h"
#include <string.h>

namespace bench {

static bool send_all(SOCKET s, const Byte* bytes, long size) {
    while (size > 0) {
        const int sent = send(s, reinterpret_cast<const char*>(bytes), size, 0);
        if (sent <= 0) return false;
        bytes += sent, size -= sent;
    }
    return true;
}
// Reads at least `size` bytes and at most `room`; the number read, or 0.
static long receive(SOCKET s, Byte* bytes, long size, long room) {
    long have = 0;
    while (have < size) {
        const int got = recv(s, reinterpret_cast<char*>(bytes) + have, room - have, 0);
        if (got <= 0) return 0;
        have += got;
    }
    return have;
}
static void no_delay(SOCKET s) {
    const int on = 1;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
}
static sockaddr_in loopback(unsigned short port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

class TcpChannel : public RawChannel {
public:
    explicit TcpChannel(SOCKET s) : socket_(s) {}
    ~TcpChannel() override { closesocket(socket_); }

protected:
    bool exchange(const Byte* request, long size, Byte* reply, long reply_size) override {
        return send_all(socket_, request, size) && receive(socket_, reply, reply_size, reply_size);
    }

private:
    SOCKET socket_;
};

std::unique_ptr<Channel> connect_tcp(const std::string& name) {
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data)) return nullptr;
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(static_cast<unsigned short>(atoi(name.c_str())));
    if (connect(s, reinterpret_cast<const sockaddr*>(&address), sizeof address)) return nullptr;
    no_delay(s);
    return std::make_unique<TcpChannel>(s);
}

static void serve_socket(SOCKET s) {
    const long room = sizeof(Header) + kBulk;
    Pages in = make_pages(room), out = make_pages(room);
    for (;;) {
        const long have = receive(s, &in[0], sizeof(Header), room);
        if (!have) break;
        Header header, reply;
        memcpy(&header, &in[0], sizeof header);
        const long rest = sizeof header + header.size - have;
        if (rest > 0 && !receive(s, &in[have], rest, rest)) break;
        answer(header, &in[sizeof header], &reply, &out[sizeof reply]);
        memcpy(&out[0], &reply, sizeof reply);
        if (!send_all(s, &out[0], sizeof reply + answer_size(static_cast<Op>(reply.op), reply.count))) break;
    }
    closesocket(s);
}

bool serve_tcp(std::string& name) {
    const unsigned short port = free_port();
    SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) || listen(listener, 64)) return false;
    name = std::to_string(port);
    run_detached([listener] {
        for (;;) {
            SOCKET s = accept(listener, nullptr, nullptr);
            if (s == INVALID_SOCKET) return;
            no_delay(s);
            run_detached([s] { serve_socket(s); });
        }
    });
    return true;
}

}  // namespace bench
