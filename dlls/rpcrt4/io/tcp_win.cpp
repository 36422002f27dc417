#include "io/tcp_win.h"

#include "io/tcp_stream_win.h"  // before what includes windows.h

#include "base/error_record.h"
#include "base/log.h"
#include "io/accept_loop_win.h"

namespace rpc::io {
namespace {

// 0 when the text is no port. Port 0 is none either.
uint16_t port_of(std::string_view endpoint) {
    unsigned port = 0;
    if (endpoint.empty() || endpoint.size() > 5) return 0;
    for (char c : endpoint) {
        if (c < '0' || c > '9') return 0;
        port = port * 10 + static_cast<unsigned>(c - '0');
    }
    return port <= 65535 ? static_cast<uint16_t>(port) : 0;
}

uint16_t to_network(uint16_t port) { return static_cast<uint16_t>(port << 8 | port >> 8); }

SocketAddress any_address(int family, uint16_t port) {
    SocketAddress a{};
    a.any.sa_family = static_cast<u_short>(family);
    (family == AF_INET ? a.v4.sin_port : a.v6.sin6_port) = to_network(port);
    return a;
}

SocketAddress loopback_address(int family, uint16_t port) {
    SocketAddress a = any_address(family, port);
    auto bytes = family == AF_INET ? reinterpret_cast<uint8_t*>(&a.v4.sin_addr) : reinterpret_cast<uint8_t*>(&a.v6.sin6_addr);
    if (family == AF_INET) bytes[0] = 127;
    bytes[family == AF_INET ? 3 : 15] = 1;
    return a;
}

int size_of(const SocketAddress& a) { return a.any.sa_family == AF_INET ? sizeof a.v4 : sizeof a.v6; }

// ---- connecting ----

// Notes what the system's error, noted already, became.
Status mapped(Status status, uint16_t location) {
    note_error(ErrorComponent::runtime, code(status), location);
    return status;
}

Status wrap(const Winsock& ws, SOCKET socket, Ref<Stream>& stream) {
    stream = make_ref<TcpStream>(ws, socket);
    if (stream) return Status::ok;
    ws.closesocket(socket);
    return Status::out_of_memory;
}

// ConnectEx, as it can be given up: a plain connect waits as long as the system likes.
DWORD connect_socket(const Winsock& ws, SOCKET socket, const SocketAddress& to, uint32_t timeout_ms) {
    const SocketAddress from = any_address(to.any.sa_family, 0);
    if (ws.bind(socket, &from.any, size_of(from)) != 0) return static_cast<DWORD>(ws.WSAGetLastError());
    OVERLAPPED o{};
    o.hEvent = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    if (!o.hEvent) return ERROR_NO_SYSTEM_RESOURCES;
    DWORD n = 0, error = 0;
    if (!ws.ConnectEx(socket, &to.any, size_of(to), nullptr, 0, &n, &o)) error = static_cast<DWORD>(ws.WSAGetLastError());
    if (error == ERROR_IO_PENDING) {
        const DWORD wait = timeout_ms == wait_forever ? INFINITE : timeout_ms;
        if (WaitForSingleObject(o.hEvent, wait) != WAIT_OBJECT_0) {
            CancelIoEx(as_handle(socket), &o);
            WaitForSingleObject(o.hEvent, INFINITE);
        }
        error = GetOverlappedResult(as_handle(socket), &o, &n, FALSE) ? 0 : GetLastError();
    }
    CloseHandle(o.hEvent);
    if (error == 0) ws.setsockopt(socket, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0);
    return error;
}

Status connect_to(const Winsock& ws, const SocketAddress& to, uint32_t timeout_ms, Ref<Stream>& stream) {
    const SOCKET socket = make_socket(ws, to.any.sa_family);
    if (socket == INVALID_SOCKET) {
        const int why = ws.WSAGetLastError();
        const uint32_t family = to.any.sa_family;
        note_error(ErrorComponent::winsock, static_cast<uint32_t>(why), detected::socket_open, {family, uint32_t{SOCK_STREAM}, uint32_t{IPPROTO_TCP}});
        return mapped(why == WSAEAFNOSUPPORT ? Status::server_unavailable : Status::out_of_resources, detected::socket_open_mapped);
    }
    const DWORD error = connect_socket(ws, socket, to, timeout_ms);
    if (error == 0) return wrap(ws, socket, stream);
    RPC_LOG(debug, "connect: error %lu", error);
    ws.closesocket(socket);
    note_error(ErrorComponent::winsock, error, detected::connect_ex);
    switch (error) {
    case WSAEACCES:
        return mapped(Status::access_denied, detected::socket_connect_mapped);
    case WSAENOBUFS:
    case ERROR_NO_SYSTEM_RESOURCES:
        return mapped(Status::out_of_resources, detected::socket_connect_mapped);
    }
    return mapped(Status::server_unavailable, detected::socket_connect_mapped);
}

Status connect_by_name(const Winsock& ws, const char* name, uint16_t port, uint64_t until, bool bounded,
                       Ref<Stream>& stream) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    addrinfo* list = nullptr;
    const int error = ws.getaddrinfo(name, nullptr, &hints, &list);
    if (error != 0) note_error(ErrorComponent::winsock, static_cast<uint32_t>(error), detected::resolve_name, {std::string_view(name)});
    if (error == WSA_NOT_ENOUGH_MEMORY) return mapped(Status::out_of_memory, detected::resolve_name_memory);
    if (error != 0) return mapped(Status::server_unavailable, detected::resolve_name_mapped);  // the documented answer
    Status status = Status::server_unavailable;
    for (addrinfo* a = list; a && failed(status); a = a->ai_next) {
        if ((a->ai_family != AF_INET && a->ai_family != AF_INET6) || a->ai_addrlen > sizeof(SocketAddress)) continue;
        SocketAddress to{};
        memcpy(&to, a->ai_addr, a->ai_addrlen);
        (to.any.sa_family == AF_INET ? to.v4.sin_port : to.v6.sin6_port) = to_network(port);
        const ULONGLONG now = GetTickCount64();
        if (bounded && now >= until && a != list) break;
        status = connect_to(ws, to, bounded ? static_cast<uint32_t>(until > now ? until - now : 0) : wait_forever, stream);
    }
    ws.freeaddrinfo(list);
    return status;
}

// ---- listening ----

class TcpAcceptor final : public AcceptLoop {
public:
    TcpAcceptor(const Winsock& ws, AcceptSink& sink, Str endpoint, SOCKET v4, SOCKET v6)
        : AcceptLoop(sink, std::move(endpoint)), ws_(ws), listening_{v4, v6} {}
    ~TcpAcceptor() override { stopped(); }
    DWORD open() { return begin(listening_[1] == INVALID_SOCKET ? 4 : 6, listening_[1] == INVALID_SOCKET ? 1 : 2); }

private:
    // What AcceptEx wants beside each accept: room for two addresses, which nobody reads.
    struct Addresses {
        uint8_t bytes[2 * (sizeof(SocketAddress) + 16)];
    };
    DWORD ask_accept(Slot& slot) override;
    void cancel(Slot& slot) override { CancelIoEx(as_handle(listening_[slot.which]), &slot); }
    Ref<Stream> make_stream(const Slot& slot, HANDLE handle) override;
    void close_handle(HANDLE handle) override { ws_.closesocket(as_socket(handle)); }
    void stopped() override;

