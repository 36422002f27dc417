#include "security/access.h"

#include "base/guard.h"

namespace rpc::security {
namespace {

// SECURITY_DESCRIPTOR.
constexpr uint16_t dacl_present = 0x0004;
constexpr uint16_t self_relative = 0x8000;
constexpr size_t relative_header = 20;
enum Part : size_t { owner_part, group_part, sacl_part, dacl_part, parts };

constexpr size_t max_sub_authorities = 15;
constexpr size_t acl_header = 8;
constexpr size_t ace_header = 4;
constexpr uint8_t access_allowed = 0, access_denied_ace = 1;
constexpr uint8_t inherit_only = 0x08;
constexpr uint32_t generic_rights = 0xF0000000;

constexpr uint8_t local_system[] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
constexpr uint8_t anonymous_logon[] = {1, 1, 0, 0, 0, 0, 0, 5, 7, 0, 0, 0};

uint16_t u16_at(const uint8_t* p) { return static_cast<uint16_t>(p[0] | p[1] << 8); }
uint32_t u32_at(const uint8_t* p) { return u16_at(p) | static_cast<uint32_t>(u16_at(p + 2)) << 16; }
void put_u32(uint8_t* p, size_t value) {
    for (int i = 0; i < 4; ++i) p[i] = static_cast<uint8_t>(value >> 8 * i);
}

size_t sid_size(uint8_t sub_authorities) { return 8 + 4 * size_t{sub_authorities}; }

// Where the parts of a descriptor of the program's lie; null: it has none.
Status locate(const void* descriptor, uint16_t& control, const uint8_t* (&at)[parts]) {
    uint8_t head[4];
    if (!copy_guarded(head, descriptor, sizeof head) || head[0] != 1) return Status::invalid_arg;
    control = u16_at(head + 2);
    auto base = static_cast<const uint8_t*>(descriptor);
    if (control & self_relative) {
        uint8_t offsets[4 * parts];
        if (!copy_guarded(offsets, base + 4, sizeof offsets)) return Status::invalid_arg;
        for (size_t i = 0; i < parts; ++i) {
            const uint32_t offset = u32_at(offsets + 4 * i);
            at[i] = offset ? base + offset : nullptr;
        }
        return Status::ok;
    }
    return copy_guarded(at, base + (sizeof(void*) == 8 ? 8 : 4), sizeof at) ? Status::ok : Status::invalid_arg;
}

// Appends what is at `from`, whose first `head_size` bytes say how long it is.
template <size_t head_size, class SizeOf>
Status append_part(const uint8_t* from, SizeOf size_of, Buffer& out) {
    uint8_t head[head_size];
    if (!copy_guarded(head, from, head_size)) return Status::invalid_arg;
    const size_t size = size_of(head), start = out.size();
    if (size < head_size) return Status::invalid_arg;
    if (!out.resize(start + size)) return Status::out_of_memory;
    if (!copy_guarded(out.data() + start, from, size)) return Status::invalid_arg;
    return size_of(out.data() + start) == size ? Status::ok : Status::invalid_arg;  // it may change meanwhile
}

Status append_sid(const uint8_t* from, Buffer& out) {
    if (!from) return out.append(local_system) ? Status::ok : Status::out_of_memory;
    return append_part<2>(
        from, [](const uint8_t* h) { return h[0] == 1 && h[1] <= max_sub_authorities ? sid_size(h[1]) : 0; }, out);
}

// Every entry lies within the list; those that name somebody by a SID alone hold it.
bool well_formed(ByteView acl) {
    Reader r(acl);
    r.skip(4);
    const uint16_t count = r.u16();
    r.skip(2);
    for (uint16_t i = 0; i < count; ++i) {
        const uint8_t type = r.u8();
        r.skip(1);
        const uint16_t size = r.u16();
        const ByteView body = r.bytes(size < ace_header ? r.remaining() + 1 : size - ace_header);
        if (!r.ok()) return false;
        if (type > access_denied_ace) continue;
        if (body.size() < 4 + 8 || body[5] > max_sub_authorities || body.size() < 4 + sid_size(body[5])) return false;
    }
    return r.ok();
}

}  // namespace

Status AccessList::create(const void* descriptor, Ref<AccessList>& out) {
    uint16_t control;
    const uint8_t* at[parts];
    RPC_TRY(locate(descriptor, control, at));
    auto made = make_ref<AccessList>();
    if (!made || !made->copy_.resize(relative_header)) return Status::out_of_memory;
    Buffer& copy = made->copy_;
    const size_t owner_at = copy.size();
    RPC_TRY(append_sid(at[owner_part], copy));
    const size_t group_at = copy.size();
    RPC_TRY(append_sid(at[group_part], copy));
    if ((control & dacl_present) && at[dacl_part]) {
        made->dacl_at_ = copy.size();
        RPC_TRY(append_part<4>(
            at[dacl_part], [](const uint8_t* h) { return u16_at(h + 2) < acl_header ? size_t{0} : size_t{u16_at(h + 2)}; }, copy));
        if (!well_formed(made->dacl())) return Status::invalid_arg;
    }
    uint8_t* head = copy.data();
    std::memset(head, 0, relative_header);
    head[0] = 1;
    const uint16_t is = self_relative | dacl_present;
    head[2] = static_cast<uint8_t>(is);
    head[3] = static_cast<uint8_t>(is >> 8);
    put_u32(head + 4, owner_at);
    put_u32(head + 8, group_at);
    put_u32(head + 16, made->dacl_at_);
    out = std::move(made);
    return Status::ok;
}

// The first entry for that one which speaks of the right decides; none denies.
Status AccessList::admits(ByteView sid) const {
    if (dacl_at_ == 0) return Status::ok;
    Reader r(dacl());
    r.skip(4);
    const uint16_t count = r.u16();
    r.skip(2);
    for (uint16_t i = 0; i < count; ++i) {
        const uint8_t type = r.u8();
        const uint8_t flags = r.u8();
        const ByteView body = r.bytes(r.u16() - ace_header);
        if (type > access_denied_ace || (flags & inherit_only)) continue;
        if (!(u32_at(body.data()) & (connect | generic_rights))) continue;
        if (body[5] != sid[1] || std::memcmp(&body[4], sid.data(), sid.size()) != 0) continue;
        return type == access_allowed ? Status::ok : Status::access_denied;
    }
    return Status::access_denied;
}

Status AccessList::admits_anonymous() const { return admits(anonymous_logon); }

}  // namespace rpc::security
