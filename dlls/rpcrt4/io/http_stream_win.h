#pragma once
// A virtual connection of RPC over HTTP v2 as a stream: two HTTP requests that stay open, over WinHTTP's asynchronous mode, whose
// threads run the callbacks; none of ours waits for the network, but for the login of a channel's successor, which a thread of the pool
// makes. What comes in waits here, at most a receive window of it and what one read brings, until somebody takes it.
#include <atomic>

#include "base/list.h"
#include "base/mutex.h"
#include "base/vector.h"
#include "io/http_channel_win.h"
#include "io/virtual_connection.h"

namespace rpc::io {

struct InKeepAlive;  // the tag of the list of all that are open

class HttpStream final : public Stream, public ListLink<InKeepAlive>, private Work {
public:
    HttpStream(const WinHttp& http, Ref<const HttpRoute> route, const HttpLogin& login)
        : http_(http), route_(std::move(route)), who_(Ref<const HttpCredentials>::share(login.who)), login_(login) {}
    ~HttpStream() override;

    // The schemes that the proxy wants a login by (WINHTTP_AUTH_SCHEME_x, as RPC_C_HTTP_AUTHN_SCHEME_x), after access_denied and
    // proxy_access_denied.
    uint32_t schemes_wanted();
    // Logs in, sends both requests and waits until the server is there. `in_lifetime`: of each IN channel. access_denied and
    // proxy_access_denied: the RPC proxy, the HTTP proxy does not let us in; what the RPC proxy says of the server;
    // server_unavailable. From now on WinHTTP has references until close().
    Status open(uint32_t in_lifetime, uint32_t timeout_ms);

    Status write(std::span<const ByteView> parts) override;
    Status read(MutBytes into, size_t& got, uint32_t timeout_ms) override;
    void interrupt() override;
    Status start(StreamSink& sink) override;
    void post(Buffer bytes, WriteWatch* watch) override;
    void pause() override;
    void resume() override;
    size_t unsent() override;
    void close() override { fail(Status::call_cancelled); }
    bool alive() override;
    bool peer_is_local() const override { return false; }

    // Sends a ping unless something was sent since the last time. Ends the connection where a channel has waited too long for its
    // successor.
    void keep_alive();

private:
    enum class Reading : uint8_t { idle, querying, available, reading, read };
    struct Watched {
        uint64_t end;  // of its bytes, counted as VirtualConnection::rpc_bytes_sent
        size_t size;
        WriteWatch* watch;
    };

    // Opens a channel's successor, on a thread of the pool.
    struct Successor final : Work {
        Successor(HttpStream& stream, bool is_in) : stream(stream), is_in(is_in) {}
        void run() override;
        HttpStream& stream;
        const bool is_in;
        bool asked = false;     // under the stream's mutex: it was submitted and has not made its request yet
        uint64_t since_ms = 0;  // under the stream's mutex: of the last time
    };

    Status make_channel(bool is_in, bool is_first, Ref<HttpChannel>& channel);
    Status start_channel(HttpChannel& channel, uint64_t until);
    Status send_request(HttpChannel& channel, uint64_t until);
    Status log_in(HttpChannel& channel, uint64_t until);
    Status want_successors() REQUIRES(mutex_);
    Status ask(Successor& successor) REQUIRES(mutex_);
    Status succeed(bool is_in);
    Ref<HttpChannel> replace(bool is_in) REQUIRES(mutex_);
    Ref<HttpChannel> long_ended(bool is_in) REQUIRES(mutex_);
    bool is_stuck() REQUIRES(mutex_);
    Ref<HttpChannel>& role(bool is_in) REQUIRES(mutex_) { return is_in ? in_ : out_; }
    Ref<HttpChannel>& next_role(bool is_in) REQUIRES(mutex_) { return is_in ? next_in_ : next_out_; }
    bool has_role(const HttpChannel& channel) REQUIRES(mutex_) {
        return role(channel.is_in).get() == &channel || next_role(channel.is_in).get() == &channel;
    }
    bool is_open() const REQUIRES(mutex_) { return connection_.is_open(); }
    bool wait_until(bool (HttpStream::*there)() const, uint64_t until) REQUIRES(mutex_);
    static void CALLBACK on_status(HINTERNET, DWORD_PTR context, DWORD status, LPVOID information, DWORD size);
    void on_event(HttpChannel& channel, DWORD status, LPVOID information, DWORD size);
    void on_read(HttpChannel& channel, bool read, DWORD count);
    void on_written(HttpChannel& channel);
    void on_error(HttpChannel& channel, DWORD error);
    void on_request_sent(HttpChannel& channel);
    void on_headers(HttpChannel& channel);
    void on_successor_headers(HttpChannel& channel);
    void receive_response(HttpChannel& channel);
    Status look_at_certificate(HttpChannel& channel);

    void fail(Status why);
    void peer_ended();
    bool is_over() const REQUIRES(mutex_) { return closed_ || peer_closed_; }

    void read_on();
    void read_step();
    Status take_read(Ref<HttpChannel>& over) REQUIRES(mutex_);
    void end_out_request();
    void write_on();
    void write_step();
    void write_chunk(HttpChannel& channel);
    void tell_watches(bool all);

    size_t available() const REQUIRES(mutex_) { return incoming_.size() - consumed_; }
    bool take(MutBytes into, size_t& got) REQUIRES(mutex_);
    void taken();
    void schedule() REQUIRES(mutex_);
    enum class Step : uint8_t { idle, data, closed };
    Step next_step(MutBytes into, size_t& got, Status& why);
    void run() override;

    const WinHttp& http_;
    const Ref<const HttpRoute> route_;
    const Ref<const HttpCredentials> who_;  // null: nobody
    const HttpLogin login_;
    uint32_t in_lifetime_ = 0;

    Mutex mutex_;
    Condition changed_;
    VirtualConnection connection_ GUARDED_BY(mutex_);
    // The channels, and while one is replaced, its successor. Without a role a channel is closed, and heard no more.
    Ref<HttpChannel> in_ GUARDED_BY(mutex_), out_ GUARDED_BY(mutex_), next_in_ GUARDED_BY(mutex_), next_out_ GUARDED_BY(mutex_);
    struct Ended {
        Ref<HttpChannel> channel;
        uint64_t since_ms = 0;
    };
    Ended ended_in_ GUARDED_BY(mutex_), ended_out_ GUARDED_BY(mutex_);
    Successor in_successor_{*this, true}, out_successor_{*this, false};
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
    bool in_failed_ GUARDED_BY(mutex_) = false;
    bool out_answered_ GUARDED_BY(mutex_) = false;  // the first, with a status of HTTP
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