    const Winsock& ws_;
    SOCKET listening_[2];
    Addresses addresses_[max_slots];
};

DWORD TcpAcceptor::ask_accept(Slot& slot) {
    const SOCKET socket = make_socket(ws_, slot.which == 0 ? AF_INET : AF_INET6);
    if (socket == INVALID_SOCKET) return static_cast<DWORD>(ws_.WSAGetLastError());
    static_cast<OVERLAPPED&>(slot) = {};
    slot.handle = as_handle(socket);
    constexpr DWORD room = sizeof(SocketAddress) + 16;
    DWORD n = 0;
    if (ws_.AcceptEx(listening_[slot.which], socket, &addresses_[index_of(slot)], 0, room, room, &n, &slot))
        return ERROR_IO_PENDING;  // a packet comes all the same
    const DWORD error = static_cast<DWORD>(ws_.WSAGetLastError());
    if (error == ERROR_IO_PENDING) return error;
    slot.handle = nullptr;
    ws_.closesocket(socket);
    return error;
}

Ref<Stream> TcpAcceptor::make_stream(const Slot& slot, HANDLE handle) {
    ws_.setsockopt(as_socket(handle), SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                   reinterpret_cast<const char*>(&listening_[slot.which]), sizeof(SOCKET));
    auto stream = make_ref<TcpStream>(ws_, as_socket(handle));
    if (!stream) ws_.closesocket(as_socket(handle));
    return stream;
}

void TcpAcceptor::stopped() {
    for (SOCKET& s : listening_)
        if (s != INVALID_SOCKET) ws_.closesocket(std::exchange(s, INVALID_SOCKET));
}

// A listening socket on the port, or on one that the system chooses (then `port` is set).
DWORD listen_on(const Winsock& ws, int family, uint16_t& port, uint32_t backlog, SOCKET& listening) {
    const SOCKET s = make_socket(ws, family);
    if (s == INVALID_SOCKET) return static_cast<DWORD>(ws.WSAGetLastError());
    const BOOL on = TRUE;
    auto value = reinterpret_cast<const char*>(&on);
    ws.setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, value, sizeof on);
    if (family == AF_INET6) ws.setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, value, sizeof on);
    SocketAddress at = any_address(family, port);
    int size = sizeof at;
    const bool done = ws.bind(s, &at.any, size_of(at)) == 0 &&
                      ws.listen(s, backlog > 0x7fff ? 0x7fff : static_cast<int>(backlog)) == 0 &&
                      ws.getsockname(s, &at.any, &size) == 0;
    const DWORD error = done ? 0 : static_cast<DWORD>(ws.WSAGetLastError());
    if (!done || failed(join_port(as_handle(s)))) {
        ws.closesocket(s);
        return done ? ERROR_NO_SYSTEM_RESOURCES : error;
    }
    port = to_network(family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
    listening = s;
    return 0;
}

