// The client's side; what is shared.
#include "runtime/management.h"

#include <atomic>

#include "link/statistics.h"
#include "runtime/endpoint_mapper.h"
#include "runtime/raw_call.h"
#include "runtime/server.h"
#include "wire/pdu.h"

namespace rpc::runtime::management {
namespace {

constexpr wire::SyntaxId interface_id{
    {0xAFA8BD80, 0x7D8A, 0x11C9, {0xBE, 0xF4, 0x08, 0x00, 0x2B, 0x10, 0x29, 0x89}}, 1, 0};
constexpr uint32_t max_name = 4096;      // of a principal, with its terminator
constexpr uint32_t max_statistics = 64;  // that we let a server send
constexpr size_t interface_id_size = 20;

constinit std::atomic<uint32_t> g_calls_out{0};

// Every server has the interface, so a partially bound handle cannot say which one is meant.
Status ask(Binding& server, Operation operation, ByteView stub, RawReply& reply) {
    Ref<link::Association> association;
    Status status = server.association(association);
    if (status == Status::no_endpoint_found) {
        RPC_TRY(endpoint_mapper::resolve(server, interface_id, wire::ndr20));
        status = server.association(association);
    }
    RPC_TRY(status);
    const auto auth = server.auth();
    return raw_call(std::move(association), interface_id, static_cast<uint16_t>(operation), stub, reply, auth ? auth->provider : nullptr);
}

// The error_status_t at the end of a reply.
Status read_status(Reader& in) {
    in.align(4);
    const uint32_t status = in.u32();
    return in.ok() ? static_cast<Status>(status) : Status::bad_stub_data;
}

}  // namespace

Statistics statistics() {
    const link::PacketCount& packets = link::packet_count();
    return {{Server::instance().calls_received(), g_calls_out.load(std::memory_order_relaxed),
             packets.in.load(std::memory_order_relaxed), packets.out.load(std::memory_order_relaxed)}};
}

void count_call_out() {
    g_calls_out.fetch_add(1, std::memory_order_relaxed);
}

Status inquire_interfaces(Binding& server, Vector<wire::SyntaxId>& ids) {
    RawReply reply;
    RPC_TRY(ask(server, Operation::inq_if_ids, {}, reply));
    Reader in = reply.reader();
    if (in.u32() != 0) {  // the vector: a conformant structure of pointers
        const uint32_t room = in.u32();
        const uint32_t count = in.u32();
        if (count != room || count > in.remaining() / (4 + interface_id_size)) return Status::bad_stub_data;
        uint32_t there = 0;
        for (uint32_t i = 0; i < count; ++i) there += in.u32() != 0;
        for (uint32_t i = 0; i < there; ++i)
            if (!ids.push_back(wire::read_syntax(in))) return Status::out_of_memory;
    }
    return read_status(in);
}

Status inquire_statistics(Binding& server, Statistics& out) {
    RawReply reply;
    Buffer stub;
    Writer w(stub);
    w.u32(statistics_count);
    if (!w.ok()) return Status::out_of_memory;
    RPC_TRY(ask(server, Operation::inq_stats, stub.view(), reply));
    Reader in = reply.reader();
    const uint32_t count = in.u32();
    const uint32_t room = in.u32();
    if (room > max_statistics || count > room) return Status::bad_stub_data;
    out = {};
    for (uint32_t i = 0; i < room; ++i) {
        const uint32_t value = in.u32();
        if (i < statistics_count) out.values[i] = value;
    }
    return read_status(in);
}

Status is_listening(Binding& server) {
    RawReply reply;
    RPC_TRY(ask(server, Operation::is_server_listening, {}, reply));
    Reader in = reply.reader();
    RPC_TRY(read_status(in));
    const uint32_t listening = in.u32();
    if (!in.ok()) return Status::bad_stub_data;
    return listening != 0 ? Status::ok : Status::not_listening;
}

Status stop_listening(Binding& server) {
    RawReply reply;
    RPC_TRY(ask(server, Operation::stop_server_listening, {}, reply));
    Reader in = reply.reader();
    return read_status(in);
}

Status inquire_principal(Binding& server, uint32_t authentication_service, Str& name) {
    RawReply reply;
    Buffer stub;
    Writer w(stub);
    w.u32(authentication_service);
    w.u32(max_name);
    if (!w.ok()) return Status::out_of_memory;
    RPC_TRY(ask(server, Operation::inq_princ_name, stub.view(), reply));
    Reader in = reply.reader();
    in.skip(8);  // room and offset
    const ByteView text = in.bytes(in.u32());
    RPC_TRY(read_status(in));
    size_t length = 0;
    while (length < text.size() && text[length] != 0) ++length;
    return name.assign({reinterpret_cast<const char*>(text.data()), length}) ? Status::ok : Status::out_of_memory;
}

}  // namespace rpc::runtime::management
