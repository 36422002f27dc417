#pragma once
// What the room's fuzzers share: whatever comes, a plan makes no difference.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "ndr/ndr.h"

namespace rpc::ndr::test {

struct Outcome {
    Status unmarshalled = Status::ok, sized = Status::ok, marshalled = Status::ok, freed = Status::ok;
    size_t used = 0;
    std::vector<uint8_t> image;
    bool operator==(const Outcome&) const = default;
};

// `make(bytes, size)` makes a message (with a MIDL_STUB_MESSAGE `m`, and `attach`), `take(size)` memory that a buffer may lie in.
template <class Make, class Take>
Outcome one_way(bool plans, Make make, Take take, const uint8_t* f, const uint8_t* bytes, size_t size) {
    Outcome o;
    auto* copy = static_cast<uint8_t*>(take(size));
    if (size) std::memcpy(copy, bytes, size);
    auto r = make(copy, size);
    set_plans(r.m, plans);
    uint8_t* data = nullptr;
    // What is marshalled has the sizes that parameters say.
    if (failed(track_allocations(r.m)) || failed(correlation_init(r.m))) std::abort();
    o.unmarshalled = unmarshal(r.m, &data, f, false);
    const bool whole = !failed(o.unmarshalled);
    if (whole) o.unmarshalled = correlation_pass(r.m);
    if (whole && failed(o.unmarshalled)) discard_tracked(r.m);
    forget_tracked(r.m);
    correlation_free(r.m);
    if (failed(o.unmarshalled)) return o;
    o.used = static_cast<size_t>(r.m.Buffer - copy);
    auto sizer = make(nullptr, 0), writer = make(nullptr, 0);
    set_plans(sizer.m, plans);
    set_plans(writer.m, plans);
    o.sized = buffer_size(sizer.m, data, f);
    if (!failed(o.sized)) {
        o.image.resize(sizer.m.BufferLength);
        writer.attach(o.image.data(), o.image.size());
        o.marshalled = marshal(writer.m, data, f);
    }
    o.freed = ndr::free(r.m, data, f);
    const bool pointer = f[0] >= 0x11 && f[0] <= 0x14, inside = data >= copy && data < copy + size;
    if (!pointer && data && !inside) r.m.pfnFree(data);
    return o;
}

template <class Make, class Take>
bool same_both_ways(Make make, Take take, const uint8_t* f, const uint8_t* bytes, size_t size) {
    const Outcome planned = one_way(true, make, take, f, bytes, size), common = one_way(false, make, take, f, bytes, size);
    // The first may have taken what the second finds gone.
    if (planned.unmarshalled == Status::out_of_memory || common.unmarshalled == Status::out_of_memory) return true;
    for (const Outcome* o : {&planned, &common}) {
        if (planned == common) break;
        std::fprintf(stderr, "%s: %u %u %u %u, %zu bytes read, %zu written:", o == &planned ? "planned" : "common",
                     unsigned(o->unmarshalled), unsigned(o->sized), unsigned(o->marshalled), unsigned(o->freed), o->used, o->image.size());
        for (size_t i = 0; i < o->image.size() && i < 256; ++i) std::fprintf(stderr, " %02x", o->image[i]);
        std::fprintf(stderr, "\n");
    }
    return planned == common;
}

}  // namespace rpc::ndr::test
