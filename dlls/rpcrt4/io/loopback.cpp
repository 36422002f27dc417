#include "io/loopback.h"

#include <algorithm>
#include <atomic>

#include "base/mutex.h"
#include "base/os.h"
#include "io/deliver.h"

namespace rpc::io {
namespace {

constinit std::atomic<long> g_io_count{0};
constinit std::atomic<long> g_fail_at{0};

// Counts one I/O; true when it is the one that shall fail.
bool io_fails() {
    long number = g_io_count.fetch_add(1, std::memory_order_relaxed) + 1;
    return number == g_fail_at.load(std::memory_order_relaxed);
}

class LoopbackStream;

// What one side has: the bytes on their way to it, and how far it has come.
struct End {
    Buffer incoming;
    size_t consumed = 0;
    StreamSink* sink = nullptr;  // set by start(); the stream holds a reference on itself until on_closed
    LoopbackStream* stream = nullptr;
    bool closed = false;
    bool interrupted = false;  // until a read has seen it
    bool paused = false;
    bool scheduled = false;  // on the pool's queue, or running
    Status why = Status::ok;

    size_t available() const { return incoming.size() - consumed; }
};

// Both ends and the lock they share.
struct Channel : RefCounted<Channel> {
    explicit Channel(const LoopbackOptions& o) : options(o), random(o.split_seed) {}
    Mutex mutex;
    Condition changed;
    End ends[2] GUARDED_BY(mutex);
    const LoopbackOptions options;
    uint32_t random GUARDED_BY(mutex);
};

class LoopbackStream final : public Stream, private Work {
public:
    LoopbackStream(Ref<Channel> channel, int side) : channel_(std::move(channel)), side_(side) {
        Guard g(channel_->mutex);
        self().stream = this;
    }
    ~LoopbackStream() { close(); }

    Status write(std::span<const ByteView> parts) override {
        Guard g(channel_->mutex);
        return send(parts);
    }
    void post(Buffer bytes, WriteWatch* watch) override {
        const ByteView part = bytes.view();
        {
            Guard g(channel_->mutex);
            if (!self().closed) {
                Status status = send({&part, 1});
                if (failed(status)) end(status);
            }
        }
        if (watch) watch->on_written(part.size());
    }
    void pause() override {
        Guard g(channel_->mutex);
        self().paused = true;
    }
    void resume() override {
        Guard g(channel_->mutex);
        if (std::exchange(self().paused, false) && (self().available() != 0 || peer().closed)) schedule(self());
    }
    Status read(MutBytes into, size_t& got, uint32_t timeout_ms) override;
    Status start(StreamSink& sink) override;
    void close() override {
        Guard g(channel_->mutex);
        end(Status::call_cancelled);
    }
    void interrupt() override {
        Guard g(channel_->mutex);
        self().interrupted = true;
        channel_->changed.wake_all();
    }
    size_t unsent() override {
        Guard g(channel_->mutex);
        return peer().available();
    }
    bool alive() override {
        Guard g(channel_->mutex);
        return !self().closed && !peer().closed;
    }
    uint32_t peer_process() const override { return os::process_id(); }
    bool peer_is_local() const override { return true; }

private:
    End& self() REQUIRES(channel_->mutex) { return channel_->ends[side_]; }
    End& peer() REQUIRES(channel_->mutex) { return channel_->ends[1 - side_]; }
    Status send(std::span<const ByteView> parts) REQUIRES(channel_->mutex);
    size_t take(MutBytes into) REQUIRES(channel_->mutex);
    void end(Status why) REQUIRES(channel_->mutex);
    static void schedule(End& e);
    enum class Step { idle, data, closed };
    Step next_step(MutBytes into, size_t& got, Status& why);
    void run() override;

