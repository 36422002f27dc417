// Types that nobody wrote down: a description is made from the input, well-formed as MIDL's are, and the rest of the input is
// a peer's data of that type. Whatever comes, a status and no memory, or data that marshal to exactly as much as their size
// says and come back the same; allocations fail on the way. A sender with another representation too.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "base/alloc.h"
#include "ndr/both_ways.h"
#include "ndr/ndr.h"

namespace {

using namespace rpc;
using namespace rpc::ndr;

long g_blocks = 0, g_countdown = 0;
void* allocate_block(size_t n) {
    if ((g_countdown != 0 && --g_countdown == 0) || n > (8u << 20)) return nullptr;
    ++g_blocks;
    return std::malloc(n ? n : 1);
}
void free_block(void* p) {
    --g_blocks;
    std::free(p);
}

struct Input {
    const uint8_t* at;
    size_t left;
    uint8_t byte() {
        if (left == 0) return 0;
        --left;
        return *at++;
    }
};

struct Made {
    size_t offset;  // in the format string
    uint32_t size, align;
    bool conformant = false;
};

// Writes descriptions, what they refer to first.
class Maker {
public:
    // Robust: with the descriptors that strict stubs have.
    Maker(Input& in, bool robust) : in_(in), robust_(robust) { format.assign(2, 0x5b); }
    std::vector<uint8_t> format;

    Made type(unsigned depth) {
        if (depth >= 4 || format.size() > 2000) return base();
        switch (in_.byte() % 10) {
        case 0: return base();
        case 1: return pointer(depth);
        case 2: return string_pointer();
        case 3: return fixed_array(depth);
        case 4: return simple_array();
        case 5: return encapsulated_union(depth);
        case 6: return counted(depth);
        case 9: return counted_pointer(depth);
        default: return structure(depth);
        }
    }

private:
    struct Base {
        uint8_t fc, size;
    };
    Base pick() {
        static const Base all[] = {{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 2}, {6, 2}, {7, 2}, {8, 4}, {9, 4},
                                   {10, 4}, {11, 8}, {12, 8}, {13, 4}, {14, 4}};
        return all[in_.byte() % (sizeof all / sizeof *all)];
    }
    void u8(unsigned v) { format.push_back(static_cast<uint8_t>(v)); }
    void u16(unsigned v) { u8(v), u8(v >> 8); }
    void u32(uint32_t v) { u16(v & 0xffff), u16(v >> 16); }
    void to(size_t offset) { u16(static_cast<unsigned>(offset - format.size())); }
    static uint32_t up(uint32_t n, uint32_t align) { return (n + align - 1) / align * align; }
    // A pointer is recognised by what stands there.
    bool is_pointer(const Made& m) const { return format[m.offset] >= 0x11 && format[m.offset] <= 0x14; }
    bool is_base(const Made& m) const { return format[m.offset] <= 14; }

