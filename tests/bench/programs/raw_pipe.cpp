// A named pipe in message mode: TransactNamedPipe on one side, ReadFile and WriteFile on the other.
#include "raw.h"
#include "support/threads.h"
#include <string.h>

namespace bench {

static constexpr long kRoom = sizeof(Header) + kBulk;

class PipeChannel : public RawChannel {
public:
    explicit PipeChannel(HANDLE pipe) : pipe_(pipe) {}
    ~PipeChannel() override { CloseHandle(pipe_); }

protected:
    bool exchange(const Byte* request, long size, Byte* reply, long reply_size) override {
        DWORD got = 0;
        return TransactNamedPipe(pipe_, const_cast<Byte*>(request), size, reply, reply_size, &got, nullptr) &&
               got == static_cast<DWORD>(reply_size);
    }

private:
    HANDLE pipe_;
};

std::unique_ptr<Channel> connect_pipe(const std::string& name) {
    HANDLE pipe;
    while ((pipe = CreateFileA(name.c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, 0, nullptr)) ==
           INVALID_HANDLE_VALUE) {
        if (GetLastError() != ERROR_PIPE_BUSY || !WaitNamedPipeA(name.c_str(), 5000)) return nullptr;
    }
    DWORD mode = PIPE_READMODE_MESSAGE;
    if (!SetNamedPipeHandleState(pipe, &mode, nullptr, nullptr)) return nullptr;
    return std::make_unique<PipeChannel>(pipe);
}

static void serve_one(HANDLE pipe) {
    Pages in = make_pages(kRoom), out = make_pages(kRoom);
    DWORD got, sent;
    while (ReadFile(pipe, &in[0], kRoom, &got, nullptr) && got >= sizeof(Header)) {
        Header header, reply;
        memcpy(&header, &in[0], sizeof header);
        answer(header, &in[sizeof header], &reply, &out[sizeof reply]);
        memcpy(&out[0], &reply, sizeof reply);
        const DWORD size = sizeof reply + answer_size(static_cast<Op>(reply.op), reply.count);
        if (!WriteFile(pipe, &out[0], size, &sent, nullptr)) break;
    }
    CloseHandle(pipe);
}

static HANDLE make_pipe(const std::string& name) {
    return CreateNamedPipeA(name.c_str(), PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE,
                            PIPE_UNLIMITED_INSTANCES, kRoom, kRoom, 0, nullptr);
}

bool serve_pipe(std::string& name) {
    name = "\\\\.\\pipe\\bench-raw-" + std::to_string(GetCurrentProcessId());
    HANDLE first = make_pipe(name);
    if (first == INVALID_HANDLE_VALUE) return false;
    run_detached([first, name] {
        for (HANDLE pipe = first; pipe != INVALID_HANDLE_VALUE; pipe = make_pipe(name)) {
            if (!ConnectNamedPipe(pipe, nullptr) && GetLastError() != ERROR_PIPE_CONNECTED) return;
            run_detached([pipe] { serve_one(pipe); });
        }
    });
    return true;
}

}  // namespace bench
