#pragma once
// The endpoint mapper's interface: requests as stub data, replies taken apart. Pure. Sources: C706 appendix O (ep.idl),
// [MS-RPCE] 2.2.1.2.
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/vector.h"
#include "wire/syntax.h"

namespace rpc::wire::ept {

inline constexpr SyntaxId interface_id{
    {0xE1AF8308, 0x5D1F, 0x11C9, {0x91, 0xA4, 0x08, 0x00, 0x2B, 0x14, 0xA0, 0xFA}}, 3, 0};

enum class Operation : uint16_t { insert, remove, lookup, map, lookup_handle_free, inq_object, mgmt_delete };

constexpr size_t max_annotation_size = 64;  // with the terminator
constexpr uint32_t max_entries = 500;       // of one reply, which is what we ask for at most

struct Entry {
    Uuid object;
    ByteView tower;               // a tower_octet_string
    std::string_view annotation;  // without terminator; what does not fit is cut off
};

// The context handle of a search that goes on; all zero before the first call and after the last.
struct LookupHandle {
    uint32_t attributes = 0;
    Uuid id;
    bool operator==(const LookupHandle&) const = default;
};

// What ept_lookup looks for. Values of inquiry_type and vers_option are those of RpcMgmtEpEltInqBegin.
struct Inquiry {
    uint32_t type = 0;
    Uuid object;
    SyntaxId interface_id;
    uint32_t vers_option = 0;
};

// How an entry's pointer to its tower stands in the entry: as C706 chapter 14 has it, or not at all, as Wine's mapper
// wants it.
enum class EntryLayout : uint8_t { dce, wine };

// ---- requests: stub data appended to an empty `out`; out_of_memory ----
Status build_insert(Buffer& out, std::span<const Entry> entries, bool replace, EntryLayout layout);
Status build_delete(Buffer& out, std::span<const Entry> entries, EntryLayout layout);
Status build_lookup(Buffer& out, const Inquiry& inquiry, const LookupHandle& handle, uint32_t max_entries);
Status build_map(Buffer& out, const Uuid& object, ByteView tower, const LookupHandle& handle, uint32_t max_towers);
Status build_handle_free(Buffer& out, const LookupHandle& handle);
// `object` null: entries of any object.
Status build_mgmt_delete(Buffer& out, const Uuid* object, ByteView tower);

// ---- replies: bad_stub_data when the bytes are none; what is read points into them ----
// insert, delete, mgmt_delete.
Status parse_status(Reader in, uint32_t& status);
Status parse_lookup(Reader in, LookupHandle& handle, Vector<Entry>& entries, uint32_t& status);
Status parse_map(Reader in, LookupHandle& handle, Vector<ByteView>& towers, uint32_t& status);

// An error_status_t of the mapper as the RPC status that programs know: DCE's codes and Win32's are both in use.
Status to_status(uint32_t error_status);

}  // namespace rpc::wire::ept
