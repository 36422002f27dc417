#pragma once
// A file that several processes append to at once: what one call of append writes stays together.
#include <atomic>

#include "base/bytes.h"

namespace rpc {

// Constant-initialised, for objects that live as long as the process; the file is never closed. Any thread.
class AppendFile {
public:
    // Opens `path` (UTF-8), made when it is not there; null: standard error. The first call decides. False: it cannot be
    // written, now and later.
    bool open(const char* path);
    // After open. What cannot be written is lost, as there is nowhere to report to. The thread's last error stays.
    void append(ByteView bytes);

private:
    std::atomic<void*> file_{nullptr};  // the system's handle of it
};

}  // namespace rpc
