#pragma once
// Named pipes as streams: what ncalrpc and ncacn_np share. Messages and bytes are the same to a reader here, as a peer may
// have made the pipe in either mode.
#include "io/protocols.h"

namespace rpc::io {

struct PipeKind {
    bool local_only;  // clients on other machines are refused
};

// Connects to the pipe named `path` (such as L"\\\\.\\pipe\\x"); Protocol::connect says how it fails, and `error` what the system
// said.
Status pipe_connect(const wchar_t* path, bool local, uint32_t timeout_ms, Ref<Stream>& stream, uint32_t& error);

// Listens on the pipe named `path`, which clients call `endpoint`; Protocol::listen says how it fails.
Status pipe_listen(const wchar_t* path, std::string_view endpoint, PipeKind kind, const ListenOptions& options,
                   AcceptSink& sink, Ref<Acceptor>& acceptor);

// A self-relative copy of a SECURITY_DESCRIPTOR of either form, which its owner keeps. invalid_arg: it is none.
Status copy_security_descriptor(const void* from, Buffer& copy);

// A terminated UTF-16 path in memory of its own.
class WidePath {
public:
    // Appends UTF-8 text. False when it is no UTF-8 or memory is out.
    [[nodiscard]] bool append(std::string_view utf8);
    [[nodiscard]] bool assign(const wchar_t* text);
    const wchar_t* c_str() const { return reinterpret_cast<const wchar_t*>(bytes_.data()); }

private:
    Buffer bytes_;
};

// Hexadecimal digits that nobody else has, for a dynamic endpoint; false when the system has no randomness.
[[nodiscard]] bool random_digits(char* out, size_t count);

}  // namespace rpc::io
