#include "io/capture.h"

#include <atomic>
#include <cstdio>

#include "base/append_file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/os.h"
#include "io/capture_format.h"
#include "wire/pdu_splitter.h"

namespace rpc::io {
namespace {

constinit AppendFile g_file;
enum class State : uint32_t { unread, off, on };
constinit std::atomic<State> g_state{State::unread};
constinit std::atomic<uint32_t> g_connections{0};

void begin(const char* path) {
    Buffer head;
    const bool opened = g_file.open(path) && capture::write_section(head);
    if (opened)
        g_file.append(head.view());
    else
        RPC_LOG(error, "nothing is captured: %s cannot be written", path);
    g_state.store(opened ? State::on : State::off);
}

bool capturing() {
    const State state = g_state.load(std::memory_order_relaxed);
    if (state != State::unread) return state == State::on;
    static constinit Mutex mutex;
    Guard g(mutex);
    if (g_state.load() != State::unread) return g_state.load() == State::on;
    char path[512];
    if (os::environment("RPCRT4_CAPTURE", path, sizeof path) == 0)
        g_state.store(State::off);
    else
        begin(path);
    return g_state.load() == State::on;
}

// One direction's bytes, cut into PDUs. What is no PDU is written as it came.
class Direction {
public:
    template <class F>
    void feed(ByteView bytes, F&& record) {
        if (!garbage_ && !failed(splitter_.feed(bytes, [&](ByteView pdu) { return record(pdu), Status::ok; }))) return;
        garbage_ = true;
        record(bytes);
    }

private:
    wire::PduSplitter splitter_;
    bool garbage_ = false;
};

// Hands everything on to the stream it stands for.
class CapturedStream final : public Stream, StreamSink {
public:
    CapturedStream(Ref<Stream> stream, capture::Connection connection)
        : stream_(std::move(stream)), connection_(std::move(connection)) {}

    Status write(std::span<const ByteView> parts) override {
        for (ByteView part : parts) sent(part);
        return stream_->write(parts);
    }
    Status read(MutBytes into, size_t& got, uint32_t timeout_ms) override {
        Status status = stream_->read(into, got, timeout_ms);
        if (!failed(status)) received(into.first(got));
        return status;
    }
    Status exchange(std::span<const ByteView> parts, MutBytes into, size_t& got, uint32_t timeout_ms) override {
        for (ByteView part : parts) sent(part);
        Status status = stream_->exchange(parts, into, got, timeout_ms);
        if (!failed(status)) received(into.first(got));
        return status;
    }
    bool exchange_finds_peer_gone(size_t size) override { return stream_->exchange_finds_peer_gone(size); }
    Status start(StreamSink& sink) override {
        sink_ = &sink;
        add_ref();  // the stream's, until on_closed
        Status status = stream_->start(*this);
        if (failed(status)) release();
        return status;
    }
    void post(Buffer bytes, WriteWatch* watch) override {
        sent(bytes.view());
        stream_->post(std::move(bytes), watch);
    }
    void post_soon(Buffer bytes) override {
        sent(bytes.view());
        stream_->post_soon(std::move(bytes));
    }
    void pause() override { stream_->pause(); }
    void resume() override { stream_->resume(); }
    size_t unsent() override { return stream_->unsent(); }
    void close() override { stream_->close(); }
    void keep_alive(uint32_t silent_ms) override { stream_->keep_alive(silent_ms); }
    void interrupt() override { stream_->interrupt(); }
    bool alive() override { return stream_->alive(); }
    uint32_t peer_process() const override { return stream_->peer_process(); }
    bool peer_is_local() const override { return stream_->peer_is_local(); }
    Status impersonate_peer() override { return stream_->impersonate_peer(); }
    std::string_view peer_address() const override { return stream_->peer_address(); }
    HostAddress own_host() const override { return stream_->own_host(); }
    HostAddress peer_host() const override { return stream_->peer_host(); }

private:
    void on_data(ByteView bytes, WorkList& later) override {
        received(bytes);
        sink_->on_data(bytes, later);
    }
    void on_closed(Status why, WorkList& later) override {
        sink_->on_closed(why, later);
        release();
    }
    void sent(ByteView bytes) {
        Guard g(mutex_);
        out_.feed(bytes, [&](ByteView pdu) { record(pdu, true); });
    }
    void received(ByteView bytes) {
        Guard g(mutex_);
        in_.feed(bytes, [&](ByteView pdu) { record(pdu, false); });
    }
    void record(ByteView pdu, bool outgoing) {  // under mutex_
        Buffer block;
        if (connection_.write_pdu(block, pdu, outgoing, os::system_time(), os::thread_id()))
            g_file.append(block.view());
        else
            RPC_LOG(warn, "a PDU of %u bytes was not captured: out of memory", static_cast<unsigned>(pdu.size()));
    }

    const Ref<Stream> stream_;
    StreamSink* sink_ = nullptr;
    // Held while a PDU is written down, so that those of a connection are in order; not over the stream's own I/O. What
    // stands below is used under it alone.
    Mutex mutex_;
    capture::Connection connection_;
    Direction out_, in_;
};

}  // namespace

Ref<Stream> captured(Ref<Stream> stream, Side side, const Protocol& protocol, std::string_view network_address,
                     std::string_view endpoint) {
    if (!capturing()) return stream;
    char binding[256];
    std::snprintf(binding, sizeof binding, "%s %s:%.*s[%.*s]", side == Side::client ? "client of" : "server of", protocol.name,
                  static_cast<int>(network_address.size()), network_address.data(), static_cast<int>(endpoint.size()),
                  endpoint.data());
    capture::Connection connection(os::process_id(), g_connections.fetch_add(1), side == Side::client);
    Ref<Stream> made;
    if (connection.describe(binding)) made = make_ref<CapturedStream>(stream, std::move(connection));
    if (made) return made;
    RPC_LOG(warn, "a connection is not captured: out of memory");
    return stream;
}

void capture_to(const char* path) { begin(path); }

}  // namespace rpc::io