    Made base() {
        Base b = pick();
        Made m{format.size(), b.size, b.size};
        u8(b.fc), u8(0x5c);
        return m;
    }
    Made pointer(unsigned depth) {
        Made target = type(depth + 1);
        uint8_t kind = in_.byte() & 1 ? 0x14 : 0x12;
        Made m{format.size(), 8, 8};
        if (is_base(target)) {
            u8(kind), u8(0x08), u8(format[target.offset]), u8(0x5c);
        } else {
            u8(kind), u8(0), to(target.offset);
        }
        return m;
    }
    Made string_pointer() {
        Made m{format.size(), 8, 8};
        u8(0x12), u8(0x08), u8(in_.byte() & 1 ? 0x22 : 0x25), u8(0x5c);
        return m;
    }
    void element(const Made& e) {
        if (is_base(e)) u8(format[e.offset]);
        else u8(0x4c), u8(0), to(e.offset);
        u8(0x5b);
    }
    Made fixed_array(unsigned depth) {
        Made e = flat(depth);
        unsigned count = in_.byte() % 4 + 1;
        Made m{format.size(), up(e.size, e.align) * count, e.align};
        u8(0x21), u8(e.align - 1), u16(count), no_descriptor(), no_descriptor(), element(e);
        return m;
    }
    void no_descriptor() {
        u32(0xffffffff);
        if (robust_) u16(0);
    }
    Made simple_array() {
        Base b = pick();
        if (b.fc == 13) b = {8, 4};
        unsigned count = in_.byte() % 8 + 1;
        Made m{format.size(), b.size * count, b.size};
        u8(0x1d), u8(b.size - 1u), u16(b.size * count), u8(b.fc), u8(0x5b);
        return m;
    }
    // What may be within another type: nothing that ends with a conformant array.
    Made flat(unsigned depth) {
        Made m = type(depth + 1);
        return m.conformant ? base() : m;
    }
    Made encapsulated_union(unsigned depth) {
        Made arms[3];
        unsigned count = in_.byte() % 3 + 1;
        uint32_t size = 1, align = 4;
        for (unsigned i = 0; i < count; ++i) {
            arms[i] = flat(depth);
            if (arms[i].size > size) size = arms[i].size;
            if (arms[i].align > align) align = arms[i].align;
        }
        bool with_default = in_.byte() & 1;
        Made m{format.size(), up(align + up(size, align), align), align};
        u8(0x2a), u8(0x08 | align << 4), u16(up(size, align)), u16(count | align << 12);
        for (unsigned i = 0; i < count; ++i) {
            u32(i);
            if (is_base(arms[i])) u8(format[arms[i].offset]), u8(0x80);
            else to(arms[i].offset);
        }
        u16(with_default ? 0 : 0xffff);
        return m;
    }
    struct Member {
        Made made;
        bool pointer;
    };
    void members(const Member* all, unsigned count, uint32_t& at, uint32_t& align, std::vector<size_t>& layout) {
        for (unsigned i = 0; i < count; ++i) {
            const Made& m = all[i].made;
            if (m.align > align) align = m.align;
            if (up(at, m.align) != at) u8(m.align == 2 ? 0x37 : m.align == 4 ? 0x38 : 0x39);
            at = up(at, m.align);
            if (is_base(m)) u8(format[m.offset]);
            else if (all[i].pointer) u8(0x36), layout.push_back(m.offset);
            else u8(0x4c), u8(0), to(m.offset);
            at += m.size;
        }
    }
    void pointers(size_t place, const std::vector<size_t>& layout) {
        if (layout.empty()) return;
        size_t start = format.size();
        format[place] = static_cast<uint8_t>(start - place);
        format[place + 1] = static_cast<uint8_t>((start - place) >> 8);
        for (size_t from : layout) {
            uint8_t kind = format[from], attributes = format[from + 1], a = format[from + 2], b = format[from + 3];
            u8(kind), u8(attributes);
            if (attributes & 0x08) u8(a), u8(b);
            else to(from + 2 + static_cast<size_t>(static_cast<int16_t>(a | b << 8)));
        }
    }
    Made structure(unsigned depth) {
        Member all[5];
        unsigned count = in_.byte() % 5 + 1;
        for (unsigned i = 0; i < count; ++i) {
            all[i].made = flat(depth);
            all[i].pointer = is_pointer(all[i].made);
        }
        Made m{format.size(), 0, 1};
        u8(0x1a), u8(7), u16(0), u16(0), u16(0);
        std::vector<size_t> layout;
        members(all, count, m.size, m.align, layout);
        if (uint32_t pad = up(m.size, m.align) - m.size) u8(0x3c + pad);
        m.size = up(m.size, m.align);
        u8(0x5b);
        format[m.offset + 1] = static_cast<uint8_t>(m.align - 1);
        format[m.offset + 2] = static_cast<uint8_t>(m.size);
        format[m.offset + 3] = static_cast<uint8_t>(m.size >> 8);
        pointers(m.offset + 6, layout);
        return m;
    }
    // A count of elements, something else, and the elements.
    Made counted(unsigned depth) {
        Made e = flat(depth), other = flat(depth);
        Member all[2] = {{{0, 4, 4}, false}, {other, is_pointer(other)}};
        format.push_back(9), format.push_back(0x5c);
        all[0].made.offset = format.size() - 2;
        uint32_t align = e.align > other.align ? e.align : other.align;
        if (align < 4) align = 4;
        uint32_t size = up(up(4, other.align) + other.size, align);
        size_t array = format.size();
        u8(0x21), u8(e.align - 1), u16(0), u8(0x09), u8(0), u16(static_cast<unsigned>(-static_cast<int>(size)));
        if (robust_) u16(1);
        no_descriptor(), element(e);
        Made m{format.size(), 0, align, true};
        u8(0x1a), u8(align - 1), u16(size), to(array), u16(0);
        std::vector<size_t> layout;
        uint32_t used = 1;
        members(all, 2, m.size, used, layout);
        if (uint32_t pad = size - m.size) u8(0x3c + pad);
        m.size = size;
        u8(0x5b);
        pointers(m.offset + 6, layout);
        return m;
    }
    // A count and a pointer to as many, in either order; what is not to be checked would be read as the count says.
    Made counted_pointer(unsigned depth) {
        Made e = flat(depth);
        const bool behind = in_.byte() & 1;
        const unsigned flags = in_.byte() & !behind;
        size_t array = format.size();
        u8(0x21), u8(e.align - 1), u16(0), u8(0x18), u8(0), u16(behind ? 8 : 0);
        if (robust_) u16(flags);
        no_descriptor(), element(e);
        Made target{format.size(), 8, 8};
        u8(in_.byte() & 1 ? 0x14 : 0x12), u8(0), to(array);
        Made count{format.size(), 4, 4};
        u8(0x08), u8(0x5c);
        const Member all[2] = {{behind ? target : count, behind}, {behind ? count : target, !behind}};
        Made m{format.size(), 0, 8};
        u8(0x1a), u8(7), u16(16), u16(0), u16(0);
        std::vector<size_t> layout;
        uint32_t used = 1;
        members(all, 2, m.size, used, layout);
        if (behind) u8(0x40);
        m.size = 16;
        u8(0x5b);
        pointers(m.offset + 6, layout);
        return m;
    }

