// Any bytes as a mapper's reply: nothing that is read lies outside of them.
#include <cstdlib>

#include "wire/ept.h"
#include "wire/tower.h"

using namespace rpc;
using namespace rpc::wire;

namespace {
void check_inside(const uint8_t* from, size_t size, const void* data, size_t length) {
    auto* p = static_cast<const uint8_t*>(data);
    if (length != 0 && (p < from || p + length > from + size)) abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const bool big = (*data++ & 1) != 0;
    --size;
    ept::LookupHandle handle;
    uint32_t status = 0;
    Vector<ByteView> towers;
    if (ept::parse_map(Reader({data, size}, big), handle, towers, status) == Status::ok)
        for (ByteView t : towers) {
            check_inside(data, size, t.data(), t.size());
            Tower tower;
            (void)(parse_tower(t, tower) == Status::ok);
        }
    Vector<ept::Entry> entries;
    if (ept::parse_lookup(Reader({data, size}, big), handle, entries, status) == Status::ok)
        for (const ept::Entry& e : entries) {
            check_inside(data, size, e.tower.data(), e.tower.size());
            check_inside(data, size, e.annotation.data(), e.annotation.size());
            if (e.annotation.size() > ept::max_annotation_size) abort();
        }
    (void)(ept::parse_status(Reader({data, size}, big), status) == Status::ok);
    return 0;
}