    const Ref<Channel> channel_;
    const int side_;
};

void LoopbackStream::schedule(End& e) {
    if (!e.sink || e.scheduled) return;
    e.scheduled = true;
    submit(*e.stream);
}

Status LoopbackStream::send(std::span<const ByteView> parts) {
    if (self().closed) return Status::call_failed;
    if (io_fails()) {
        end(Status::call_failed);
        return Status::call_failed;
    }
    if (peer().closed) return Status::server_unavailable;
    for (ByteView part : parts) {
        if (peer().incoming.append(part)) continue;
        end(Status::out_of_memory);  // a part of it is there already: what follows would make no sense to the peer
        return Status::out_of_memory;
    }
    channel_->changed.wake_all();
    if (peer().available() != 0) schedule(peer());
    return Status::ok;
}

// Moves what one read brings.
size_t LoopbackStream::take(MutBytes into) {
    End& e = self();
    size_t n = std::min(into.size(), e.available());
    if (channel_->options.max_read != 0) n = std::min(n, channel_->options.max_read);
    if (n == 0) return 0;
    if (channel_->options.split_seed != 0) {
        uint32_t& x = channel_->random;
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        n = 1 + x % n;
    }
    std::memcpy(into.data(), e.incoming.data() + e.consumed, n);
    e.consumed += n;
    if (e.available() == 0) {
        e.incoming.clear();
        e.consumed = 0;
    }
    return n;
}

Status LoopbackStream::read(MutBytes into, size_t& got, uint32_t timeout_ms) {
    got = 0;
    const uint64_t until = os::now_ms() + timeout_ms;
    Guard g(channel_->mutex);
    if (io_fails()) end(Status::call_failed);
    for (;;) {
        if (self().closed) return Status::call_failed;
        got = take(into);
        if (got != 0 || peer().closed) return Status::ok;
        if (std::exchange(self().interrupted, false)) return Status::call_cancelled;
        if (timeout_ms == wait_forever) {
            channel_->changed.wait(channel_->mutex);
            continue;
        }
        const uint64_t now = os::now_ms();
        if (now >= until) return Status::call_cancelled;
        channel_->changed.wait(channel_->mutex, static_cast<uint32_t>(until - now));
    }
}

Status LoopbackStream::start(StreamSink& sink) {
    RPC_TRY(start_executor());
    Guard g(channel_->mutex);
    if (io_fails()) end(Status::call_failed);
    if (self().closed) return Status::server_unavailable;
    add_ref();
    self().sink = &sink;
    if (self().available() != 0 || peer().closed) schedule(self());
    return Status::ok;
}

// The first reason stays. Both sides notice: this one loses what it has not read, the other one reads it all first.
void LoopbackStream::end(Status why) {
    End& e = self();
    if (e.closed) return;
    e.closed = true;
    e.why = why;
    channel_->changed.wake_all();
    schedule(e);
    schedule(peer());
}

LoopbackStream::Step LoopbackStream::next_step(MutBytes into, size_t& got, Status& why) {
    Guard g(channel_->mutex);
    End& e = self();
    if (e.paused && !e.closed) {
        e.scheduled = false;
        return Step::idle;
    }
    if (!e.closed && (e.available() != 0 || peer().closed) && io_fails()) end(Status::call_failed);
    got = e.closed ? 0 : take(into);
    if (got != 0) return Step::data;
    if (e.closed || peer().closed) {
        why = e.closed ? e.why : Status::ok;
        e.closed = true;
        return Step::closed;
    }
    e.scheduled = false;
    return Step::idle;
}

void LoopbackStream::run() {
    WorkList later;
    uint8_t chunk[16384];
    size_t got = 0;
    Status why = Status::ok;
    StreamSink* sink;
    {
        Guard g(channel_->mutex);
        sink = self().sink;
    }
    while (later.empty()) {
        switch (next_step(chunk, got, why)) {
        case Step::idle:
            return;
        case Step::data:
            sink->on_data({chunk, got}, later);
            break;
        case Step::closed:  // still marked as scheduled: nothing runs this end again
            sink->on_closed(why, later);
            release();
            return run_later(later);
        }
    }
    submit(*this);  // reads on, while what the sink left may block
    run_later(later);
}

// ---- named endpoints ----

class LoopbackAcceptor;
constinit Mutex g_registry;
LoopbackAcceptor* g_first GUARDED_BY(g_registry) = nullptr;
uint32_t g_next_dynamic GUARDED_BY(g_registry) = 0;
LoopbackOptions g_options GUARDED_BY(g_registry);

class LoopbackAcceptor final : public Acceptor {
public:
    LoopbackAcceptor(AcceptSink& sink, Str name) : sink_(sink), name_(std::move(name)) {}
    std::string_view endpoint() const override { return name_.view(); }
    void close() override;

