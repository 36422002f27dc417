#pragma once
// A virtual connection of RPC over HTTP v2 as a stream: two HTTP requests that stay open, over WinHTTP's asynchronous mode, whose
// threads run the callbacks; none of ours waits for the network. What comes in waits here, at most a receive window of it and
// what one read brings, until somebody takes it.
#include <atomic>

#include "base/list.h"
#include "base/mutex.h"
#include "base/vector.h"
#include "io/http_login_win.h"
#include "io/overlapped_stream_win.h"
#include "io/virtual_connection.h"
#include "io/winhttp_win.h"

namespace rpc::io {

// The four handles of a connection, closed in the order that WinHTTP wants.
struct HttpHandles {
    HINTERNET session = nullptr;
    HINTERNET server = nullptr;
    HINTERNET in = nullptr;
    HINTERNET out = nullptr;
    void close(const WinHttp& http);
};

struct InKeepAlive;  // the tag of the list of all that are open

class HttpStream final : public Stream, public ListLink<InKeepAlive>, private Work {
public:
    explicit HttpStream(const WinHttp& http) : http_(http) {}
    ~HttpStream() override;

    // The schemes that the proxy wants a login by (WINHTTP_AUTH_SCHEME_x, as RPC_C_HTTP_AUTHN_SCHEME_x), after access_denied and
    // proxy_access_denied.
    uint32_t schemes_wanted();
    // Takes the handles over, whose requests are made and not sent.
    void take(const HttpHandles& handles) { handles_ = handles; }
    // Logs in, sends both requests and waits until the server is there. access_denied and proxy_access_denied: the RPC proxy, the HTTP
    // proxy does not let us in; what the RPC proxy says of the server; server_unavailable. From now on
    // WinHTTP has references until close().
    Status open(const HttpLogin& login, uint32_t timeout_ms);

    Status write(std::span<const ByteView> parts) override;
    Status read(MutBytes into, size_t& got, uint32_t timeout_ms) override;
    void interrupt() override;
    Status start(StreamSink& sink) override;
    void post(Buffer bytes, WriteWatch* watch) override;
    void pause() override;
    void resume() override;
    size_t unsent() override;
    void close() override { fail(Status::call_cancelled); }
    // Also false when the IN channel has carried nearly all that it may: another connection is to be made then.
    bool alive() override;
    bool peer_is_local() const override { return false; }

    // Sends a ping unless something was sent since the last time.
    void keep_alive();

private:
    // A request's context, by which the callback finds the stream.
    struct Channel {
        HttpStream* stream = nullptr;
        bool is_in = false;
    };
    enum class Reading : uint8_t { idle, querying, available, reading, read };
    struct Watched {
        uint64_t end;  // of its bytes, counted as VirtualConnection::rpc_bytes_sent
        size_t size;
        WriteWatch* watch;
    };

    bool use() { return gate_.enter(); }
    void unuse() {
        if (gate_.leave()) handles_.close(http_);
    }
    bool listen_to(HINTERNET request, Channel& channel);
    Status log_in(HINTERNET request, const HttpLogin& login, uint64_t until);
    Status send_out(const HttpLogin& login, uint64_t until);
    Status send_in(const HttpLogin& login, uint64_t until);
    Status send(HINTERNET request, Channel& channel, MutBytes body, DWORD total);
    bool out_is_sent() const REQUIRES(mutex_) { return out_sent_; }
    bool is_open() const REQUIRES(mutex_) { return connection_.is_open(); }
    bool wait_until(bool (HttpStream::*there)() const, uint64_t until) REQUIRES(mutex_);
    static void CALLBACK on_status(HINTERNET, DWORD_PTR context, DWORD status, LPVOID information, DWORD size);
    void on_event(bool is_in, DWORD status, LPVOID information, DWORD size);
    void on_error(bool is_in, DWORD error);
    void on_request_sent(bool is_in);
    void on_headers();
    Status look_at_certificate(bool is_in);

    void fail(Status why);
    void peer_ended();
    bool is_over() const REQUIRES(mutex_) { return closed_ || peer_closed_; }

    void read_on();
    void read_step();
    Status take_read() REQUIRES(mutex_);
    void write_on();
    void write_step();
    void tell_watches(bool all);

    size_t available() const REQUIRES(mutex_) { return incoming_.size() - consumed_; }
    bool take(MutBytes into, size_t& got) REQUIRES(mutex_);
    void taken();
    void schedule() REQUIRES(mutex_);
    enum class Step : uint8_t { idle, data, closed };
    Step next_step(MutBytes into, size_t& got, Status& why);
    void run() override;

    const WinHttp& http_;
    HttpHandles handles_;
    HandleGate gate_;
    Channel in_context_, out_context_;
    Ref<const HttpCredentials> who_;  // null: nobody

    Mutex mutex_;
    Condition changed_;
    VirtualConnection connection_ GUARDED_BY(mutex_);
    Buffer first_;  // the OUT channel's request, which WinHTTP reads while it is sent
    Status why_ GUARDED_BY(mutex_) = Status::ok;
    bool closed_ GUARDED_BY(mutex_) = false;       // by us, or by an error
    bool peer_closed_ GUARDED_BY(mutex_) = false;  // the OUT channel has ended
    bool interrupted_ GUARDED_BY(mutex_) = false;  // until a read has seen it
    uint32_t system_error_ GUARDED_BY(mutex_) = 0;
    uint32_t schemes_wanted_ GUARDED_BY(mutex_) = 0;

    // The OUT channel. One operation of WinHTTP's is out, or one thread is in read_step().
    std::atomic<unsigned> read_turns_{0};
    Reading reading_ GUARDED_BY(mutex_) = Reading::idle;
    DWORD read_size_ GUARDED_BY(mutex_) = 0;
    bool read_waits_ GUARDED_BY(mutex_) = false;  // for somebody to take what is here
    uint8_t read_buffer_[8192];
    Buffer incoming_ GUARDED_BY(mutex_);  // whole RPC PDUs
    size_t consumed_ GUARDED_BY(mutex_) = 0;

    // The IN channel, likewise.
    std::atomic<unsigned> write_turns_{0};
    bool in_open_ GUARDED_BY(mutex_) = false;  // its request is sent
    bool out_sent_ GUARDED_BY(mutex_) = false;
    bool in_failed_ GUARDED_BY(mutex_) = false;
    bool out_answered_ GUARDED_BY(mutex_) = false;  // with a status of HTTP
    bool writing_ GUARDED_BY(mutex_) = false;
    Buffer chunk_;  // what is being written: whoever sets writing_ owns it
    uint64_t posted_ GUARDED_BY(mutex_) = 0;   // bytes given to send() so far
    uint64_t written_ GUARDED_BY(mutex_) = 0;  // RPC bytes that have left
    bool wrote_ GUARDED_BY(mutex_) = false;    // since the last look of the keep-alive
    Vector<Watched> watches_ GUARDED_BY(mutex_);

    // Once it is queued.
    StreamSink* sink_ GUARDED_BY(mutex_) = nullptr;
    bool paused_ GUARDED_BY(mutex_) = false;
    bool scheduled_ GUARDED_BY(mutex_) = false;
};

}  // namespace rpc::io
