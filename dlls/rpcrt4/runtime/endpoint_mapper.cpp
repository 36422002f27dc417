#include "runtime/endpoint_mapper.h"

#include "base/os.h"
#include "runtime/local_machine.h"
#include "runtime/raw_call.h"
#include "wire/tower.h"

namespace rpc::runtime::endpoint_mapper {
namespace {

namespace ept = wire::ept;
using ept::Operation;

constexpr uint32_t entries_per_call = 100;
constexpr uint32_t towers_per_call = 16;
constexpr uint32_t start_patience_ms = 10000;
constexpr uint32_t poll_ms = 20;

// Where each protocol sequence has its mapper ([MS-RPCE] 2.1.1, 2.1.2).
struct WellKnown {
    std::string_view protocol;
    std::string_view endpoint;
};
constexpr WellKnown well_known[] = {
    {"ncalrpc", "epmapper"},
    {"ncacn_np", "\\pipe\\epmapper"},
    {"ncacn_ip_tcp", "135"},
    {"ncacn_http", "593"},
};

Status call_at(const io::Protocol& protocol, std::string_view address, std::string_view options, Operation operation, ByteView stub,
               RawReply& reply) {
    for (const WellKnown& w : well_known) {
        if (w.protocol != protocol.name) continue;
        io::Address mapper;
        Ref<link::Association> association;
        if (!mapper.assign(address, w.endpoint, options)) return Status::out_of_memory;
        RPC_TRY(link::Association::find(protocol, std::move(mapper), association));
        const link::AssociationUse use(association);  // who asked once asks again
        return raw_call(std::move(association), ept::interface_id, static_cast<uint16_t>(operation), stub, reply);
    }
    return Status::protseq_not_supported;
}

// This machine's mapper; its service is started when nobody answers.
Status call_local(Operation operation, ByteView stub, RawReply& reply) {
    const io::Protocol* protocol = io::find_protocol("ncalrpc");
    if (!protocol) return Status::protseq_not_supported;
    Status status = call_at(*protocol, {}, {}, operation, stub, reply);
    if (status != Status::server_unavailable || failed(start_mapper_service())) return status;
    // A service that says it runs may need a moment until it listens.
    const uint64_t until = os::now_ms() + start_patience_ms;
    while ((status = call_at(*protocol, {}, {}, operation, stub, reply)) == Status::server_unavailable &&
           os::now_ms() < until)
        os::sleep_ms(poll_ms);
    return status;
}

// The mapper of the machine that the binding is to; null: this one's. A machine that is this one need not serve its map
// over the network.
Status call_mapper(Binding* host, Operation operation, ByteView stub, RawReply& reply) {
    if (!host || host->network_address().empty()) return call_local(operation, stub, reply);
    const std::string_view address = host->network_address().view();
    const std::string_view options = host->protocol().options_valid ? host->options().view() : std::string_view();
    const Status status = call_at(host->protocol(), address, options, operation, stub, reply);
    if (status != Status::server_unavailable || !is_this_machine(address)) return status;
    return call_local(operation, stub, reply);
}

Status call_for_status(Binding* host, Operation operation, ByteView stub) {
    RawReply reply;
    uint32_t error = 0;
    RPC_TRY(call_mapper(host, operation, stub, reply));
    RPC_TRY(ept::parse_status(reply.reader(), error));
    return ept::to_status(error);
}

// The binding's address in a tower; the texts point into `endpoint`, which must live as long.
Status tower_of(Binding& binding, const wire::SyntaxId& interface_id, const wire::SyntaxId& transfer_syntax,
                Str& endpoint, Buffer& out) {
    wire::Tower tower;
    tower.protocol = wire::tower_protocol(binding.protocol().name);
    if (!tower.protocol) return Status::protseq_not_supported;
    tower.interface_id = interface_id;
    tower.transfer_syntax = transfer_syntax;
    RPC_TRY(binding.endpoint(endpoint));
    if (!tower.protocol->endpoint_is_port)
        tower.endpoint = endpoint.view();
    else if (!endpoint.empty() && !wire::parse_port(endpoint.view(), tower.port))
        return Status::invalid_endpoint_format;
    if (!tower.protocol->host_is_ipv4)
        tower.host = binding.network_address().view();
    else if (!wire::parse_ipv4(binding.network_address().view(), tower.ipv4))
        std::memset(tower.ipv4, 0, sizeof tower.ipv4);  // a name: whoever asks knows the machine
    return wire::build_tower(out, tower);
}

struct CrossProduct {
    Vector<Buffer> towers;
    Vector<ept::Entry> entries;
};

Status multiply(const Entries& e, CrossProduct& out) {
    if (e.bindings.empty()) return Status::no_bindings;
    const size_t objects = e.objects.empty() ? 1 : e.objects.size();
    if (!out.towers.reserve(e.bindings.size()) || !out.entries.reserve(e.bindings.size() * objects))
        return Status::out_of_memory;
    for (const Ref<Binding>& binding : e.bindings) {
        Str endpoint;
        Buffer tower;
        RPC_TRY(tower_of(*binding, e.interface_id, e.transfer_syntax, endpoint, tower));
        if (endpoint.empty()) return Status::invalid_binding;
        if (!out.towers.push_back(std::move(tower))) return Status::out_of_memory;
        for (size_t i = 0; i < objects; ++i)
            if (!out.entries.push_back(
                    {e.objects.empty() ? Uuid{} : e.objects[i], out.towers.back().view(), e.annotation}))
                return Status::out_of_memory;
    }
    return Status::ok;
}

}  // namespace

namespace {

// Entries go to this machine's mapper alone: Wine's, or one that keeps to the specification and finds Wine's layout
// wrong. The other order would end Wine's.
template <class Build>
Status send_entries(const Entries& entries, Operation operation, Build build) {
    CrossProduct product;
    Status status = multiply(entries, product);
    if (failed(status)) return status;
    for (ept::EntryLayout layout : {ept::EntryLayout::wine, ept::EntryLayout::dce}) {
        Buffer stub;
        RPC_TRY(build(stub, std::span<const ept::Entry>(product.entries.data(), product.entries.size()), layout));
        status = call_for_status(nullptr, operation, stub.view());
        if (status != Status::bad_stub_data && status != Status::invalid_bound) break;
    }
    return status;
}

}  // namespace

Status insert(const Entries& entries, bool replace) {
    return send_entries(entries, Operation::insert, [&](Buffer& stub, auto all, ept::EntryLayout layout) {
        return ept::build_insert(stub, all, replace, layout);
    });
}

Status remove(const Entries& entries) {
    return send_entries(entries, Operation::remove, [](Buffer& stub, auto all, ept::EntryLayout layout) {
        return ept::build_delete(stub, all, layout);
    });
}

// ---- resolving ----

namespace {

// A mapper that has more to say keeps a handle for us, which is given back unused.
void forget(Binding* host, const ept::LookupHandle& handle) {
    if (handle == ept::LookupHandle{}) return;
    Buffer stub;
    RawReply reply;
    if (failed(ept::build_handle_free(stub, handle))) return;
    (void)failed(
        call_mapper(host, Operation::lookup_handle_free, stub.view(), reply));  // the mapper's own timeout is left
}

// The endpoint of the first tower that is of the binding's protocol sequence.
Status take_endpoint(Binding& binding, const Vector<ByteView>& towers) {
    for (ByteView octets : towers) {
        wire::Tower tower;
        char text[512];
        if (failed(wire::parse_tower(octets, tower)) ||
            std::string_view(tower.protocol->protseq) != binding.protocol().name)
            continue;
        const size_t size = wire::tower_endpoint_text(tower, text, sizeof text);
        if (size == 0 || !binding.protocol().endpoint_valid({text, size})) continue;
        return binding.complete({text, size});
    }
    return Status::ept_not_registered;
}

}  // namespace

Status resolve(Binding& binding, const wire::SyntaxId& interface_id, const wire::SyntaxId& transfer_syntax) {
    Str endpoint;
    Buffer tower, stub;
    RawReply reply;
    RPC_TRY(tower_of(binding, interface_id, transfer_syntax, endpoint, tower));
    if (!endpoint.empty()) return Status::ok;
    RPC_TRY(ept::build_map(stub, binding.object(), tower.view(), {}, towers_per_call));
    RPC_TRY(call_mapper(&binding, Operation::map, stub.view(), reply));
    ept::LookupHandle handle;
    Vector<ByteView> towers;
    uint32_t error = 0;
    RPC_TRY(ept::parse_map(reply.reader(), handle, towers, error));
    forget(&binding, handle);
    if (towers.empty()) RPC_TRY(ept::to_status(error));
    return take_endpoint(binding, towers);
}

// ---- walking through a map ----

namespace {

// False: an entry of a protocol sequence that we do not carry.
Status to_element(const ept::Entry& entry, Binding* host, Inquiry::Element& out, bool& usable) {
    wire::Tower tower;
    usable = !failed(wire::parse_tower(entry.tower, tower)) && io::find_protocol(tower.protocol->protseq);
    if (!usable) return Status::ok;
    char endpoint[512], address[512];
    const size_t endpoint_size = wire::tower_endpoint_text(tower, endpoint, sizeof endpoint);
    std::string_view host_name(address, wire::tower_host_text(tower, address, sizeof address));
    if (host_name == "0.0.0.0" || host_name.empty())
        host_name = host ? host->network_address().view() : std::string_view{};
    const Status status = Binding::create({{}, tower.protocol->protseq, host_name, {endpoint, endpoint_size}, {}},
                                          &entry.object, out.binding);
    usable = !failed(status);
    if (status == Status::out_of_memory || !out.annotation.assign(entry.annotation)) return Status::out_of_memory;
    out.interface_id = tower.interface_id;
    out.object = entry.object;
    return Status::ok;
}

}  // namespace

Status Inquiry::fetch() {
    Buffer stub;
    RawReply reply;
    Vector<ept::Entry> entries;
    uint32_t error = 0;
    RPC_TRY(ept::build_lookup(stub, what_, handle_, entries_per_call));
    RPC_TRY(call_mapper(host_.get(), Operation::lookup, stub.view(), reply));
    RPC_TRY(ept::parse_lookup(reply.reader(), handle_, entries, error));
    ended_ = handle_ == ept::LookupHandle{} || error != 0;
    const Status status = ept::to_status(error);
    if (entries.empty() && !ended_) return Status::protocol_error;  // it would never end
    if (failed(status) && status != Status::ept_not_registered) return status;
    for (size_t i = entries.size(); i-- != 0;) {
        Element element;
        bool usable;
        RPC_TRY(to_element(entries[i], host_.get(), element, usable));
        if (usable && !fetched_.push_back(std::move(element))) return Status::out_of_memory;
    }
    return Status::ok;
}

Status Inquiry::next(Element& element) {
    Guard g(mutex_);
    while (fetched_.empty()) {
        if (ended_) return Status::no_more_entries;
        RPC_TRY(fetch());
    }
    element = fetched_.pop_back();
    return Status::ok;
}

Inquiry::~Inquiry() {
    Guard g(mutex_);
    forget(host_.get(), handle_);
}

Status mgmt_remove(Binding* host, const wire::SyntaxId& interface_id, Binding& binding, const Uuid* object) {
    Str endpoint;
    Buffer tower, stub;
    RPC_TRY(tower_of(binding, interface_id, wire::ndr20, endpoint, tower));
    RPC_TRY(ept::build_mgmt_delete(stub, object, tower.view()));
    return call_for_status(host, Operation::mgmt_delete, stub.view());
}

}  // namespace rpc::runtime::endpoint_mapper
