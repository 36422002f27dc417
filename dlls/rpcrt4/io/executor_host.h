#pragma once
// Host builds only: the pool as tests need it.
#include "io/executor.h"

namespace rpc::io {

// Runs everything submitted so far and what that submits, then ends and joins every thread. A later start_executor starts
// afresh. Not from a pool thread, nor beside submit.
void stop_executor();
// From now on no thread runs what is submitted: run_submitted() does, on its caller, with what that submits. For tests and
// fuzzers that must not have threads. Ends the pool first, as stop_executor.
void hold_submitted();
void run_submitted();
// Threads alive now.
unsigned executor_threads();

}  // namespace rpc::io
