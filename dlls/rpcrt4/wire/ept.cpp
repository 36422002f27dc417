#include "wire/ept.h"

#include <algorithm>

#include "wire/pdu.h"

namespace rpc::wire::ept {
namespace {

constexpr uint32_t dce_not_registered = 0x16C9A0D6;  // ept_s_not_registered

// The referent id of the nth unique or full pointer that is not null; any value but 0 does.
constexpr uint32_t referent(uint32_t n) {
    return 0x20000 + 4 * n;
}

void write_handle(Writer& w, const LookupHandle& handle) {
    w.align(4);
    w.u32(handle.attributes);
    write_uuid(w, handle.id);
}

LookupHandle read_handle(Reader& in) {
    LookupHandle handle;
    handle.attributes = in.u32();
    handle.id = read_uuid(in);
    return handle;
}

// twr_t: a conformant structure.
void write_tower(Writer& w, ByteView octets) {
    const auto size = static_cast<uint32_t>(octets.size());
    w.align(4);
    w.u32(size);
    w.u32(size);
    w.bytes(octets);
}

ByteView read_tower(Reader& in) {
    in.align(4);
    const uint32_t room = in.u32();
    const uint32_t size = in.u32();
    if (size != room) in.fail();
    return in.bytes(size);
}

void write_uuid_pointer(Writer& w, uint32_t n, const Uuid& uuid) {
    w.u32(referent(n));
    write_uuid(w, uuid);
}

// num_ents, then the conformant array of ept_entry_t, then what its pointers lead to.
void write_entries(Writer& w, std::span<const Entry> entries, EntryLayout layout) {
    const auto count = static_cast<uint32_t>(entries.size());
    w.u32(count);
    w.u32(count);
    for (uint32_t i = 0; i < count; ++i) {
        const std::string_view text = entries[i].annotation.substr(0, max_annotation_size - 1);
        w.align(4);
        write_uuid(w, entries[i].object);
        if (layout == EntryLayout::dce) w.u32(referent(i));
        w.u32(0);
        w.u32(static_cast<uint32_t>(text.size() + 1));
        w.bytes({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
        w.u8(0);
    }
    for (const Entry& e : entries) write_tower(w, e.tower);
}

Status finish(const Writer& w) {
    return w.ok() ? Status::ok : Status::out_of_memory;
}

// The count of a conformant varying array that may hold `element` bytes each, or a failed reader.
uint32_t read_count(Reader& in, size_t element) {
    const uint32_t announced = in.u32();
    const uint32_t room = in.u32();
    const uint32_t offset = in.u32();
    const uint32_t count = in.u32();
    if (offset != 0 || count > room || count != announced || count > max_entries || count > in.remaining() / element)
        in.fail();
    return in.ok() ? count : 0;
}

Entry read_entry(Reader& in, bool& has_tower) {
    Entry e;
    in.align(4);
    e.object = read_uuid(in);
    has_tower = in.u32() != 0;
    const uint32_t offset = in.u32();
    const uint32_t size = in.u32();
    if (offset != 0 || size > max_annotation_size) in.fail();
    const ByteView text = in.bytes(size);
    const auto end = std::find(text.begin(), text.end(), uint8_t{0});
    e.annotation = {reinterpret_cast<const char*>(text.data()), static_cast<size_t>(end - text.begin())};
    return e;
}

Status read_end(Reader& in, uint32_t& status) {
    in.align(4);
    status = in.u32();
    return in.ok() ? Status::ok : Status::bad_stub_data;
}

}  // namespace

Status build_insert(Buffer& out, std::span<const Entry> entries, bool replace, EntryLayout layout) {
    Writer w(out);
    write_entries(w, entries, layout);
    w.align(4);
    w.u32(replace);
    return finish(w);
}

Status build_delete(Buffer& out, std::span<const Entry> entries, EntryLayout layout) {
    Writer w(out);
    write_entries(w, entries, layout);
    return finish(w);
}

Status build_lookup(Buffer& out, const Inquiry& inquiry, const LookupHandle& handle, uint32_t count) {
    Writer w(out);
    w.u32(inquiry.type);
    write_uuid_pointer(w, 0, inquiry.object);
    write_uuid_pointer(w, 1, inquiry.interface_id.uuid);  // rpc_if_id_t
    w.u16(inquiry.interface_id.major);
    w.u16(inquiry.interface_id.minor);
    w.u32(inquiry.vers_option);
    write_handle(w, handle);
    w.u32(count);
    return finish(w);
}

Status build_map(Buffer& out, const Uuid& object, ByteView tower, const LookupHandle& handle, uint32_t max_towers) {
    Writer w(out);
    write_uuid_pointer(w, 0, object);
    w.u32(referent(1));
    write_tower(w, tower);
    write_handle(w, handle);
    w.u32(max_towers);
    return finish(w);
}

Status build_handle_free(Buffer& out, const LookupHandle& handle) {
    Writer w(out);
    write_handle(w, handle);
    return finish(w);
}

Status build_mgmt_delete(Buffer& out, const Uuid* object, ByteView tower) {
    Writer w(out);
    w.u32(object != nullptr);
    write_uuid_pointer(w, 0, object ? *object : Uuid{});
    w.u32(referent(1));
    write_tower(w, tower);
    return finish(w);
}

Status parse_status(Reader in, uint32_t& status) {
    return read_end(in, status);
}

Status parse_lookup(Reader in, LookupHandle& handle, Vector<Entry>& entries, uint32_t& status) {
    handle = read_handle(in);
    constexpr size_t smallest = 28;  // UUID, referent, offset and count of an empty annotation
    const uint32_t count = read_count(in, smallest);
    entries.clear();
    if (!entries.reserve(count)) return Status::out_of_memory;
    bool has_tower[max_entries] = {};
    for (uint32_t i = 0; i < count; ++i)
        if (!entries.push_back(read_entry(in, has_tower[i]))) return Status::out_of_memory;
    for (uint32_t i = 0; i < count; ++i)
        if (has_tower[i]) entries[i].tower = read_tower(in);
    return read_end(in, status);
}

Status parse_map(Reader in, LookupHandle& handle, Vector<ByteView>& towers, uint32_t& status) {
    handle = read_handle(in);
    const uint32_t count = read_count(in, 4);
    towers.clear();
    if (!towers.reserve(count)) return Status::out_of_memory;
    uint32_t there = 0;
    for (uint32_t i = 0; i < count; ++i) there += in.u32() != 0;
    for (uint32_t i = 0; i < there; ++i)
        if (!towers.push_back(read_tower(in))) return Status::out_of_memory;
    return read_end(in, status);
}

Status to_status(uint32_t error_status) {
    if (error_status == dce_not_registered) return Status::ept_not_registered;
    constexpr uint32_t first_rpc_code = 1700, last_rpc_code = 1999;
    if (error_status == 0 || (error_status >= first_rpc_code && error_status <= last_rpc_code) ||
        error_status == code(Status::access_denied) || error_status == code(Status::out_of_memory))
        return static_cast<Status>(error_status);
    return Status::ept_cant_perform_op;
}

}  // namespace rpc::wire::ept
