#pragma once
// Host builds only: the pool as tests need it.
#include "io/executor.h"

namespace rpc::io {

// Runs everything submitted so far and what that submits, then ends and joins every thread. A later start_executor starts
// afresh. Not from a pool thread, nor beside submit.
void stop_executor();
// Runs everything submitted so far and what that submits on the calling thread, without a pool. For tests that have no threads.
void run_submitted();
// Threads alive now.
unsigned executor_threads();

}  // namespace rpc::io
