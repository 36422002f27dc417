#include "io/pipe_stream_win.h"

#include <winternl.h>

#include <algorithm>

#include "base/guard.h"
#include "base/log.h"
#include "base/os.h"
#include "io/accept_loop_win.h"
#include "io/overlapped_stream_win.h"

extern "C" NTSTATUS NTAPI RtlMakeSelfRelativeSD(PSECURITY_DESCRIPTOR from, PSECURITY_DESCRIPTOR to, PULONG size);

namespace rpc::io {
namespace {

constexpr ULONG fsctl_pipe_impersonate = 0x11001C;  // FSCTL_PIPE_IMPERSONATE

// Big enough that a fragment never waits for its reader.
constexpr DWORD pipe_buffer = 65536;
// Above this a transaction's write might wait, and a time-out could not tell what has been written.
constexpr size_t most_transacted = 16384;

void close_pipe(HANDLE pipe) { CloseHandle(pipe); }

class PipeStream final : public OverlappedStream {
public:
    PipeStream(HANDLE pipe, bool server_end, bool local)
        : OverlappedStream(pipe, server_end, close_pipe), server_end_(server_end), local_(local) {}

    Status exchange(std::span<const ByteView> parts, MutBytes into, size_t& got, uint32_t timeout_ms) override;
    bool exchange_finds_peer_gone(size_t size) override { return can_transact(size); }
    bool alive() override;
    uint32_t peer_process() const override;
    Status impersonate_peer() override;
    bool peer_is_local() const override { return local_ || (server_end_ && client_is_local()); }

private:
    DWORD ask_read(MutBytes into, OVERLAPPED& o, DWORD& n) override {
        return ReadFile(handle_, into.data(), static_cast<DWORD>(into.size()), &n, &o) ? 0 : GetLastError();
    }
    DWORD ask_write(std::span<const ByteView> parts, OVERLAPPED& o, DWORD& n) override;
    bool empty_read_is_end() const override { return false; }
    Status leave_blocking_mode() override;
    bool client_is_local() const;
    bool gather(std::span<const ByteView> parts, ByteView& all);
    bool can_transact(size_t total);

