#include "desk.h"

#include "srv.h"

namespace desk {

handle_t connect() {
    return srv::bind(srv::Protocol::lrpc);
}

void Add(PRPC_ASYNC_STATE state, handle_t server, long a, long b, long* sum) {
    stub::async_call(srv::client(srv::kAsync), srv::async_proc(srv::kAdd), state, server, a, b, sum);
}
void Hold(PRPC_ASYNC_STATE state, handle_t server, long key, long* value) {
    stub::async_call(srv::client(srv::kAsync), srv::async_proc(srv::kHold), state, server, key, value);
}
void Fail(PRPC_ASYNC_STATE state, handle_t server, long code, long* ignored) {
    stub::async_call(srv::client(srv::kAsync), srv::async_proc(srv::kAct), state, server,
                     static_cast<long>(srv::kAbortHere), code, ignored);
}

bool wait_held(long key) {
    return srv::wait_parked(key, nullptr, 30000);
}
void release(long key, long value) {
    srv::Parked parked;
    if (srv::wait_parked(key, &parked, 30000)) srv::release(parked, value);
}

}  // namespace desk
