#include "runtime/idle_cleanup.h"

#include <atomic>

#include "io/timer.h"
#include "link/association.h"

namespace rpc::runtime {
namespace {

constexpr uint32_t period_ms = 20000;

struct Sweep final : io::DelayedWork {
    void run() override {
        link::Association::close_surplus();
        io::submit_after(*this, period_ms);
    }
};
constinit Sweep g_sweep;
constinit std::atomic<bool> g_enabled{false};

}  // namespace

Status enable_idle_cleanup() {
    RPC_TRY(io::start_timer());
    if (!g_enabled.exchange(true)) io::submit_after(g_sweep, period_ms);
    return Status::ok;
}

}  // namespace rpc::runtime
