#include "stub/pickle_stream.h"

#include <cstring>
#include <utility>

#include "base/guard.h"
#include "runtime/handle_table.h"

namespace rpc::stub::pickle {

namespace {

bool aligned(const void* p) {
    return reinterpret_cast<uintptr_t>(p) % 8 == 0;
}

Status as_status(uint32_t raised) {
    return static_cast<Status>(raised);
}

bool valid(Action action) {
    return action >= Action::encode && action <= Action::encode_ndr64;
}

constexpr size_t size_limit = INT32_MAX;

}  // namespace

Ref<Stream> Stream::from_handle(void* handle) {
    return runtime::from_handle<Stream>(handle, runtime::HandleKind::pickle);
}

// --- set-up ---------------------------------------------------------------------------------------------------------

void Stream::start(HandleStyle style, Action action) {
    style_ = style;
    action_ = action;
    position_ = 0;
    has_common_header = has_procedure = false;
    layout = TypeLayout();
}

Status Stream::set_incremental(void* state, AllocRoutine alloc, WriteRoutine write, ReadRoutine read, Action action) {
    if (!valid(action)) return Status::invalid_arg;
    alloc = alloc ? alloc : alloc_;
    write = write ? write : write_;
    read = read ? read : read_;
    if (action == Action::decode ? !read : !alloc || !write) return Status::invalid_arg;
    if (state) state_ = state;
    alloc_ = alloc;
    write_ = write;
    read_ = read;
    start(HandleStyle::incremental, action);
    return Status::ok;
}

Status Stream::set_buffer(HandleStyle style, Action action, char** buffer, ULong32 size, ULong32* encoded) {
    if (!valid(action) || !buffer) return Status::invalid_arg;
    if (style != HandleStyle::fixed_buffer && style != HandleStyle::dynamic_buffer) return Status::invalid_arg;
    if (action != Action::decode && !encoded) return Status::invalid_arg;
    bool given = action == Action::decode || style == HandleStyle::fixed_buffer;
    if (given && !*buffer) return Status::invalid_arg;
    if (given && !aligned(*buffer)) return invalid_buffer;
    if (given && size > size_limit) return Status::invalid_arg;
    buffer_ = given ? reinterpret_cast<uint8_t*>(*buffer) : nullptr;
    size_ = given ? size : 0;
    returned_ = given ? nullptr : buffer;
    encoded_ = encoded;
    start(style, action);
    return Status::ok;
}

Status Stream::check(Action action) const {
    if (action == Action::decode) return action_ == Action::decode ? Status::ok : Status::invalid_es_action;
    if (action_ == Action::encode_ndr64) return Status::unsupported_trans_syn;
    return action_ == Action::encode ? Status::ok : Status::invalid_es_action;
}

// --- encoding -------------------------------------------------------------------------------------------------------

// A new block with what the one before holds.
Status Stream::reserve_dynamic(size_t size, const MIDL_STUB_DESC* desc) {
    if (!desc || !desc->pfnAllocate || !desc->pfnFree) return Status::invalid_arg;
    void* block = nullptr;
    if (uint32_t raised = call_guarded([&] { block = desc->pfnAllocate(position_ + size); })) return as_status(raised);
    if (!block) return Status::out_of_memory;
    reserved_ = static_cast<uint8_t*>(block);
    free_ = desc->pfnFree;
    if (!aligned(block)) return invalid_buffer;
    if (position_) std::memcpy(block, buffer_, position_);
    return Status::ok;
}

Status Stream::reserve(size_t size, const MIDL_STUB_DESC* desc, uint8_t*& place) {
    if (size > size_limit - position_) return Status::invalid_bound;
    reserved_size_ = size;
    switch (style_) {
        case HandleStyle::fixed_buffer:
            if (size > size_ - position_) return invalid_buffer;
            place = buffer_ + position_;
            return Status::ok;
        case HandleStyle::dynamic_buffer:
            RPC_TRY(reserve_dynamic(size, desc));
            place = reserved_ + position_;
            return Status::ok;
        default: {
            char* buffer = nullptr;
            auto got = static_cast<unsigned int>(size);
            if (uint32_t raised = call_guarded([&] { alloc_(state_, &buffer, &got); })) return as_status(raised);
            if (!buffer) return Status::out_of_memory;
            if (got < size || !aligned(buffer)) return invalid_buffer;
            place = reserved_ = reinterpret_cast<uint8_t*>(buffer);
            return Status::ok;
        }
    }
}

Status Stream::commit() {
    uint8_t* reserved = std::exchange(reserved_, nullptr);
    if (style_ == HandleStyle::incremental) {
        auto size = static_cast<unsigned int>(reserved_size_);
        return as_status(call_guarded([&] { write_(state_, reinterpret_cast<char*>(reserved), size); }));
    }
    position_ += reserved_size_;
    if (style_ == HandleStyle::dynamic_buffer) {
        uint8_t* old = std::exchange(buffer_, reserved);
        *returned_ = reinterpret_cast<char*>(reserved);
        *encoded_ = static_cast<ULong32>(position_);
        if (old) return as_status(call_guarded([&] { free_(old); }));
    }
    *encoded_ = static_cast<ULong32>(position_);
    return Status::ok;
}

void Stream::abandon() {
    uint8_t* reserved = std::exchange(reserved_, nullptr);
    // A deallocator's own fault leaves the block where it is.
    if (reserved && style_ == HandleStyle::dynamic_buffer && call_guarded([&] { free_(reserved); })) return;
}

// --- decoding -------------------------------------------------------------------------------------------------------

Status Stream::take(size_t size, const uint8_t*& from) {
    if (style_ != HandleStyle::incremental) {
        if (size > size_ - position_) return invalid_buffer;
        from = buffer_ + position_;
        position_ += size;
        return Status::ok;
    }
    if (size == 0) {
        static const uint64_t nothing = 0;
        from = reinterpret_cast<const uint8_t*>(&nothing);
        return Status::ok;
    }
    char* buffer = nullptr;
    auto got = static_cast<unsigned int>(size);
    if (uint32_t raised = call_guarded([&] { read_(state_, &buffer, &got); })) return as_status(raised);
    if (!buffer || got < size || !aligned(buffer)) return invalid_buffer;
    from = reinterpret_cast<const uint8_t*>(buffer);
    return Status::ok;
}

Status Stream::take_padded(size_t size, const uint8_t*& from) {
    size_t padded = (size + 7) & ~size_t{7};
    if (style_ != HandleStyle::incremental && padded > size_ - position_) padded = size;
    return take(padded, from);
}

}  // namespace rpc::stub::pickle