    enum class Mode : uint8_t { untried, messages, bytes };
    const bool server_end_;
    const bool local_;
    Mode mode_ = Mode::untried;  // how this end reads
    Buffer gathered_;            // a blocking write's; there is one at a time
};

// One PDU shall be one message; only small ones that waited for their turn are one together. Several parts are put together; one part is used where it lies.
bool PipeStream::gather(std::span<const ByteView> parts, ByteView& all) {
    if (parts.size() == 1) {
        all = parts.front();
        return true;
    }
    gathered_.clear();
    for (ByteView part : parts)
        if (!gathered_.append(part)) return false;
    all = gathered_.view();
    return true;
}

DWORD PipeStream::ask_write(std::span<const ByteView> parts, OVERLAPPED& o, DWORD& n) {
    ByteView all;
    if (!gather(parts, all)) return ERROR_NOT_ENOUGH_MEMORY;
    return WriteFile(handle_, all.data(), static_cast<DWORD>(all.size()), &n, &o) ? 0 : GetLastError();
}

// Transactions need a pipe of message type and an end that reads messages. Whether this is one shows on first use.
bool PipeStream::can_transact(size_t total) {
    if (server_end_ || total > most_transacted) return false;
    if (mode_ == Mode::untried) {
        DWORD mode = PIPE_READMODE_MESSAGE;
        mode_ = SetNamedPipeHandleState(handle_, &mode, nullptr, nullptr) ? Mode::messages : Mode::bytes;
    }
    return mode_ == Mode::messages;
}

Status PipeStream::exchange(std::span<const ByteView> parts, MutBytes into, size_t& got, uint32_t timeout_ms) {
    got = 0;
    if (!use()) return Status::call_failed;
    size_t total = 0;
    for (ByteView part : parts) total += part.size();
    ByteView all;
    if (!can_transact(total) || !gather(parts, all)) {
        unuse();
        return Stream::exchange(parts, into, got, timeout_ms);
    }
    OVERLAPPED o{};
    DWORD n = 0, error = 0;
    bool expired = false, refused = false;
    Status status = event_for(read_event_, o);
    if (!failed(status)) {
        const DWORD capacity = static_cast<DWORD>(std::min<size_t>(into.size(), 0x40000000));
        error = TransactNamedPipe(handle_, const_cast<uint8_t*>(all.data()), static_cast<DWORD>(all.size()), into.data(),
                                  capacity, &n, &o)
                    ? 0
                    : GetLastError();
        refused = is_peer_end(error);  // at once: the pipe had lost its other end before it took anything
        error = finish(error, o, n, timeout_ms, expired);
    }
    unuse();
    RPC_TRY(status);
    if (refused && !is_closed()) return Status::call_failed_dne;
    if (error == ERROR_PIPE_BUSY)  // bytes that nobody has read yet: nothing was written
        return Stream::exchange(parts, into, got, timeout_ms);
    if (error == 0 && n == 0) return expired ? Status::call_cancelled : read(into, got, timeout_ms);
    return read_result(error, n, expired, got);
}

Status PipeStream::leave_blocking_mode() {
    if (mode_ != Mode::messages) return Status::ok;
    DWORD mode = PIPE_READMODE_BYTE;
    mode_ = Mode::bytes;
    return SetNamedPipeHandleState(handle_, &mode, nullptr, nullptr) ? Status::ok : Status::server_unavailable;
}

bool PipeStream::alive() {
    if (!use()) return false;
    DWORD available = 0;
    const bool there = PeekNamedPipe(handle_, nullptr, 0, nullptr, &available, nullptr);
    unuse();
    return there;
}

Status PipeStream::impersonate_peer() {
    if (!server_end_) return Status::cannot_support;
    if (!use()) return Status::no_context_available;
    IO_STATUS_BLOCK done;
    const NTSTATUS status = NtFsControlFile(handle_, nullptr, nullptr, nullptr, &done, fsctl_pipe_impersonate, nullptr, 0, nullptr, 0);
    unuse();
    return status == 0 ? Status::ok : Status::no_context_available;
}

// Clients of other machines come through the system's file server, which names their computer. Wine has neither: all of its are of
// this machine.
bool PipeStream::client_is_local() const {
    using Ask = BOOL(WINAPI*)(HANDLE, LPWSTR, ULONG);
    HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
    auto ask = kernel ? reinterpret_cast<Ask>(reinterpret_cast<void*>(GetProcAddress(kernel, "GetNamedPipeClientComputerNameW")))
                      : nullptr;
    if (!ask) return true;
    wchar_t computer[256];
    auto self = const_cast<PipeStream*>(this);
    if (!self->use()) return false;
    const DWORD error = ask(handle_, computer, sizeof computer) ? ERROR_SUCCESS : GetLastError();
    self->unuse();
    return error == ERROR_PIPE_LOCAL || error == ERROR_CALL_NOT_IMPLEMENTED;
}

uint32_t PipeStream::peer_process() const {
    using Ask = BOOL(WINAPI*)(HANDLE, PULONG);
    const char* name = server_end_ ? "GetNamedPipeClientProcessId" : "GetNamedPipeServerProcessId";
    HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
    auto ask = kernel ? reinterpret_cast<Ask>(reinterpret_cast<void*>(GetProcAddress(kernel, name))) : nullptr;
    ULONG id = 0;
    auto self = const_cast<PipeStream*>(this);
    if (!local_ || !ask || !self->use()) return 0;
    if (!ask(handle_, &id)) id = 0;
    self->unuse();
    return id;
}

// ---- listening ----

class PipeAcceptor final : public AcceptLoop {
public:
    PipeAcceptor(AcceptSink& sink, Str endpoint, WidePath path, PipeKind kind)
        : AcceptLoop(sink, std::move(endpoint)), path_(std::move(path)), kind_(kind) {}
    ~PipeAcceptor() override {
        if (first_) CloseHandle(first_);
    }
    Status open(const ListenOptions& options);

private:
    HANDLE make_instance(DWORD flags);
    DWORD ask_accept(Slot& slot) override;
    void cancel(Slot& slot) override { CancelIoEx(slot.handle, &slot); }
    Ref<Stream> make_stream(const Slot&, HANDLE handle) override {
        auto stream = make_ref<PipeStream>(handle, true, kind_.local_only);
        if (!stream) CloseHandle(handle);
        return stream;
    }
    void close_handle(HANDLE handle) override { CloseHandle(handle); }

