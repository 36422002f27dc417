#pragma once
// A peer that speaks connection-oriented PDUs over a TCP socket by itself: what the runtime sends can be looked at,
// and what no runtime would send can be sent. Loopback only.
#include <winsock2.h>
#include <windows.h>
#include <rpc.h>
#include <string>
#include <vector>

namespace raw {

using Bytes = std::vector<unsigned char>;

enum : unsigned char {
    kRequest = 0, kResponse = 2, kFault = 3, kBind = 11, kBindAck = 12, kBindNak = 13, kAlter = 14, kAlterResponse = 15,
    kCancel = 18, kOrphaned = 19,
};
enum : unsigned char {
    kFirst = 1, kLast = 2, kPendingCancel = 4, kMultiplex = 0x10, kDidNotExecute = 0x20,
};

struct Pdu {
    Bytes bytes;
    unsigned char type() const { return bytes[2]; }
    unsigned char flags() const { return bytes[3]; }
    unsigned frag_length() const { return bytes[8] | bytes[9] << 8; }
    unsigned auth_length() const { return bytes[10] | bytes[11] << 8; }
    unsigned call_id() const { return dword(12); }
    unsigned word(unsigned at) const { return at + 2 <= bytes.size() ? bytes[at] | bytes[at + 1] << 8 : 0; }
    unsigned dword(unsigned at) const { return word(at) | word(at + 2) << 16; }
};

struct Request {
    unsigned call_id = 0, context = 0, opnum = 0;
    unsigned char flags = 0;
    Bytes stub;
};

// What accept_bind agrees to.
enum : unsigned { kAgreeMultiplex = 1, kAgreeFeatures = 2 };

class Connection {
public:
    Connection() = default;
    explicit Connection(SOCKET s) : socket_(s) {}
    Connection(Connection&& other) : socket_(other.socket_), bind_(other.bind_) { other.socket_ = INVALID_SOCKET; }
    Connection& operator=(Connection&& other);
    ~Connection() { close(); }
    void close();
    explicit operator bool() const { return socket_ != INVALID_SOCKET; }

    [[nodiscard]] bool send(const Bytes&);
    // The next PDU; false when none came in time or the peer closed.
    [[nodiscard]] bool read(Pdu*, unsigned milliseconds = 5000);
    // True when the peer closes within the time; PDUs that come before are kept in `last`.
    bool wait_closed(unsigned milliseconds, std::vector<Pdu>* last = nullptr);
    // True when a byte is there to be read, or the peer closed.
    bool readable(unsigned milliseconds);

    // Server side.
    [[nodiscard]] bool accept_bind(unsigned agree);
    [[nodiscard]] bool read_request(Request*, unsigned milliseconds = 5000);
    [[nodiscard]] bool respond(unsigned call_id, const void* data, unsigned size,
                               unsigned char flags = kFirst | kLast, unsigned char cancel_count = 0);
    [[nodiscard]] bool fault(unsigned call_id, unsigned status, unsigned char flags = kFirst | kLast,
                             unsigned char reserved = 0, const Bytes& tail = {}, unsigned alloc_hint = 0x20);
    const Pdu& bind_pdu() const { return bind_; }

    // Client side.
    [[nodiscard]] bool bind(const RPC_SYNTAX_IDENTIFIER& interface_id, unsigned char flags = kFirst | kLast,
                            bool features = false, Pdu* answer = nullptr);
    [[nodiscard]] bool request(unsigned call_id, unsigned opnum, const Bytes& stub,
                               unsigned char flags = kFirst | kLast);
    [[nodiscard]] bool bare(unsigned char type, unsigned call_id);  // co_cancel, orphaned

private:
    [[nodiscard]] bool answer_bind(const Pdu&, unsigned agree);

    SOCKET socket_ = INVALID_SOCKET;
    Pdu bind_;
};

class Server {
public:
    Server();
    ~Server() { close(); }
    Server(const Server&) = delete;
    [[nodiscard]] bool hold();  // a port of its own, on which it does not listen
    [[nodiscard]] bool listen();
    Connection accept(unsigned milliseconds = 5000);
    std::wstring endpoint() const { return std::to_wstring(port_); }
    void close();

private:
    SOCKET socket_ = INVALID_SOCKET;
    unsigned short port_ = 0;
};

Connection connect_to(unsigned short port);
Bytes longs(std::initializer_list<unsigned>);

}  // namespace raw
