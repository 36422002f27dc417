#pragma once
// For transports only: how a pool thread ends a delivery.
#include "io/executor.h"

namespace rpc::io {

// Runs what a sink put into `later`, leaving the list empty: all but one as work of their own, the last one here, so that
// no item waits for another that blocks. On a pool thread, unlocked, after the stream's next read is posted; the sink and
// the stream may be gone by the time this returns.
void run_later(WorkList& later);

}  // namespace rpc::io