    const WidePath path_;
    const PipeKind kind_;
    Buffer security_;  // a self-relative copy; empty: the default
    HANDLE first_ = nullptr;    // made by open(), until the first slot takes it
};

HANDLE PipeAcceptor::make_instance(DWORD flags) {
    SECURITY_ATTRIBUTES attributes{sizeof attributes, security_.data(), FALSE};
    // Message type lets our clients send and receive in one request; this end, and every client that does not ask for
    // messages, reads bytes.
    HANDLE pipe = CreateNamedPipeW(path_.c_str(), PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | flags,
                                   PIPE_TYPE_MESSAGE | PIPE_READMODE_BYTE | PIPE_WAIT |
                                       (kind_.local_only ? PIPE_REJECT_REMOTE_CLIENTS : 0),
                                   PIPE_UNLIMITED_INSTANCES, pipe_buffer, pipe_buffer, 0, &attributes);
    if (pipe == INVALID_HANDLE_VALUE) return nullptr;
    if (!failed(join_port(pipe))) return pipe;
    CloseHandle(pipe);
    SetLastError(ERROR_NO_SYSTEM_RESOURCES);
    return nullptr;
}

Status PipeAcceptor::open(const ListenOptions& options) {
    RPC_TRY(start_executor());
    if (options.security_descriptor) RPC_TRY(copy_security_descriptor(options.security_descriptor, security_));
    // Wine takes FILE_FLAG_FIRST_PIPE_INSTANCE and ignores it. A pipe that is there, free or busy, has a server.
    if (WaitNamedPipeW(path_.c_str(), 1) || GetLastError() == ERROR_SEM_TIMEOUT) return Status::duplicate_endpoint;
    first_ = make_instance(FILE_FLAG_FIRST_PIPE_INSTANCE);
    DWORD error = first_ ? begin(4, 1) : GetLastError();
    if (error == 0) return Status::ok;
    RPC_LOG(warn, "listen on %.*s: error %lu", static_cast<int>(endpoint().size()), endpoint().data(), error);
    switch (error) {
    case ERROR_ACCESS_DENIED:
    case ERROR_PIPE_BUSY:
    case ERROR_ALREADY_EXISTS:
        return Status::duplicate_endpoint;
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
        return Status::invalid_endpoint_format;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_NO_SYSTEM_RESOURCES:
        return Status::out_of_resources;
    }
    return Status::cant_create_endpoint;
}

DWORD PipeAcceptor::ask_accept(Slot& slot) {
    HANDLE pipe = first_ ? std::exchange(first_, nullptr) : make_instance(0);
    if (!pipe) return GetLastError();
    static_cast<OVERLAPPED&>(slot) = {};
    slot.handle = pipe;
    if (ConnectNamedPipe(pipe, &slot)) return ERROR_IO_PENDING;  // a packet comes all the same
    const DWORD error = GetLastError();
    if (error == ERROR_IO_PENDING) return error;
    if (error == ERROR_PIPE_CONNECTED || error == ERROR_NO_DATA) return 0;  // came already, and perhaps has gone again
    slot.handle = nullptr;
    CloseHandle(pipe);
    return error;
}

Status connect_failure(DWORD error) {
    switch (error) {
    case ERROR_ACCESS_DENIED:
        return Status::access_denied;
    case ERROR_PIPE_BUSY:
    case ERROR_SEM_TIMEOUT:
        return Status::server_too_busy;
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
        return Status::invalid_endpoint_format;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_NO_SYSTEM_RESOURCES:
    case ERROR_TOO_MANY_OPEN_FILES:
        return Status::out_of_resources;
    }
    return Status::server_unavailable;
}

}  // namespace

Status copy_security_descriptor(const void* from, Buffer& copy) {
    auto source = const_cast<void*>(from);
    SECURITY_DESCRIPTOR_RELATIVE head;  // the smaller of the two forms; both begin with revision and control
    if (!copy_guarded(&head, from, sizeof head) || head.Revision != SECURITY_DESCRIPTOR_REVISION)
        return Status::invalid_arg;
    ULONG size = 0;
    (void)RtlMakeSelfRelativeSD(source, nullptr, &size);
    if (size == 0) return Status::invalid_arg;
    if (!copy.resize(size)) return Status::out_of_memory;
    return RtlMakeSelfRelativeSD(source, copy.data(), &size) >= 0 ? Status::ok : Status::invalid_arg;
}

bool WidePath::append(std::string_view utf8) {
    if (utf8.empty()) return true;
    const int old = bytes_.empty() ? 0 : static_cast<int>(bytes_.size() / sizeof(wchar_t)) - 1;
    const int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8.data(), static_cast<int>(utf8.size()), nullptr, 0);
    if (n <= 0 || !bytes_.resize((old + n + 1) * sizeof(wchar_t))) return false;
    auto text = reinterpret_cast<wchar_t*>(bytes_.data());
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8.data(), static_cast<int>(utf8.size()), text + old, n);
    text[old + n] = 0;
    return true;
}

