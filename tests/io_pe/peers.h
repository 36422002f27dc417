#pragma once
// Servers and helpers that the tests of the transports share.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "harness.h"

using namespace rpc;
using namespace rpc::io;

inline ByteView view(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline Status send(Stream& s, const std::string& text) {
    const ByteView part = view(text);
    return s.write({&part, 1});
}
inline Buffer buffer(const std::string& text) {
    Buffer b;
    CHECK(b.append(view(text)));
    return b;
}
std::string pattern(size_t size, unsigned seed);
// Reads `n` bytes, or fewer when the stream ends.
std::string receive(Stream& s, size_t n);
// An endpoint name of this process that no other test uses.
std::string fresh_endpoint(const Protocol& protocol);
Address address_of(std::string_view endpoint);
Ref<Stream> connect(const Protocol& protocol, std::string_view endpoint);

// Threads that are joined at the end of the scope.
class Threads {
public:
    ~Threads() { join(); }
    template <class F>
    void add(F f) {
        handles_.push_back(CreateThread(nullptr, 0, entry<F>, new F(std::move(f)), 0, nullptr));
    }
    void join() {
        for (HANDLE h : handles_) {
            CHECK(WaitForSingleObject(h, 60000) == WAIT_OBJECT_0);
            CloseHandle(h);
        }
        handles_.clear();
    }

private:
    template <class F>
    static DWORD WINAPI entry(void* body) {
        std::unique_ptr<F> own(static_cast<F*>(body));
        (*own)();
        return 0;
    }
    std::vector<HANDLE> handles_;
};

// Keeps what comes and counts the ends.
struct Recorder : StreamSink {
    void on_data(ByteView bytes, WorkList&) override {
        Guard g(mutex);
        data.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        changed.wake_all();
    }
    void on_closed(Status status, WorkList&) override {
        Guard g(mutex);
        why = status;
        ++closed;
        changed.wake_all();
    }
    bool wait_for(size_t bytes, int closes, DWORD timeout = 20000);
    Mutex mutex;
    Condition changed;
    std::string data;
    Status why = Status::internal_error;
    int closed = 0;
};

// Sends back what it gets, on every connection; knows how many are open.
class EchoServer : public AcceptSink {
public:
    explicit EchoServer(const Protocol& protocol, const char* endpoint = nullptr);
    ~EchoServer();
    void on_accept(Ref<Stream> stream, WorkList& later) override;
    std::string_view endpoint() const { return acceptor->endpoint(); }
    bool wait_idle();
    void close_streams();

    Ref<Acceptor> acceptor;
    Status listened;
    std::atomic<int> accepted{0}, open{0}, ends{0};
    std::atomic<uint32_t> last_why{0};
    std::atomic<bool> keep_streams{false};
    Mutex mutex;
    std::vector<Ref<Stream>> streams;
};

// Runs this program again with a command; its process, or null.
HANDLE run_self(const std::string& command);
