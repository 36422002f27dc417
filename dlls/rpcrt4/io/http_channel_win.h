#pragma once
// The HTTP requests of a virtual connection: how they are made, and the one of a channel. Each channel has a session of WinHTTP's of its
// own, since WinHTTP gives an HTTP connection that is free to whichever request of its session asks, and with it who is logged in there.
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

private:
    bool try_open(const WinHttp& http, bool is_in, HttpHandles& handles) const;
    WideText host_, path_, proxy_;
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
