#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/append_file.h"

namespace rpc {
namespace {

// A descriptor as a pointer that is never null.
void* as_handle(int fd) { return reinterpret_cast<void*>(static_cast<intptr_t>(fd) + 2); }
int as_fd(void* handle) { return static_cast<int>(reinterpret_cast<intptr_t>(handle) - 2); }

}  // namespace

bool AppendFile::open(const char* path) {
    void* file = file_.load();
    if (!file) {
        void* opened = as_handle(path ? ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : STDERR_FILENO);
        if (file_.compare_exchange_strong(file, opened))
            file = opened;
        else if (path && as_fd(opened) >= 0)
            ::close(as_fd(opened));
    }
    return as_fd(file) >= 0;
}

void AppendFile::append(ByteView bytes) {
    void* file = file_.load();
    if (!file || as_fd(file) < 0) return;
    const int error = errno;
    if (::write(as_fd(file), bytes.data(), bytes.size()) < 0) errno = error;
}

}  // namespace rpc
