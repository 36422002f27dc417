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

unsigned endure(Crowd& crowd, Channel& asking, unsigned warm_up_ms, unsigned then_ms, Endured& endured) {
    std::atomic<bool> over{false};
    std::atomic<long> calls{0}, lost{0};
    std::atomic<unsigned> failure{0};
    std::vector<HANDLE> threads;
    for (auto& one : crowd) {
        Channel* channel = one.get();
        threads.push_back(run_on_thread([&, channel] {
            Byte in[kEcho], out[kEcho];
            memset(in, 0x33, sizeof in);
            for (Byte mark = 0; !over; ++mark) {
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
    unsigned status = look(asking, endured.early);
    Sleep(then_ms);
    if (!status) status = look(asking, endured.late);
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
