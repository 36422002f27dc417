#pragma once
// The pool's completion port, as the Windows transports see it.
#include <windows.h>

#include "io/deliver.h"

namespace rpc::io {

// One asynchronous I/O on a handle of the port. It stays where it is until done() is called.
struct Operation : OVERLAPPED {
    Operation() : OVERLAPPED{} {}
    // On a pool thread, unlocked, once per packet. `error` is a Win32 code, 0 on success. What may block belongs into
    // run_later. The object may be gone afterwards.
    virtual void done(DWORD error, DWORD bytes) = 0;

protected:
    ~Operation() = default;
};

// The handle's overlapped I/O reports to the port from now on, as an Operation each. start_executor has succeeded.
Status join_port(HANDLE handle);

// For tests: pool threads alive now.
unsigned executor_threads();

}  // namespace rpc::io