bool WidePath::assign(const wchar_t* text) {
    const size_t size = (wcslen(text) + 1) * sizeof(wchar_t);
    if (!bytes_.resize(size)) return false;
    memcpy(bytes_.data(), text, size);
    return true;
}

bool random_digits(char* out, size_t count) {
    uint8_t raw[16];
    if (!os::random_bytes(raw, sizeof raw)) return false;
    for (size_t i = 0; i < count; ++i) out[i] = "0123456789abcdef"[raw[i / 2 % sizeof raw] >> 4 * (i % 2) & 15];
    return true;
}

Status pipe_connect(const wchar_t* path, bool local, uint32_t timeout_ms, Ref<Stream>& stream, uint32_t& error) {
    const ULONGLONG until = GetTickCount64() + timeout_ms;
    HANDLE pipe;
    for (;;) {
        pipe = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
                           FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IMPERSONATION, nullptr);
        if (pipe != INVALID_HANDLE_VALUE) break;
        error = GetLastError();
        if (error != ERROR_PIPE_BUSY) return connect_failure(error);
        DWORD wait = NMPWAIT_WAIT_FOREVER;
        if (timeout_ms != wait_forever) {
            const ULONGLONG now = GetTickCount64();
            if (now >= until) return Status::server_too_busy;
            wait = static_cast<DWORD>(until - now);
        }
        // A server that makes its next instance only now has none for a moment, which is no reason to give up.
        if (!WaitNamedPipeW(path, wait)) {
            error = GetLastError();
            if (error != ERROR_SEM_TIMEOUT) return connect_failure(error);
        }
    }
    stream = make_ref<PipeStream>(pipe, false, local);
    if (stream) return Status::ok;
    CloseHandle(pipe);
    return Status::out_of_memory;
}

Status pipe_listen(const wchar_t* path, std::string_view endpoint, PipeKind kind, const ListenOptions& options,
                   AcceptSink& sink, Ref<Acceptor>& acceptor) {
    Str name;
    WidePath own;
    if (!name.assign(endpoint) || !own.assign(path)) return Status::out_of_memory;
    auto made = make_ref<PipeAcceptor>(sink, std::move(name), std::move(own), kind);
    if (!made) return Status::out_of_memory;
    acceptor = made;  // the sink may ask for it at once
    Status status = made->open(options);
    if (failed(status)) acceptor.reset();
    return status;
}

}  // namespace rpc::io
