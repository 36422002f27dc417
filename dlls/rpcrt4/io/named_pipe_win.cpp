#include "io/named_pipe_win.h"

#include "base/error_record.h"
#include "io/pipe_stream_win.h"

#include <windows.h>

namespace rpc::io {
namespace {

constexpr uint32_t security_qos = SECURITY_SQOS_PRESENT | SECURITY_IMPERSONATION;  // as pipe_connect has it
constexpr std::string_view prefix = "\\pipe\\";

bool same_text(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

// Whether the address means this machine, whose pipes need no redirector.
bool is_here(std::string_view server) {
    if (server.empty() || server == "." || server == "127.0.0.1" || server == "::1" || same_text(server, "localhost"))
        return true;
    char name[3 * MAX_COMPUTERNAME_LENGTH + 1];
    wchar_t wide[MAX_COMPUTERNAME_LENGTH + 1];
    DWORD size = MAX_COMPUTERNAME_LENGTH + 1;
    if (!GetComputerNameW(wide, &size)) return false;
    const int n = WideCharToMultiByte(CP_UTF8, 0, wide, static_cast<int>(size), name, sizeof name, nullptr, nullptr);
    return n > 0 && same_text(server, {name, static_cast<size_t>(n)});
}

Status path_of(std::string_view server, std::string_view endpoint, WidePath& path) {
    if (!named_pipe_endpoint_valid(endpoint)) return Status::invalid_endpoint_format;
    return path.append("\\\\") && path.append(server) && path.append(endpoint) ? Status::ok : Status::out_of_memory;
}

}  // namespace

bool named_pipe_endpoint_valid(std::string_view endpoint) {
    return endpoint.size() > prefix.size() && endpoint.size() <= 250 &&
           same_text(endpoint.substr(0, prefix.size()), prefix) && endpoint.find('\0') == endpoint.npos;
}

Status named_pipe_connect(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream) {
    std::string_view server = address.network_address.view();
    while (!server.empty() && server.front() == '\\') server.remove_prefix(1);
    if (server.find_first_of("\\/") != server.npos) return Status::invalid_net_addr;
    const bool here = is_here(server);
    WidePath path;
    RPC_TRY(path_of(here ? "." : server, address.endpoint.view(), path));
    uint32_t error = 0;
    const Status status = pipe_connect(path.c_str(), here, timeout_ms, stream, error);
    if (!failed(status)) return status;
    if (error == ERROR_PIPE_BUSY || error == ERROR_SEM_TIMEOUT)
        note_error(ErrorComponent::named_pipes, error, detected::pipe_wait, {address.endpoint.view()});
    else
        note_error(ErrorComponent::named_pipes, error, detected::pipe_open, {address.endpoint.view(), security_qos});
    note_error(ErrorComponent::runtime, code(status), detected::pipe_open_mapped);
    return status;
}

Status named_pipe_listen(std::string_view endpoint, const ListenOptions& options, AcceptSink& sink,
                         Ref<Acceptor>& acceptor) {
    char dynamic[] = "\\pipe\\01234567.890";
    if (endpoint.empty()) {
        char* digits = dynamic + prefix.size();
        if (!random_digits(digits, 8) || !random_digits(digits + 9, 3)) return Status::cant_create_endpoint;
        endpoint = dynamic;
    }
    WidePath path;
    RPC_TRY(path_of(".", endpoint, path));
    return pipe_listen(path.c_str(), endpoint, {.local_only = false}, options, sink, acceptor);
}

}  // namespace rpc::io
