// UUIDs: documentation pages UuidCreate, UuidCreateSequential and those they name. They work under the loader lock and wait
// for no other thread. NULL stands for the nil UUID where one is read.
#include "wire/uuid.h"

#include <atomic>
#include <cstring>

#include "abi/export.h"
#include "abi/node_address.h"
#include "abi/text.h"
#include "base/os.h"
#include "base/seh.h"

namespace rpc::abi {
namespace {

Uuid read_uuid(const UUID* uuid) {
    Uuid out;
    if (uuid) std::memcpy(static_cast<void*>(&out), uuid, sizeof out);
    return out;
}

void write_uuid(const Uuid& from, UUID* to) { std::memcpy(static_cast<void*>(to), &from, sizeof from); }

void write_status(RPC_STATUS* status) {
    if (status) *status = RPC_S_OK;
}

Status create(UUID* out) {
    if (!out) return Status::invalid_arg;
    uint8_t random[16];
    if (!os::random_bytes(random, sizeof random)) return Status::uuid_local_only;
    write_uuid(wire::random_uuid(random), out);
    return Status::ok;
}

// 100 ns units since 1582-10-15, never the same twice in this process.
uint64_t next_time() {
    static constinit std::atomic<uint64_t> g_last{0};
    constexpr uint64_t from_1582_to_1601 = 0x0146BF33E42C000;
    uint64_t now = os::system_time() + from_1582_to_1601;
    uint64_t last = g_last.load(std::memory_order_relaxed);
    uint64_t next;
    do next = now > last ? now : last + 1;
    while (!g_last.compare_exchange_weak(last, next, std::memory_order_relaxed));
    return next;
}

// What tells this process's sequential UUIDs from another's: `chosen`, then 14 bits of clock sequence and a random node.
uint64_t process_part() {
    constexpr uint64_t chosen = uint64_t{1} << 63;
    static constinit std::atomic<uint64_t> g_part{0};
    uint64_t part = g_part.load(std::memory_order_acquire);
    if (part) return part;
    if (!os::random_bytes(&part, sizeof part)) part = os::system_time() ^ uint64_t{os::process_id()} << 40;
    uint64_t none = 0;
    part |= chosen;
    return g_part.compare_exchange_strong(none, part, std::memory_order_acq_rel) ? part : none;
}

Status create_sequential(UUID* out) {
    if (!out) return Status::invalid_arg;
    uint64_t part = process_part();
    uint8_t node[6];
    bool global = node_address(node);
    if (!global) {
        std::memcpy(node, &part, sizeof node);
        node[0] |= 1;  // multicast: no hardware has it (RFC 4122, 4.5)
    }
    write_uuid(wire::time_uuid(next_time(), static_cast<uint16_t>(part >> 48), node), out);
    return global ? Status::ok : Status::uuid_local_only;
}

template <class T>
Status from_string(const T* text, UUID* out) {
    Uuid uuid;
    Str utf8;
    if (!out) return Status::invalid_arg;
    Status status = text ? read_text(text, utf8) : Status::ok;
    if (status == Status::invalid_arg) return Status::invalid_string_uuid;
    RPC_TRY(status);
    if (text) RPC_TRY(wire::parse_uuid(utf8.view(), uuid));
    write_uuid(uuid, out);
    return Status::ok;
}

template <class T>
Status to_string(const UUID* uuid, T** out) {
    if (!out) return Status::invalid_arg;
    char text[wire::uuid_text_size + 1];
    wire::format_uuid(read_uuid(uuid), text);
    return write_text(text, out);
}

}  // namespace
}  // namespace rpc::abi

using namespace rpc::abi;
namespace wire = rpc::wire;

RPC_EXPORT(RPC_STATUS, UuidCreate)(UUID* Uuid) { return to_rpc(create(Uuid)); }
RPC_EXPORT(RPC_STATUS, I_UuidCreate)(UUID* Uuid) { return to_rpc(create(Uuid)); }
RPC_EXPORT(RPC_STATUS, UuidCreateSequential)(UUID* Uuid) { return to_rpc(create_sequential(Uuid)); }
RPC_EXPORT(RPC_STATUS, UuidCreateNil)(UUID* NilUuid) {
    if (!NilUuid) return RPC_S_INVALID_ARG;
    write_uuid({}, NilUuid);
    return RPC_S_OK;
}

RPC_EXPORT(signed int, UuidCompare)(UUID* Uuid1, UUID* Uuid2, RPC_STATUS* Status) {
    write_status(Status);
    return wire::compare_uuid(read_uuid(Uuid1), read_uuid(Uuid2));
}
RPC_EXPORT(int, UuidEqual)(UUID* Uuid1, UUID* Uuid2, RPC_STATUS* Status) {
    write_status(Status);
    return read_uuid(Uuid1) == read_uuid(Uuid2);
}
RPC_EXPORT(int, UuidIsNil)(UUID* Uuid, RPC_STATUS* Status) {
    write_status(Status);
    return wire::is_nil(read_uuid(Uuid));
}
RPC_EXPORT(unsigned short, UuidHash)(UUID* Uuid, RPC_STATUS* Status) {
    write_status(Status);
    return wire::hash_uuid(read_uuid(Uuid));
}

RPC_EXPORT(RPC_STATUS, UuidFromStringA)(RPC_CSTR StringUuid, UUID* Uuid) { return to_rpc(from_string(StringUuid, Uuid)); }
RPC_EXPORT(RPC_STATUS, UuidFromStringW)(RPC_WSTR StringUuid, UUID* Uuid) { return to_rpc(from_string(StringUuid, Uuid)); }
RPC_EXPORT(RPC_STATUS, UuidToStringA)(UUID* Uuid, RPC_CSTR* StringUuid) { return to_rpc(to_string(Uuid, StringUuid)); }
RPC_EXPORT(RPC_STATUS, UuidToStringW)(UUID* Uuid, RPC_WSTR* StringUuid) { return to_rpc(to_string(Uuid, StringUuid)); }
