#pragma once
// The HTTP requests of a virtual connection: how they are made, and the one of a channel. A login belongs to an HTTP connection, and WinHTTP
// gives one that is free between two legs to whoever asks, from Wine's even in another session: whoever logs in at a server has a turn.
#include "base/bytes.h"
#include "base/ref.h"
#include "io/http_login_win.h"
#include "io/overlapped_stream_win.h"
#include "io/protocols.h"
#include "io/wide_text_win.h"

namespace rpc::io {

// The three handles of a channel, closed in the order that WinHTTP wants.
struct HttpHandles {
    HINTERNET session = nullptr;
    HINTERNET server = nullptr;
    HINTERNET request = nullptr;
    void close(const WinHttp& http);
};

// Where a connection's requests go, and by way of whom; constant.
class HttpRoute final : public RefCounted<HttpRoute> {
public:
    // invalid_network_options, out_of_memory.
    Status set(const Address& address);
    // Makes a request and does not send it. out_of_memory, out_of_resources.
    Status open(const WinHttp& http, bool is_in, HttpHandles& handles) const;

    // Waits while a login of this process at the same server is under way; with `takes_turn` the caller's begins, until end_turn().
    // server_unavailable: `until` (os::now_ms) has come; out_of_memory.
    Status begin_turn(bool takes_turn, uint64_t until) const;
    void end_turn() const;

private:
    bool same_server(const HttpRoute& other) const;
    bool try_open(const WinHttp& http, bool is_in, HttpHandles& handles) const;
    WideText host_, path_, proxy_, headers_;
    INTERNET_PORT port_ = 0;
    bool by_proxy_ = false, ssl_ = false, any_host_name_ = false;
};

class HttpStream;

struct HttpChannel final : RefCounted<HttpChannel> {
    HttpChannel(const WinHttp& http, HttpStream& stream, bool is_in, bool is_first)
        : http(http), stream(&stream), is_in(is_in), is_first(is_first) {}
    ~HttpChannel() { close(); }

    // The request is not closed until leave(). False once it is closed.
    bool enter() { return gate.enter(); }
    void leave() {
        if (gate.leave()) handles.close(http);
    }
    // Any thread, any number of times.
    void close() {
        if (gate.shut()) leave();
    }
    // From here on the request holds this and the stream, until its last callback.
    bool listen(WINHTTP_STATUS_CALLBACK callback);

    const WinHttp& http;
    HttpStream* const stream;
    const bool is_in;
    const bool is_first;  // of its direction; the others are successors
    HttpHandles handles;
    HandleGate gate;

    // Under the stream's mutex.
    bool sent = false;           // the request
    bool writing = false;        // `chunk`; whoever sets it owns that
    bool ends = false;           // IN: `chunk` is the last; OUT: so is the request's
    bool answered = false;       // OUT: with a status of HTTP
    Buffer chunk;                // what WinHTTP reads while it is sent or written
};

}  // namespace rpc::io
