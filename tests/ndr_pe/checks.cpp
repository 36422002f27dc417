#include "checks.h"

#include <cstdio>
#include <cstring>

#include "support/guard.h"

namespace checks {

void expect(bool ok, const char* name, const char* what) {
    ++checked;
    if (ok) return;
    ++failures;
    std::printf("FAIL %s: %s\n", name, what);
}

void* __RPC_USER allocate(size_t n) {
    InterlockedIncrement(&blocks);
    return std::malloc(n ? n : 1);
}
void __RPC_USER release(void* p) {
    InterlockedDecrement(&blocks);
    std::free(p);
}

Image& Image::put(const Number& n) {
    numbers_.push_back(n);
    align(n.size);
    if (n.referent) referents.push_back(bytes.size());
    for (size_t i = 0; i < n.size; ++i) bytes.push_back(static_cast<uint8_t>(n.value >> 8 * i));
    return *this;
}

Image Image::array_of(unsigned n, unsigned alignment) const {
    Image all;
    all.u32(n);
    for (unsigned i = 0; i < n; ++i) {
        all.align(alignment);
        for (size_t k = 0; k < flat(); ++k) all.put(numbers_[k]);
    }
    for (unsigned i = 0; i < n; ++i)
        for (size_t k = flat(); k < numbers_.size(); ++k) all.put(numbers_[k]);
    return all;
}

MIDL_STUB_DESC stub_desc(PFORMAT_STRING types) {
    MIDL_STUB_DESC desc = {};
    desc.pfnAllocate = allocate;
    desc.pfnFree = release;
    desc.pFormatTypes = types;
    desc.Version = 0x50002;
    desc.MIDLVersion = 0x700022b;
    desc.fCheckBounds = 1;
    return desc;
}

void same_image(const char* name, const uint8_t* got, size_t size, const Image& w) {
    bool same = size == w.bytes.size();
    for (size_t i = 0; same && i < size; ++i) {
        bool id = false;
        for (size_t at : w.referents) id = id || (i >= at && i < at + 4);
        same = id || got[i] == w.bytes[i];
    }
    for (size_t at : w.referents) {
        uint32_t v = 0;
        if (at + 4 <= size) std::memcpy(&v, got + at, 4);
        same = same && v != 0;
    }
    expect(same, name, "the wire image");
    if (same) return;
    std::printf("  got     ");
    for (size_t i = 0; i < size; ++i) std::printf("%02x%s", got[i], i % 4 == 3 ? " " : "");
    std::printf("\n  expected");
    for (size_t i = 0; i < w.bytes.size(); ++i) std::printf("%s%02x", i % 4 == 0 ? " " : "", w.bytes[i]);
    std::printf("\n");
}

void check_inline(const Row& row, PFORMAT_STRING types) {
    const char* const name = row.name;
    const Routines& routines = row.routines;
    const PFORMAT_STRING format = row.format;
    const Image& w = row.image;
    const ULONG_PTR max = row.max;
    Message a(types);
    auto* data = static_cast<unsigned char*>(const_cast<void*>(row.memory));
    a.m.MaxCount = max;
    a.m.ActualCount = row.actual;
    a.m.BufferLength = 0;
    Outcome o = guarded([&] { routines.size(&a.m, data, format); });
    expect(!o.raised, name, "BufferSize raises");
    expect(a.m.BufferLength >= w.bytes.size(), name, "BufferSize is too small");
    a.attach(buffer, sizeof buffer);
    a.m.MaxCount = max;
    o = guarded([&] { routines.marshal(&a.m, data, format); });
    expect(!o.raised, name, "Marshall raises");
    if (o.raised) return;
    same_image(name, buffer, static_cast<size_t>(a.m.Buffer - buffer), w);

    long before = blocks;
    a.attach(buffer, w.bytes.size());
    a.m.MaxCount = max;
    unsigned char* back = nullptr;
    o = guarded([&] { routines.unmarshal(&a.m, &back, format, 1); });
    expect(!o.raised && back, name, "Unmarshall raises");
    if (o.raised || !back) return;
    expect(a.m.Buffer == buffer + w.bytes.size(), name, "Unmarshall ends elsewhere");
    Message b(types);
    b.attach(second_buffer, sizeof second_buffer);
    b.m.MaxCount = max;
    b.m.ActualCount = row.actual;
    o = guarded([&] { routines.marshal(&b.m, back, format); });
    expect(!o.raised, name, "marshalling what was unmarshalled raises");
    if (!o.raised) same_image(name, second_buffer, static_cast<size_t>(b.m.Buffer - second_buffer), w);
    a.m.MaxCount = max;
    if (routines.free) {
        o = guarded([&] { routines.free(&a.m, back, format); });
        expect(!o.raised, name, "Free raises");
    }
    bool pointer = format[0] >= 0x11 && format[0] <= 0x14;
    if (!pointer) release(back);
    expect(blocks == before, name, "memory is left");
    if (ours && routines.measure) {
        a.attach(buffer, w.bytes.size());
        a.m.MemorySize = 0;
        o = guarded([&] { return routines.measure(&a.m, format); });
        expect(!o.raised && o.value > 0 && o.value == a.m.MemorySize, name, "MemorySize");
        expect(a.m.Buffer == buffer + w.bytes.size(), name, "MemorySize ends elsewhere");
    }
    // Cut short by a byte: a documented exception.
    a.attach(buffer, w.bytes.size() - 1);
    a.m.MaxCount = max;
    back = nullptr;
    o = guarded([&] { routines.unmarshal(&a.m, &back, format, 1); });
    expect(o.raised == RPC_X_BAD_STUB_DATA || o.raised == RPC_X_INVALID_BOUND, name, "a truncated buffer is taken");
}

bool can_plan(PFORMAT_STRING f) {
    const bool simple = f[0] == 0x15 || f[0] == 0x16, complex = f[0] == 0x1a;  // FC_STRUCT, FC_PSTRUCT, FC_BOGUS_STRUCT
    return simple || (complex && f[4] == 0 && f[5] == 0);
}

void check_planned(const Row& row) {
    constexpr unsigned elements = 5;
    // An array behind the types that have one, as large as the message says.
    constexpr size_t at = (sizeof sample::format + 1) & ~size_t{1};
    static uint8_t types[at + 32];
    std::memcpy(types, sample::format, sizeof sample::format);
    const size_t element = static_cast<size_t>(row.format - sample::format);
    const size_t offset = element - (at + 14);
    const uint8_t array[] = {0x21, row.format[1], 0, 0, 0x28, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x4c, 0,  // FC_BOGUS_ARRAY of
                             static_cast<uint8_t>(offset), static_cast<uint8_t>(offset >> 8), 0x5c, 0x5b};
    std::memcpy(types + at, array, sizeof array);
    const size_t size = row.format[2] | row.format[3] << 8;
    std::vector<uint64_t> memory((size * elements + 7) / 8);
    for (unsigned i = 0; i < elements; ++i) std::memcpy(reinterpret_cast<uint8_t*>(memory.data()) + i * size, row.memory, size);
    check_inline({row.name, ROUTINES(ComplexArray), memory.data(), types + at, row.image.array_of(elements, row.format[1] + 1u), elements},
                 types);
}

}  // namespace checks
