// The server's side: an interface that every process with an endpoint offers.
#include <atomic>

#include "base/guard.h"
#include "runtime/management.h"
#include "runtime/message.h"
#include "runtime/server.h"
#include "runtime/server_security.h"
#include "wire/pdu.h"

namespace rpc::runtime::management {
namespace {

constexpr uint32_t autolisten = 1;  // RPC_IF_AUTOLISTEN: a server that does not listen says so

constinit std::atomic<Authorization> g_authorization{nullptr};

// What the caller may not ask. The program's function decides; without one only stopping the server is refused.
Status authorize(RPC_MESSAGE* m, Operation operation) {
    const Authorization asked = g_authorization;
    if (!asked) return operation == Operation::stop_server_listening ? Status::access_denied : Status::ok;
    RPC_STATUS status = 0;
    int allowed = 0;
    const uint32_t raised = call_guarded([&] { allowed = asked(m->Handle, static_cast<ULong32>(operation), &status); });
    if (raised == 0 && allowed != 0) return Status::ok;
    return raised != 0 || status == 0 ? Status::access_denied : static_cast<Status>(status);
}

Reader request(RPC_MESSAGE* m) {
    constexpr uint32_t integer_format = 0xF0, little_endian = 0x10;
    return Reader({static_cast<const uint8_t*>(m->Buffer), m->BufferLength},
                  (m->DataRepresentation & integer_format) != little_endian);
}

// A reply that cannot be had is an empty one, which no client takes for an answer.
void answer(RPC_MESSAGE* m, const Buffer& body) {
    m->BufferLength = static_cast<unsigned>(body.size());
    if (!failed(get_buffer(*m)) && !body.empty()) std::memcpy(m->Buffer, body.data(), body.size());
}

void put_status(Writer& w, Status status) {
    w.align(4);
    w.u32(code(status));
}

void RPC_ENTRY inq_if_ids(RPC_MESSAGE* m) {
    Buffer body;
    Writer w(body);
    Vector<wire::SyntaxId> ids;
    Status status = authorize(m, Operation::inq_if_ids);
    if (!failed(status)) status = Server::instance().interface_ids(ids);
    const auto count = static_cast<uint32_t>(ids.size());
    w.u32(failed(status) ? 0 : 1);
    if (!failed(status)) {
        w.u32(count);
        w.u32(count);
        for (uint32_t i = 0; i < count; ++i) w.u32(2 + i);
        for (const wire::SyntaxId& id : ids) wire::write_syntax(w, id);
    }
    put_status(w, status);
    answer(m, body);
}

void RPC_ENTRY inq_stats(RPC_MESSAGE* m) {
    Buffer body;
    Writer w(body);
    const uint32_t room = request(m).u32();
    const Status status = authorize(m, Operation::inq_stats);
    const Statistics now = statistics();
    const uint32_t count = failed(status) ? 0 : room < statistics_count ? room : uint32_t{statistics_count};
    w.u32(count);
    w.u32(count);
    for (uint32_t i = 0; i < count; ++i) w.u32(now.values[i]);
    put_status(w, status);
    answer(m, body);
}

void RPC_ENTRY is_server_listening(RPC_MESSAGE* m) {
    Buffer body;
    Writer w(body);
    const Status status = authorize(m, Operation::is_server_listening);
    put_status(w, status);
    w.u32(!failed(status) && Server::instance().listening());
    answer(m, body);
}

void RPC_ENTRY stop_server_listening(RPC_MESSAGE* m) {
    Buffer body;
    Writer w(body);
    Status status = authorize(m, Operation::stop_server_listening);
    if (!failed(status)) status = Server::instance().stop_listening();
    put_status(w, status);
    answer(m, body);
}

// The name is sent where the caller's room holds it with its terminator.
void RPC_ENTRY inq_princ_name(RPC_MESSAGE* m) {
    Buffer body;
    Writer w(body);
    Reader in = request(m);
    const uint32_t service = in.u32(), room = in.u32();
    Str name;
    Status status = authorize(m, Operation::inq_princ_name);
    if (!failed(status)) status = registered_principal(service, name);
    if (!failed(status) && name.size() >= room) status = Status::string_too_long;
    const std::string_view sent = failed(status) ? std::string_view() : name.view();
    w.u32(room);
    w.u32(0);
    w.u32(room == 0 ? 0 : static_cast<uint32_t>(sent.size()) + 1);
    w.bytes({reinterpret_cast<const uint8_t*>(sent.data()), sent.size()});
    if (room != 0) w.u8(0);
    put_status(w, status);
    answer(m, body);
}

RPC_DISPATCH_FUNCTION g_functions[] = {inq_if_ids,     inq_stats, is_server_listening, stop_server_listening,
                                       inq_princ_name, nullptr};
RPC_DISPATCH_TABLE g_table = {5, g_functions, 0};
RPC_SERVER_INTERFACE g_interface = {
    sizeof(RPC_SERVER_INTERFACE),
    {{0xAFA8BD80, 0x7D8A, 0x11C9, {0xBE, 0xF4, 0x08, 0x00, 0x2B, 0x10, 0x29, 0x89}}, {1, 0}},
    {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}}, {2, 0}},
    &g_table,
    0,
    nullptr,
    nullptr,
    nullptr,
    0};

}  // namespace

void set_authorization(Authorization authorization) {
    g_authorization = authorization;
}

Status serve(Server& server) {
    const Status status = server.register_interface({&g_interface, {}, nullptr, autolisten, 0, UINT32_MAX, nullptr});
    return status == Status::type_already_registered ? Status::ok : status;
}

const RPC_SERVER_INTERFACE* server_interface() {
    return &g_interface;
}

}  // namespace rpc::runtime::management
