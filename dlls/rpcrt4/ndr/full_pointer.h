#pragma once
// Full pointers ([ptr]): the same referent travels once. The table hangs at message.FullPtrXlatTables; without one a full
// pointer is treated as a unique one.
#include "ndr/format.h"
#include "ndr/ndr.h"

namespace rpc::ndr {

// A non-null pointer about to be sized, marshalled or freed: its referent id, and whether its pointee is still to be done.
Status full_pointer_seen(MIDL_STUB_MESSAGE& m, Op op, uint8_t* pointer, uint32_t& id, bool& first);
// A referent id that was read: whether its pointee follows.
Status full_pointer_read(MIDL_STUB_MESSAGE& m, Op op, uint32_t id, bool& first);
// What a referent id names: memory, null when nothing is known of it; and, where it was unmarshalled here, what it was unmarshalled as,
// and how many bytes that has.
struct FullPointee {
    uint8_t* memory = nullptr;
    Format type = nullptr;
    uint64_t bytes = 0;
};
FullPointee full_pointer_lookup(MIDL_STUB_MESSAGE& m, uint32_t id);
// The pointee's memory is known.
Status full_pointer_adopt(MIDL_STUB_MESSAGE& m, uint32_t id, const FullPointee& pointee);

// A look-ahead in the buffer must not count as having read.
class FullPointerPause {
public:
    explicit FullPointerPause(MIDL_STUB_MESSAGE& m) : message_(m), tables_(m.FullPtrXlatTables) {
        m.FullPtrXlatTables = nullptr;
    }
    ~FullPointerPause() { message_.FullPtrXlatTables = tables_; }

private:
    MIDL_STUB_MESSAGE& message_;
    struct _FULL_PTR_XLAT_TABLES* tables_;
};

}  // namespace rpc::ndr
