#pragma once
// The enumeration of a chain of error records: a snapshot that any thread may walk, one at a time.
#include "base/error_record.h"
#include "runtime/handle_table.h"

namespace rpc::runtime {

class ErrorEnumeration final : public RefCounted<ErrorEnumeration> {
public:
    // Of the calling thread's chain. `handle`, from here on in the table, owns it until end(). entry_not_found: the thread has
    // no records; out_of_memory.
    static Status start(void** handle);
    // Of what save() gave. bad_stub_data: it did not.
    static Status load(ByteView blob, void** handle);
    // Null: it is no enumeration.
    static Ref<ErrorEnumeration> from_handle(const void* handle);
    // invalid_handle: it is no enumeration.
    static Status end(void* handle);

    size_t count() const { return chain_.size(); }
    // The record that is next, the newest first; null behind the last. Constant, and there until end().
    const ErrorRecord* current() const { return at_ < chain_.size() ? chain_[chain_.size() - 1 - at_].get() : nullptr; }
    void advance() { ++at_; }
    void reset() { at_ = 0; }
    // The whole chain, appended to `blob`.
    Status save(Buffer& blob) const;

private:
    static Status to_handle(ErrorChain chain, void** handle);
    ErrorChain chain_;
    size_t at_ = 0;
};

}  // namespace rpc::runtime