Status listen_failure(DWORD error) {
    RPC_LOG(warn, "listen: error %lu", error);
    switch (error) {
    case WSAEADDRINUSE:
    case WSAEACCES:  // somebody has it for himself
        return Status::duplicate_endpoint;
    case WSAENOBUFS:
    case ERROR_NO_SYSTEM_RESOURCES:
        return Status::out_of_resources;
    }
    return Status::cant_create_endpoint;
}

}  // namespace

bool tcp_endpoint_valid(std::string_view endpoint) { return port_of(endpoint) != 0; }

Status tcp_connect(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream) {
    const uint16_t port = port_of(address.endpoint.view());
    if (port == 0) return Status::invalid_endpoint_format;
    const Winsock* ws = winsock();
    if (!ws) return Status::out_of_resources;
    const uint64_t until = GetTickCount64() + timeout_ms;
    if (!address.network_address.empty())
        return connect_by_name(*ws, address.network_address.c_str(), port, until, timeout_ms != wait_forever, stream);
    Status status = connect_to(*ws, loopback_address(AF_INET, port), timeout_ms, stream);
    if (status == Status::server_unavailable && GetTickCount64() < until)
        status = connect_to(*ws, loopback_address(AF_INET6, port), timeout_ms, stream);
    return status;
}

Status tcp_listen(std::string_view endpoint, const ListenOptions& options, AcceptSink& sink, Ref<Acceptor>& acceptor) {
    uint16_t port = port_of(endpoint);
    if (!endpoint.empty() && port == 0) return Status::invalid_endpoint_format;
    const Winsock* ws = winsock();
    if (!ws) return Status::out_of_resources;
    RPC_TRY(start_executor());
    SOCKET v4 = INVALID_SOCKET, v6 = INVALID_SOCKET;
    DWORD error = listen_on(*ws, AF_INET, port, options.backlog, v4);
    if (error != 0) return listen_failure(error);
    // IPv4 is what clients count on; the other may be missing, or the port be taken there.
    error = listen_on(*ws, AF_INET6, port, options.backlog, v6);
    if (error != 0) RPC_LOG(info, "no IPv6 on port %u: error %lu", port, error);
    char text[6];
    size_t length = 0;
    for (unsigned unit = 10000; unit != 0; unit /= 10)
        if (length != 0 || port >= unit) text[length++] = static_cast<char>('0' + port / unit % 10);
    Str name;
    Ref<TcpAcceptor> made;
    if (name.assign({text, length})) made = make_ref<TcpAcceptor>(*ws, sink, std::move(name), v4, v6);
    if (!made) {
        ws->closesocket(v4);
        if (v6 != INVALID_SOCKET) ws->closesocket(v6);
        return Status::out_of_memory;
    }
    acceptor = made;  // the sink may ask for it at once
    error = made->open();
    if (error == 0) return Status::ok;
    acceptor.reset();
    return listen_failure(error);
}

}  // namespace rpc::io
