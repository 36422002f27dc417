#pragma once
// For tests and fuzzers: a stream whose other side is a function. Single-threaded: what the other side answers is delivered
// during the write that it answers, or by deliver(). Not thread-safe.
#include <functional>
#include <vector>

#include "io/transport.h"
#include "wire/pdu_splitter.h"

namespace rpc::link {

class ScriptStream final : public io::Stream {
public:
    // Called with every whole PDU that this side sends.
    std::function<void(ScriptStream&, ByteView)> peer;
    std::vector<uint8_t> sent;  // everything
    bool closed = false;        // by this side
    bool starved = false;       // a blocking read found nothing and the peer had not closed: a hang, were it real
    bool refuse_start = false;
    size_t backlog = 0;           // what the other side is said not to have read
    size_t pending_requests = 0;  // a note of the other side's

    ScriptStream() { all().push_back(this); }
    ~ScriptStream() override { std::erase(all(), this); }
    // How many there are; delivers what all of them have.
    static size_t live() { return all().size(); }
    static void deliver_all() {
        const std::vector<ScriptStream*> now = all();
        for (ScriptStream* s : now) s->add_ref();
        for (ScriptStream* s : now) s->deliver();
        for (ScriptStream* s : now) s->release();
    }

    // ---- the other side ----
    void answer(ByteView bytes) { incoming_.insert(incoming_.end(), bytes.begin(), bytes.end()); }
    void hang_up() { peer_closed_ = true; }
    void hang_up_when_read() { hang_up_when_read_ = true; }
    bool started() const { return sink_ != nullptr; }
    // Hands out what is there, at most `chunk` bytes at a time, and the end when it has come. Work that the sink left runs here.
    void deliver() {
        if (delivering_ || !sink_) return;
        add_ref();
        delivering_ = true;
        while (sink_) {
            io::WorkList later;
            if (closed || (peer_closed_ && incoming_.empty())) {
                io::StreamSink* sink = sink_;
                sink_ = nullptr;
                sink->on_closed(closed ? Status::call_cancelled : Status::ok, later);
                run(later);
                release();  // start's
                break;
            }
            if (incoming_.empty()) break;
            std::vector<uint8_t> now = take(chunk);
            sink_->on_data(now, later);
            run(later);
        }
        delivering_ = false;
        release();
    }
    size_t chunk = SIZE_MAX;
    bool finds_peer_gone = false;  // exchange() does
    int asked_alive = 0;
    int posted_soon = 0;
    bool paused = false;  // what the sink asked for; bytes come all the same

    // ---- io::Stream ----
    Status write(std::span<const ByteView> parts) override {
        if (closed) return Status::call_failed;
        if (peer_closed_) return Status::server_unavailable;
        for (ByteView part : parts) see(part);
        return Status::ok;
    }
    Status read(MutBytes into, size_t& got, uint32_t) override {
        got = 0;
        if (closed) return Status::call_failed;
        if (std::exchange(interrupted_, false)) return Status::call_cancelled;
        if (incoming_.empty()) {
            peer_closed_ = peer_closed_ || hang_up_when_read_;
            starved = starved || !peer_closed_;
            return Status::ok;  // the end
        }
        std::vector<uint8_t> now = take(std::min(into.size(), chunk));
        std::copy(now.begin(), now.end(), into.begin());
        got = now.size();
        return Status::ok;
    }
    Status exchange(std::span<const ByteView> parts, MutBytes into, size_t& got, uint32_t timeout_ms) override {
        if (finds_peer_gone && peer_closed_ && !closed) return Status::call_failed_dne;
        return Stream::exchange(parts, into, got, timeout_ms);
    }
    bool exchange_finds_peer_gone(size_t) override { return finds_peer_gone; }
    Status start(io::StreamSink& sink) override {
        if (closed || refuse_start) return Status::server_unavailable;
        add_ref();
        sink_ = &sink;
        return Status::ok;
    }
    void post(Buffer bytes, io::WriteWatch* watch) override {
        if (!closed) see(bytes.view());
        if (watch) watch->on_written(bytes.size());
        if (!closed) deliver();
    }
    void post_soon(Buffer bytes) override {
        ++posted_soon;
        post(std::move(bytes), nullptr);
    }
    void pause() override { paused = true; }
    void resume() override { paused = false; }
    void close() override { closed = true; }
    void interrupt() override { interrupted_ = true; }
    size_t unsent() override { return backlog; }
    bool alive() override { return ++asked_alive, !closed && !peer_closed_; }
    bool peer_is_local() const override { return true; }

private:
    void see(ByteView bytes) {
        sent.insert(sent.end(), bytes.begin(), bytes.end());
        if (peer) (void)!failed(out_.feed(bytes, [this](ByteView raw) {
            peer(*this, raw);
            return Status::ok;
        }));
    }
    std::vector<uint8_t> take(size_t most) {
        auto begin = incoming_.begin() + static_cast<ptrdiff_t>(taken_);
        auto end = begin + static_cast<ptrdiff_t>(std::min(most, incoming_.size() - taken_));
        std::vector<uint8_t> now(begin, end);
        taken_ += now.size();
        if (taken_ == incoming_.size()) {
            incoming_.clear();
            taken_ = 0;
        }
        return now;
    }
    static void run(io::WorkList& later) {
        while (io::Work* work = later.pop_front()) work->run();
    }
    wire::PduSplitter out_;
    std::vector<uint8_t> incoming_;
    size_t taken_ = 0;  // of it
    io::StreamSink* sink_ = nullptr;
    static std::vector<ScriptStream*>& all() {
        static std::vector<ScriptStream*> streams;
        return streams;
    }
    bool interrupted_ = false;
    bool peer_closed_ = false;
    bool hang_up_when_read_ = false;
    bool delivering_ = false;
};

}  // namespace rpc::link
