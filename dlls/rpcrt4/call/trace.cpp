#include "call/trace.h"

#include <cstdio>

#include "base/os.h"

namespace rpc::call {
namespace {

constinit std::atomic<uint32_t> g_last{0};

}  // namespace

void Trace::write(const char* what, const char* more) {
    uint32_t number = number_.load(std::memory_order_relaxed);
    if (number == 0) {
        const uint32_t mine = g_last.fetch_add(1, std::memory_order_relaxed) + 1;
        if (number_.compare_exchange_strong(number, mine)) number = mine;
    }
    RPC_LOG(trace, "call %u %s %s at %llu us%s", number, side_, what, static_cast<unsigned long long>(os::now_us()),
            more);
}

void Trace::write_status(const char* what, Status status) {
    char more[32];
    snprintf(more, sizeof more, ": status %u", code(status));
    write(what, more);
}

void Trace::write_call(const char* what, const Uuid& interface_id, uint16_t opnum, const char* protocol,
                       const char* address, const char* endpoint, bool asynchronous) {
    char more[320];
    snprintf(more, sizeof more, ": %08x-%04x-%04x opnum %u, %s:%s[%s]%s", interface_id.data1, interface_id.data2,
             interface_id.data3, opnum, protocol, address, endpoint, asynchronous ? ", asynchronous" : "");
    write(what, more);
}

}  // namespace rpc::call