    Input& in_;
    bool robust_;
};

struct Message {
    Message(bool client, bool strict, uint8_t* bytes, size_t size) {
        desc.Version = strict ? 0x60001 : 0x50002;
        m.fHasNewCorrDesc = strict;
        m.RpcMsg = &rpc;
        m.StubDesc = &desc;
        m.IsClient = client;
        m.pfnAllocate = allocate_block;
        m.pfnFree = free_block;
        if (failed(full_pointers_init(m, client ? XLAT_CLIENT : XLAT_SERVER))) m.FullPtrXlatTables = nullptr;
        attach(bytes, size);
    }
    ~Message() {
        if (m.FullPtrXlatTables) full_pointers_free(m);
    }
    void attach(uint8_t* bytes, size_t size) {
        rpc.Buffer = m.Buffer = m.BufferStart = bytes;
        m.BufferEnd = bytes + size;
        rpc.BufferLength = static_cast<unsigned>(size);
    }
    RPC_MESSAGE rpc = {};
    MIDL_STUB_DESC desc = {};
    MIDL_STUB_MESSAGE m = {};
};

void check(bool ok, const char* what) {
    if (ok) return;
    std::fprintf(stderr, "format_fuzz: %s\n", what);
    std::abort();
}

using Image = std::vector<uint8_t>;

// The data at `data` as bytes; empty when memory was refused.
bool image_of(bool client, bool strict, uint8_t* data, const uint8_t* f, Image& out) {
    Message w(client, strict, nullptr, 0);
    Message again(client, strict, nullptr, 0);  // another set of full pointers, as numbers are given in order
    if (failed(buffer_size(w.m, data, f))) return false;
    size_t need = w.m.BufferLength;
    auto* bytes = static_cast<uint8_t*>(std::aligned_alloc(16, (need + 31) & ~size_t{15}));
    again.attach(bytes, need);
    Status s = marshal(again.m, data, f);
    bool whole = !failed(s) && again.m.Buffer == bytes + need;
    check(failed(s) ? s == Status::out_of_memory || s == Status::enum_value_out_of_range : whole, "the size is not what marshalling takes");
    if (whole) out.assign(bytes, bytes + need);
    std::free(bytes);
    return whole;
}

void both_ways(const uint8_t* f, bool client, bool strict, const uint8_t* bytes, size_t size) {
    std::vector<void*> taken;
    const auto make = [&](uint8_t* at, size_t n) { return Message(client, strict, at, n); };
    const auto take = [&](size_t n) { return taken.emplace_back(std::aligned_alloc(16, (n + 31) & ~size_t{15})); };
    g_countdown = 0;
    check(test::same_both_ways(make, take, f, bytes, size), "a plan makes a difference");
    check(g_blocks == 0, "memory is left by a plan");
    for (void* p : taken) std::free(p);
}

void round_trip(const uint8_t* f, bool client, bool strict, uint8_t* bytes, size_t size) {
    Message r(client, strict, bytes, size);
    uint8_t* data = nullptr;
    Status s = unmarshal(r.m, &data, f, true);
    mem_fail_nth(0);
    if (failed(s)) return check(g_blocks == 0 && !data, "a failure left memory");
    g_countdown = 0;
    Image first, second;
    if (image_of(client, strict, data, f, first)) {
        Image copy = first;
        Message twice(client, strict, copy.data(), copy.size());
        uint8_t* again = nullptr;
        if (!failed(unmarshal(twice.m, &again, f, true))) {
            if (image_of(client, strict, again, f, second)) check(first == second, "the same data give another image");
            check(!failed(ndr::free(twice.m, again, f)), "what was unmarshalled cannot be freed");
            if (!(f[0] >= 0x11 && f[0] <= 0x14)) free_block(again);
        }
    }
    check(!failed(ndr::free(r.m, data, f)), "what was unmarshalled cannot be freed");
    if (!(f[0] >= 0x11 && f[0] <= 0x14) && data) free_block(data);
    check(g_blocks == 0, "memory is left");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
    if (size < 8 || size > (1 << 16)) return 0;
    Input in{input, size};
    const uint8_t side = in.byte();
    const bool client = side & 1, strict = side & 0x80;
    uint8_t label = in.byte();
    long block = in.byte() & 0x3f, own = in.byte() & 0x3f;
    Maker maker(in, strict);
    Made made = maker.type(0);
    const uint8_t* f = maker.format.data() + made.offset;
    g_blocks = 0;
    for (bool foreign : {false, true}) {
        void* bytes = nullptr;
        if (posix_memalign(&bytes, 16, in.left ? in.left : 1) != 0) return 0;
        std::memcpy(bytes, in.at, in.left);
        bool usable = true;
        if (foreign) {
            Message c(client, strict, static_cast<uint8_t*>(bytes), in.left);
            c.rpc.DataRepresentation = (label & 1 ? NDR_BIG_ENDIAN : NDR_LITTLE_ENDIAN) |
                                       (label & 2 ? NDR_EBCDIC_CHAR : NDR_ASCII_CHAR) |
                                       (label & 4 ? NDR_VAX_FLOAT : label & 8 ? NDR_IBM_FLOAT : NDR_IEEE_FLOAT);
            usable = !failed(convert_type(c.m, f));
        }
        if (usable) both_ways(f, client, strict, static_cast<const uint8_t*>(bytes), in.left);
        g_countdown = block;
        mem_fail_nth(own);
        if (usable) round_trip(f, client, strict, static_cast<uint8_t*>(bytes), in.left);
        mem_fail_nth(0);
        std::free(bytes);
    }
    return 0;
}
