#pragma once
// The object behind a pickling handle: where encoded data go to or come from, and how far the stream has got.
#include "base/ref.h"
#include "stub/pickle.h"
#include "stub/pickle_headers.h"

namespace rpc::stub::pickle {

class Stream final : public RefCounted<Stream> {
public:
    static Ref<Stream> from_handle(void* handle);

    // --- set-up (pickle.h); the first operation starts a new stream ---
    Status set_incremental(void* state, AllocRoutine alloc, WriteRoutine write, ReadRoutine read, Action action);
    Status set_buffer(HandleStyle style, Action action, char** buffer, ULong32 size, ULong32* encoded);
    HandleStyle style() const { return style_; }

    // invalid_es_action where the handle is not for that (`action`: encode or decode), unsupported_trans_syn for NDR64.
    Status check(Action action) const;

    // --- encoding: reserve, fill, commit ---
    // `size` bytes, a multiple of 8 at an 8-byte aligned place. `desc`: whose allocator a dynamic buffer comes from.
    Status reserve(size_t size, const MIDL_STUB_DESC* desc, uint8_t*& place);
    Status commit();
    void abandon();  // instead of commit, any number of times

    // --- decoding ---
    // The next `size` bytes.
    Status take(size_t size, const uint8_t*& from);
    // The same, where a buffer may lack padding at its end: `size` bytes, and the stream moves on to a multiple of 8.
    Status take_padded(size_t size, const uint8_t*& from);
    // Buffers: where the stream is, to go back to when an operation fails.
    size_t position() const { return position_; }
    void go_back(size_t position) { position_ = position; }

    // --- what the stream has had ---
    bool has_common_header = false;
    TypeLayout layout;           // of a decoded stream, once it had its common header
    bool has_procedure = false;  // encoding: one was encoded; decoding an incremental stream: one was read ahead
    ProcedureHeader procedure;

private:
    void start(HandleStyle style, Action action);
    Status reserve_dynamic(size_t size, const MIDL_STUB_DESC* desc);

    HandleStyle style_ = HandleStyle::incremental;
    Action action_ = Action::encode;
    void* state_ = nullptr;
    AllocRoutine alloc_ = nullptr;
    WriteRoutine write_ = nullptr;
    ReadRoutine read_ = nullptr;
    uint8_t* buffer_ = nullptr;  // fixed, decoding; dynamic: what the caller has
    size_t size_ = 0;
    size_t position_ = 0;
    char** returned_ = nullptr;  // dynamic
    ULong32* encoded_ = nullptr;
    // Between reserve and commit.
    uint8_t* reserved_ = nullptr;  // incremental: the user's buffer; dynamic: the new block
    size_t reserved_size_ = 0;
    void(__RPC_API* free_)(void*) = nullptr;
};

}  // namespace rpc::stub::pickle
