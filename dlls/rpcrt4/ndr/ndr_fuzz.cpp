// A peer's data against every type of sample.idl, as a client and as a server, with wide and narrow pointers: whatever comes,
// a status or data that can be marshalled again, measured and freed. What was unmarshalled marshals to data that unmarshal
// to the same image again. The other byte order too.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "ndr/both_ways.h"
#include "ndr/ndr.h"
#include "ndr/sample_formats.h"

namespace {

using namespace rpc;
using namespace rpc::ndr;
namespace wide = sample::x64;
namespace narrow = sample::x32;

constexpr size_t low_size = size_t{256} << 20, buffer_size_max = 1 << 17;

// Low memory for the 4-byte pointers: a bump allocator that starts over with every input.
struct Low {
    uint8_t* start = static_cast<uint8_t*>(
        mmap(nullptr, low_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_NORESERVE, -1, 0));
    uint8_t* at = start;
    void* take(size_t n) {
        n = (n + 31) & ~size_t{15};
        if (n > static_cast<size_t>(start + low_size - at)) return nullptr;
        return std::exchange(at, at + n);
    }
} g_low;

// Of one allocation; where two ways are compared less, and what nobody writes looks the same in both.
constexpr size_t most = 8u << 20, most_compared = 1u << 14;
size_t g_most = most;
long g_blocks = 0, g_countdown = 0;
bool refused() { return g_countdown != 0 && --g_countdown == 0; }
void* wide_allocate(size_t n) {
    // Varying types may ask for much that the data do not fill; the test machine is not asked for it.
    if (refused() || n > g_most) return nullptr;
    ++g_blocks;
    void* p = std::malloc(n ? n : 1);
    return g_most != most ? std::memset(p, 0xdd, n) : p;
}
void wide_free(void* p) {
    --g_blocks;
    std::free(p);
}
void* narrow_allocate(size_t n) {
    if (refused()) return nullptr;
    void* p = n > g_most && g_most != most ? nullptr : g_low.take(n);
    if (!p) return nullptr;
    ++g_blocks;
    return g_most != most ? std::memset(p, 0xdd, n) : p;
}
void narrow_free(void*) { --g_blocks; }

const unsigned wide_types[] = {
    wide::at_simple,  wide::at_simple_p, wide::at_withptr, wide::at_withptr_p, wide::at_node,     wide::at_node_p,
    wide::at_conf,    wide::at_confvar,  wide::at_confp,   wide::at_vary,      wide::at_strs,     wide::at_enums,
    wide::at_encu,    wide::at_hasu,     wide::at_big,     wide::at_nestconf,  wide::at_nestconfp, wide::at_exprs,
    wide::at_long_array, wide::at_wchar_t_p, wide::at_withptr_array_2, wide::at_withptr_3, wide::at_long_3_4, wide::at_long_array_4,
    wide::at_char_p_2, wide::at_wchar_t_p_2, wide::at_short_p_2,
};
const unsigned narrow_types[] = {
    narrow::at_simple,  narrow::at_simple_p, narrow::at_withptr, narrow::at_withptr_p, narrow::at_node,     narrow::at_node_p,
    narrow::at_conf,    narrow::at_confvar,  narrow::at_confp,   narrow::at_vary,      narrow::at_strs,     narrow::at_enums,
    narrow::at_encu,    narrow::at_hasu,     narrow::at_big,     narrow::at_nestconf,  narrow::at_nestconfp, narrow::at_exprs,
    narrow::at_long_array, narrow::at_wchar_t_p, narrow::at_withptr_array_2, narrow::at_withptr_3, narrow::at_long_3_4,
    narrow::at_long_array_4, narrow::at_char_p_2, narrow::at_wchar_t_p_2, narrow::at_short_p_2,
};

struct Message {
    Message(bool is_narrow, bool client, void* frame, uint8_t* bytes, size_t size) {
        m.RpcMsg = &rpc;
        m.StubDesc = &desc;
        m.IsClient = client;
        m.pfnAllocate = is_narrow ? narrow_allocate : wide_allocate;
        m.pfnFree = is_narrow ? narrow_free : wide_free;
        m.StackTop = static_cast<unsigned char*>(frame);
        set_narrow_pointers(m, is_narrow);
        attach(bytes, size);
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
    std::fprintf(stderr, "ndr_fuzz: %s\n", what);
    std::abort();
}

bool in(const uint8_t* p, const MIDL_STUB_MESSAGE& m) { return p >= m.BufferStart && p < m.BufferEnd; }

void release(MIDL_STUB_MESSAGE& m, uint8_t* data, const uint8_t* f) {
    check(!failed(ndr::free(m, data, f)), "what was unmarshalled cannot be freed");
    if (!(f[0] >= 0x11 && f[0] <= 0x14) && data && !in(data, m)) m.pfnFree(data);
}

void round_trip(const uint8_t* f, bool is_narrow, bool client, void* frame, uint8_t* bytes, size_t size) {
    Message r(is_narrow, client, frame, bytes, size);
    uint8_t* data = nullptr;
    if (failed(track_allocations(r.m)) || failed(correlation_init(r.m))) std::abort();
    Status s = unmarshal(r.m, &data, f, false);
    if (failed(s)) {
        check(data == nullptr || in(data, r.m), "a failure left a pointer");
        check(g_blocks == 0, "a failure left memory");
    } else if (failed(s = correlation_pass(r.m))) {
        // The parameters say more than came: nothing of it may be looked at.
        discard_tracked(r.m);
        check(g_blocks == 0, "memory was not taken back");
    }
    forget_tracked(r.m);
    correlation_free(r.m);
    check(r.m.pMemoryList == nullptr, "notes are left");
    if (failed(s)) return;
    Message w(is_narrow, client, frame, nullptr, 0);
    if (!failed(buffer_size(w.m, data, f))) {
        size_t need = w.m.BufferLength;
        auto* out = static_cast<uint8_t*>(is_narrow ? g_low.take(need) : std::aligned_alloc(16, (need + 31) & ~size_t{15}));
        if (out) {
            w.attach(out, need);
            s = marshal(w.m, data, f);
            check(!failed(s) && w.m.Buffer == out + need, "the size is not what marshalling takes");
            w.m.Buffer = out;
            uint32_t measured = 0;
            check(!failed(memory_size(w.m, f, measured)), "what was marshalled cannot be measured");
            w.m.Buffer = out;
            long blocks = g_blocks;
            uint8_t* again = nullptr;
            g_countdown = 0;
            s = unmarshal(w.m, &again, f, true);
            if (!failed(s)) release(w.m, again, f);
            check(g_blocks == blocks, "memory is left");
            if (!is_narrow) std::free(out);
        }
    }
    release(r.m, data, f);
    check(g_blocks == 0, "memory is left in the end");
}

void both_ways(const uint8_t* f, bool is_narrow, bool client, void* frame, const uint8_t* bytes, size_t size) {
    const auto make = [&](uint8_t* at, size_t n) { return Message(is_narrow, client, frame, at, n); };
    const auto take = [&](size_t n) { return g_low.take(n); };
    const long countdown = std::exchange(g_countdown, 0);
    g_most = most_compared;
    check(test::same_both_ways(make, take, f, bytes, size), "a plan makes a difference");
    check(g_blocks == 0, "memory is left by a plan");
    g_countdown = countdown;
    g_most = most;
}

// The same data from a sender of the other byte order.
void turned(const uint8_t* f, bool is_narrow, bool client, void* frame, uint8_t* bytes, size_t size) {
    Message c(is_narrow, client, frame, bytes, size);
    c.rpc.DataRepresentation = NDR_BIG_ENDIAN;
    if (failed(convert_type(c.m, f))) return;
    size_t converted = static_cast<size_t>(c.m.Buffer - bytes);
    check(converted <= size, "converted past the end");
    round_trip(f, is_narrow, client, frame, bytes, size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
    if (size < 8) return 0;
    bool is_narrow = (input[0] & 1) != 0, client = (input[0] & 2) != 0;
    constexpr size_t count = sizeof wide_types / sizeof *wide_types;
    static_assert(count == sizeof narrow_types / sizeof *narrow_types);
    unsigned index = input[1] % count;
    const uint8_t* f = is_narrow ? narrow::format + narrow_types[index] : wide::format + wide_types[index];
    g_low.at = g_low.start;
    g_blocks = 0;
    g_countdown = input[2] & 0x80 ? input[2] & 0x7f : 0;
    // The parameters that sizes may depend on: small values, and pointers to one.
    auto* frame = static_cast<uint8_t*>(g_low.take(128));
    auto* value = static_cast<uint8_t*>(g_low.take(16));
    std::memset(frame, 0, 128);
    std::memset(value, 0, 16);
    value[0] = input[3] & 0x0f;
    auto address = reinterpret_cast<uintptr_t>(value);
    for (unsigned at = 0; at < 64; at += 8) {
        frame[at] = input[4] & 0x0f;
        // The sized parameters of the samples point from offsets 16 (wide) and 8 (narrow).
        if (at == (is_narrow ? 8u : 16u)) std::memcpy(frame + at, &address, is_narrow ? 4 : 8);
    }
    input += 8;
    size -= 8;
    if (size > buffer_size_max) size = buffer_size_max;
    if (is_narrow) {
        auto* bytes = static_cast<uint8_t*>(g_low.take(size));
        std::memcpy(bytes, input, size);
        both_ways(f, true, client, frame, bytes, size);
        round_trip(f, true, client, frame, bytes, size);
        turned(f, true, client, frame, bytes, size);
        return 0;
    }
    void* bytes = nullptr;  // exactly as long, so that the sanitizer sees its end
    if (posix_memalign(&bytes, 16, size ? size : 1) != 0) return 0;
    std::memcpy(bytes, input, size);
    both_ways(f, false, client, frame, input, size);
    round_trip(f, false, client, frame, static_cast<uint8_t*>(bytes), size);
    turned(f, false, client, frame, static_cast<uint8_t*>(bytes), size);
    std::free(bytes);
    return 0;
}