    // A connection on its way to the sink.
    struct Pending final : Work {
        void run() override;
        Ref<LoopbackAcceptor> acceptor;
        Ref<Stream> stream;
    };
    static LoopbackAcceptor* find(std::string_view name) REQUIRES(g_registry);
    void insert() REQUIRES(g_registry) {
        next_ = g_first;
        g_first = this;
        add_ref();  // the registry's, until close()
    }

private:
    AcceptSink& sink_;
    const Str name_;
    LoopbackAcceptor* next_ GUARDED_BY(g_registry) = nullptr;
    Mutex mutex_;
    Condition idle_;
    bool closed_ GUARDED_BY(mutex_) = false;
    unsigned delivering_ GUARDED_BY(mutex_) = 0;
};

bool same_name(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
    for (size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

LoopbackAcceptor* LoopbackAcceptor::find(std::string_view name) {
    LoopbackAcceptor* a = g_first;
    while (a && !same_name(a->name_.view(), name)) a = a->next_;
    return a;
}

void LoopbackAcceptor::close() {
    bool registered = false;
    {
        Guard g(g_registry);
        for (LoopbackAcceptor** at = &g_first; *at; at = &(*at)->next_) {
            if (*at != this) continue;
            *at = next_;
            registered = true;
            break;
        }
    }
    {
        Guard g(mutex_);
        closed_ = true;
        while (delivering_ != 0) idle_.wait(mutex_);
    }
    if (registered) release();  // the last use of this object, unless the caller holds a reference, as it should
}

void LoopbackAcceptor::Pending::run() {
    WorkList later;
    LoopbackAcceptor& a = *acceptor;
    bool wanted;
    {
        Guard g(a.mutex_);
        wanted = !a.closed_ && !io_fails();
        if (wanted) ++a.delivering_;
    }
    if (wanted) {
        a.sink_.on_accept(std::move(stream), later);
        Guard g(a.mutex_);
        if (--a.delivering_ == 0) a.idle_.wake_all();
    }
    destroy(this);
    run_later(later);
}

}  // namespace

Status loopback_pair(Ref<Stream>& a, Ref<Stream>& b, const LoopbackOptions& options) {
    Ref<Channel> channel = make_ref<Channel>(options);
    if (!channel) return Status::out_of_memory;
    a = make_ref<LoopbackStream>(channel, 0);
    b = make_ref<LoopbackStream>(channel, 1);
    if (a && b) return Status::ok;
    a.reset();
    b.reset();
    return Status::out_of_memory;
}

bool loopback_endpoint_valid(std::string_view endpoint) {
    return !endpoint.empty() && endpoint.find('\\') == endpoint.npos && endpoint.find('\0') == endpoint.npos;
}

void loopback_set_options(const LoopbackOptions& options) {
    Guard g(g_registry);
    g_options = options;
}

Status loopback_connect(const Address& address, uint32_t, Ref<Stream>& stream) {
    if (!address.network_address.empty()) return Status::invalid_net_addr;
    if (io_fails()) return Status::server_unavailable;
    LoopbackOptions options;
    Ref<LoopbackAcceptor> acceptor;
    {
        Guard g(g_registry);
        acceptor = Ref<LoopbackAcceptor>::share(LoopbackAcceptor::find(address.endpoint.view()));
        options = g_options;
    }
    if (!acceptor) return Status::server_unavailable;
    auto pending = make<LoopbackAcceptor::Pending>();
    if (!pending) return Status::out_of_memory;
    Status status = loopback_pair(stream, pending->stream, options);
    if (failed(status)) {
        destroy(pending);
        return status;
    }
    pending->acceptor = std::move(acceptor);
    submit(*pending);
    return Status::ok;
}

Status loopback_listen(std::string_view endpoint, const ListenOptions&, AcceptSink& sink, Ref<Acceptor>& acceptor) {
    if (!endpoint.empty() && !loopback_endpoint_valid(endpoint)) return Status::invalid_endpoint_format;
    if (io_fails()) return Status::cant_create_endpoint;
    RPC_TRY(start_executor());
    Guard g(g_registry);
    char dynamic[] = "LRPC-00000000";
    if (endpoint.empty()) {
        uint32_t number = ++g_next_dynamic;
        for (char* digit = dynamic + sizeof dynamic - 2; number != 0; number >>= 4) *digit-- = "0123456789abcdef"[number & 15];
        endpoint = dynamic;
    }
    if (LoopbackAcceptor::find(endpoint)) return Status::duplicate_endpoint;
    Str name;
    if (!name.assign(endpoint)) return Status::out_of_memory;
    auto made = make_ref<LoopbackAcceptor>(sink, std::move(name));
    if (!made) return Status::out_of_memory;
    made->insert();
    acceptor = std::move(made);
    return Status::ok;
}

void loopback_fail_nth_io(long n) {
    g_fail_at.store(n == 0 ? 0 : g_io_count.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

long loopback_io_count() { return g_io_count.load(std::memory_order_relaxed); }

}  // namespace rpc::io
