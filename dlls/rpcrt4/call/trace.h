#pragma once
// The steps of a call's life as trace-level lines of the log, which tools/timeline draws. One line a step, at the
// moment and on the thread of it:
//
//   call 7 client issued at 5012345 us: 10f6c0de-1065-0001 opnum 3, ncalrpc:[x], asynchronous
//   call 7 client completed at 5012890 us: status 0
//
// Client: issued, sent, completed, cancelled, collected; a synchronous call is sent as it is issued, in one exchange.
// Server: dispatched, detached, returned, completed, cancelled, disconnected. Numbers are unique in their process; the
// clock is the machine's. Off, a step costs one load and one compare.
#include <atomic>
#include <cstdint>

#include "base/log.h"
#include "base/status.h"
#include "base/uuid.h"

namespace rpc::call {

class Trace {
public:
    constexpr explicit Trace(const char* side) : side_(side) {}

    void step(const char* what) {
        if (log::enabled(log::Level::trace)) write(what, "");
    }
    void step(const char* what, Status status) {
        if (log::enabled(log::Level::trace)) write_status(what, status);
    }
    // The first one says what is called.
    void step(const char* what, const Uuid& interface_id, uint16_t opnum, const char* protocol, const char* address,
              const char* endpoint, bool asynchronous) {
        if (log::enabled(log::Level::trace))
            write_call(what, interface_id, opnum, protocol, address, endpoint, asynchronous);
    }

private:
    void write(const char* what, const char* more);
    void write_status(const char* what, Status status);
    void write_call(const char* what, const Uuid& interface_id, uint16_t opnum, const char* protocol,
                    const char* address, const char* endpoint, bool asynchronous);

    const char* const side_;
    std::atomic<uint32_t> number_{0};  // 0 until it is needed
};

}  // namespace rpc::call
