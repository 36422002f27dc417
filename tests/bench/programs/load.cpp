#include "load.h"
#include "support/threads.h"
#include <string.h>
#include <atomic>

namespace bench {

unsigned gather(const Endpoint& endpoint, size_t count, Crowd& crowd) {
    while (crowd.size() < count) {
        auto channel = connect_rpc_alone(endpoint);
        if (!channel) return ERROR_CONNECTION_REFUSED;
        if (const unsigned status = channel->call(Op::null, 0, nullptr, nullptr)) return status;
        crowd.push_back(std::move(channel));
    }
    return 0;
}

static unsigned look(Channel& asking, Holdings& holdings) {
    unsigned status = asking.control(kThreads, &holdings.threads);
    if (!status) status = asking.control(kHandles, &holdings.handles);
    return status ? status : asking.control(kHeapBytes, &holdings.heap_bytes);
}

// Holds a crowd's threads between two calls.
class Pause {
public:
    explicit Pause(size_t threads) : threads_(static_cast<long>(threads)) {}
    ~Pause() { CloseHandle(over_); }

    // Returns when every thread rests.
    void begin() {
        ResetEvent(over_);
        wanted_ = true;
        while (resting_ < threads_) Sleep(1);
    }
    // Returns when every thread goes on.
    void end() {
        wanted_ = false;
        SetEvent(over_);
        while (resting_) Sleep(1);
    }
    // What each of the threads asks for between two calls.
    void heed() {
        if (!wanted_) return;
        ++resting_;
        WaitForSingleObject(over_, INFINITE);
        --resting_;
    }

private:
    const long threads_;
    HANDLE over_ = CreateEventW(nullptr, TRUE, TRUE, nullptr);
    std::atomic<bool> wanted_{false};
    std::atomic<long> resting_{0};
};

// How long a thread of the server's has for what it does behind a reply.
constexpr DWORD kSettle = 500;

// Looks while no call is out: Wine has handles of its own open within every read and write.
static unsigned look_at_rest(Pause& pause, Channel& asking, Holdings& holdings) {
    pause.begin();
    Sleep(kSettle);
    const unsigned status = look(asking, holdings);
    pause.end();
    return status;
}

unsigned endure(Crowd& crowd, Channel& asking, unsigned warm_up_ms, unsigned then_ms, Endured& endured) {
    std::atomic<bool> over{false};
    std::atomic<long> calls{0}, lost{0};
    std::atomic<unsigned> failure{0};
    Pause pause(crowd.size());
    std::vector<HANDLE> threads;
    for (auto& one : crowd) {
        Channel* channel = one.get();
        threads.push_back(run_on_thread([&, channel] {
            Byte in[kEcho], out[kEcho];
            memset(in, 0x33, sizeof in);
            for (Byte mark = 0; !over; ++mark) {
                pause.heed();
                in[kEcho - 1] = mark;
                unsigned status = channel->call(Op::echo, kEcho, in, out);
                if (!status && memcmp(in, out, sizeof in)) status = ERROR_CRC;
                ++calls;
                if (!status) continue;
                ++lost;
                unsigned none = 0;
                failure.compare_exchange_strong(none, status);
            }
        }));
    }
    Sleep(warm_up_ms);
    unsigned status = look_at_rest(pause, asking, endured.early);
    Sleep(then_ms);
    if (!status) status = look_at_rest(pause, asking, endured.late);
    over = true;
    for (HANDLE thread : threads) {
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
    endured.calls = calls;
    endured.lost = lost;
    endured.failure = failure;
    return status;
}

}  // namespace bench
