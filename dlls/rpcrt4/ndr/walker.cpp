#include "ndr/walker.h"

#include <cstring>
#include <utility>

#include "base/guard.h"
#include "base/log.h"
#include "ndr/block_copy.h"
#include "ndr/types.h"

namespace rpc::ndr {

namespace {

bool within(const uint8_t* p, const uint8_t* start, uint64_t size) {
    return start && p && reinterpret_cast<uintptr_t>(p) - reinterpret_cast<uintptr_t>(start) <= size;
}

}  // namespace

Walker::Walker(MIDL_STUB_MESSAGE& message, Op op)
    : message_(message), op_(op), narrow_(private_flag(message, private_narrow_pointers)),
      sender_(message.RpcMsg ? static_cast<uint32_t>(message.RpcMsg->DataRepresentation) : uint32_t{NDR_BIG_ENDIAN}),
      plans_(op <= Op::free && !private_flag(message, private_no_plans)) {
    notes_ = notes_of(message) ? notes_of(message) : &own_;
    notes_mark_ = notes_->mark();
}

Walker::~Walker() {
    if (pending_ != inline_) mem_free(pending_);
    while (copies_) mem_free(std::exchange(copies_, copies_->next));
}

Status Walker::remember(const uint8_t* memory, size_t size, uint8_t*& copy) {
    copy = nullptr;
    if (op_ != Op::unmarshal || !callers_memory_ || !message_.IsClient) return Status::ok;
    auto* block = static_cast<Copy*>(mem_alloc(sizeof(Copy) + size));
    if (!block) return Status::out_of_memory;
    block->next = copies_;
    copies_ = block;
    copy = reinterpret_cast<uint8_t*>(block + 1);
    std::memcpy(copy, memory, size);
    return Status::ok;
}

// Finds where the buffer that message.Buffer lies in ends. A server's reply buffer is known by the RPC message alone in -Os
// stubs, the buffer of a reply by BufferStart and BufferEnd.
Status Walker::begin() {
    if (op_ == Op::size) {
        length_ = message_.BufferLength;
        return Status::ok;
    }
    if (op_ == Op::free) return Status::ok;
    at_ = message_.Buffer;
    const RPC_MESSAGE* m = message_.RpcMsg;
    bool in_message = m && within(at_, static_cast<const uint8_t*>(m->Buffer), m->BufferLength);
    bool in_bounds = message_.BufferEnd >= message_.BufferStart &&
                     within(at_, message_.BufferStart, static_cast<uint64_t>(message_.BufferEnd - message_.BufferStart));
    if (in_message && (op_ == Op::marshal || !in_bounds))
        end_ = static_cast<uint8_t*>(m->Buffer) + m->BufferLength;
    else if (in_bounds)
        end_ = message_.BufferEnd;
    else
        return Status::bad_stub_data;
    return Status::ok;
}

void Walker::commit() {
    if (op_ == Op::size) message_.BufferLength = static_cast<ULong32>(length_);
    else if (op_ != Op::free) message_.Buffer = at_;
}

Status Walker::finish(Status s) {
    if (!failed(s)) s = drain();
    if (!failed(s) && op_ == Op::unmarshal && !notes_->keep_checks) {
        // Nobody will come back to them: structures are complete now.
        for (const LateCheck& c : notes_->checks)
            if (!failed(s)) s = check_late(c);
        notes_->checks.clear();
    }
    if (failed(s)) {
        if (op_ == Op::unmarshal) roll_back(message_, *notes_, notes_mark_);
        return s;
    }
    if (op_ == Op::size && length_ > INT32_MAX) return Status::invalid_bound;
    if (!notes_->keep_allocations) notes_->forget();
    // The caller's own variables may be gone when a later call fails.
    for (size_t i = notes_mark_.allocations; i < notes_->allocations.size(); ++i)
        if (notes_->allocations[i].native) notes_->allocations[i].slot = nullptr;
    commit();
    return s;
}

Status Walker::run(uint8_t* memory, Format f) {
    RPC_TRY(begin());
    if (f[0] == fc_ip) return finish(object_pointer(reinterpret_cast<uint8_t*>(&memory), f, true));
    if (!is_pointer(f[0])) {
        if (!memory) return op_ == Op::free ? Status::ok : Status::null_ref_pointer;
        if (op_ == Op::free && !has_pointers(message_, f)) return Status::ok;
        return finish(object(memory, f));
    }
    return finish(plain_pointer(reinterpret_cast<uint8_t*>(&memory), f, true));
}

Status Walker::run_unmarshal(uint8_t** memory, Format f, bool must_alloc) {
    RPC_TRY(begin());
    uint8_t* before = *memory;
    if (must_alloc) *memory = nullptr;
    in_place_ = !must_alloc && !message_.IsClient;
    auto* slot = reinterpret_cast<uint8_t*>(memory);
    Status s;
    if (f[0] == fc_ip) {
        s = object_pointer(slot, f, true);
    } else if (is_pointer(f[0])) {
        s = plain_pointer(slot, f, true);
    } else {
        uint8_t* data = *memory;
        s = unmarshal_object(data, f, slot, true);
    }
    s = finish(s);
    if (failed(s) && (must_alloc || !before)) *memory = before;
    return s;
}

Status Walker::run_wire(Format f) {
    RPC_TRY(begin());
    return finish(is_pointer(f[0]) ? plain_pointer(nullptr, f, true) : object(nullptr, f));
}

Status Walker::run_simple(uint8_t* memory, uint8_t fc) {
    RPC_TRY(begin());
    if (!memory && from_memory()) return Status::null_ref_pointer;
    return finish(simple(memory, fc));
}

// --- wire -----------------------------------------------------------------------------------------------------------

Status Walker::need(uint64_t n) const {
    if ((op_ == Op::marshal || reads()) && n > left()) return Status::bad_stub_data;
    return Status::ok;
}

Status Walker::bytes(uint8_t* memory, uint64_t n) {
    switch (op_) {
    case Op::size:
        length_ += n;
        return length_ > INT32_MAX ? Status::invalid_bound : Status::ok;
    case Op::free:
        return Status::ok;
    default:
        break;
    }
    if (n > left()) return Status::bad_stub_data;
    if (n == 0) return Status::ok;
    if (op_ == Op::marshal) copy_block(at_, memory, static_cast<size_t>(n));
    if (op_ == Op::unmarshal && memory != at_) copy_block(memory, at_, static_cast<size_t>(n));
    at_ += n;
    return Status::ok;
}

Status Walker::values(uint8_t* memory, uint64_t n, uint8_t fc) {
    if (n > INT32_MAX) return Status::invalid_bound;
    uint64_t size = n * type_of(fc).wire;
    if (op_ != Op::convert) return bytes(memory, size);
    RPC_TRY(need(size));
    RPC_TRY(sender_.convert(fc, at_, n));
    at_ += size;
    return Status::ok;
}

Status Walker::number(uint32_t& value) {
    RPC_TRY(align(3));
    if (op_ == Op::size) {
        length_ += 4;
        return Status::ok;  // what comes next looks at the sum
    }
    if (op_ == Op::free) return Status::ok;
    if (left() < 4) return Status::bad_stub_data;
    if (op_ == Op::convert) RPC_TRY(sender_.convert(fc_ulong, at_, 1));
    if (op_ == Op::marshal) std::memcpy(at_, &value, 4);
    else std::memcpy(&value, at_, 4);
    at_ += 4;
    return Status::ok;
}

// --- dispatch -------------------------------------------------------------------------------------------------------

Status Walker::unknown(Format f) const { return unknown_type(message_, f); }

Status unknown_type(const MIDL_STUB_MESSAGE& m, PFORMAT_STRING f) {
    const uint8_t* const start = m.StubDesc ? m.StubDesc->pFormatTypes : nullptr;
    RPC_LOG(warn, "format character 0x%02x at offset %ld of the type format string %p is not known", f[0],
            start ? static_cast<long>(f - start) : 0L, static_cast<const void*>(start ? start : f));
    return Status::bad_stub_data;
}

Status Walker::flat(uint8_t* memory, Format f) {
    const Type& type = type_of(f[0]);
    if (!type.flat) return type.wire ? simple(memory, f[0]) : unknown(f);
    RPC_TRY(nest());
    Status s = type.flat(*this, memory, f);
    unnest();
    return s;
}

Status Walker::object(uint8_t* memory, Format f) {
    const Type& type = type_of(f[0]);
    next_level = 0;
    header = Header::none;
    if (type.header) RPC_TRY(type.header(*this, memory, f));
    if (op_ == Op::memory_size) {
        uint64_t size = 0;
        RPC_TRY(check_object_on_wire(*this, f));
        RPC_TRY(object_size(*this, f, size));
        memory_total_ += (size + 7) & ~uint64_t{7};
        if (memory_total_ > INT32_MAX) return Status::invalid_bound;
    }
    return flat(memory, f);
}

Status Walker::unmarshal_object(uint8_t*& memory, Format f, uint8_t* slot, bool native) {
    const Type& type = type_of(f[0]);
    next_level = 0;
    header = Header::none;
    if (type.header) RPC_TRY(type.header(*this, memory, f));
    RPC_TRY(check_object_on_wire(*this, f));
    callers_memory_ = memory != nullptr;
    if (memory) {
        if (message_.IsClient) RPC_TRY(fits(memory, f));
        before = nullptr;
        if (message_.FullPtrXlatTables) RPC_TRY(object_size(*this, f, object_bytes_));
        return flat(memory, f);
    }
    before = nullptr;
    uint64_t size = 0;
    RPC_TRY(object_size(*this, f, size));
    object_bytes_ = size;
    // Nothing at the buffer's end would not be known as lying in the buffer.
    if (in_place_ && !arena_ && size != 0 && usable_in_place(*this, f)) {
        if (type.wire) RPC_TRY(align(type.wire - 1u));
        else if (!is_array(f[0]) || array_element(message_, f)) RPC_TRY(align(f[1]));
        memory = at_;
        store(slot, memory, native);
        return flat(memory, f);
    }
    RPC_TRY(allocate(size, has_pointers(message_, f), slot, native, memory));
    store(slot, memory, native);
    return flat(memory, f);
}

Status Walker::bounded_object(uint8_t* memory, Format f, uint64_t room) {
    const Type& type = type_of(f[0]);
    next_level = 0;
    header = Header::none;
    if (type.header) RPC_TRY(type.header(*this, memory, f));
    RPC_TRY(check_object_on_wire(*this, f));
    uint64_t size = 0;
    RPC_TRY(object_size(*this, f, size));
    return size <= room ? flat(memory, f) : Status::invalid_bound;
}

// Whether the arrays that the peer sends have room where a client's sizes, as they were, say that there is some.
Status Walker::fits(uint8_t* memory, Format f) {
    Format array = is_array(f[0]) ? f : conformant_array_of(f);
    if (!array) return Status::ok;
    uint64_t offset = 0;
    if (array != f) RPC_TRY(array_place(*this, f, offset));
    uint8_t* now = base;
    if (before) base = before;
    Status s = array_fits(*this, memory + offset, array, 0);
    base = now;
    return s;
}

Status Walker::dimension(unsigned level, Dimension*& d) {
    if (level >= max_dimensions) return Status::internal_error;
    d = &dimensions_[level];
    return Status::ok;
}

// --- the pending stack ----------------------------------------------------------------------------------------------

bool Walker::grow_pending() {
    size_t want = capacity_ * 2;
    auto* grown = static_cast<Pending*>(mem_alloc(want * sizeof(Pending)));
    if (!grown) return false;
    std::memcpy(static_cast<void*>(grown), pending_, count_ * sizeof(Pending));
    if (pending_ != inline_) mem_free(pending_);
    pending_ = grown;
    capacity_ = want;
    return true;
}

Status Walker::push(const Pending& p) {
    Pending* room = grow();
    if (!room) return Status::out_of_memory;
    *room = p;
    return Status::ok;
}

// Pointers were pushed in order of occurrence; the first is to be popped first.
void Walker::reverse(size_t mark) {
    for (size_t i = mark, j = count_; i + 1 < j; ++i) std::swap(pending_[i], pending_[--j]);
}

Status Walker::drain() {
    reverse(0);
    while (count_ != 0) {
        Pending p = pending_[--count_];
        if (arena_ && count_ < arena_mark_) arena_ = nullptr;
        bool planned = false;
        if (p.kind == Pending::planned) {
            planned = true;
            RPC_TRY(next_planned(p));
        } else if (p.kind == Pending::pointer) {
            RPC_TRY(start_planned(p, planned));
        }
        if (planned) continue;  // its own order is the stack's
        size_t mark = count_;
        RPC_TRY(process(p));
        reverse(mark);
    }
    for (const Pending& p : aliases_) RPC_TRY(process_alias(p));
    aliases_.clear();
    return Status::ok;
}

Status Walker::allocate(uint64_t size, bool zero, uint8_t* slot, bool native, uint8_t*& memory) {
    if (size > INT32_MAX) return Status::invalid_bound;
    if (arena_) {
        uint64_t rounded = (size + 7) & ~uint64_t{7};
        if (rounded > static_cast<uint64_t>(arena_end_ - arena_)) return Status::internal_error;
        memory = arena_;
        arena_ += rounded;
        return Status::ok;  // zeroed as a whole
    }
    if (!notes_->allocations.reserve(notes_->allocations.size() + 1)) return Status::out_of_memory;
    void* block = nullptr;
    RPC_TRY(ndr::allocate(message_, static_cast<size_t>(size), &block));
    memory = static_cast<uint8_t*>(block);
    if (zero) std::memset(memory, 0, static_cast<size_t>(size));
    if (!notes_->allocations.push_back({memory, slot, native})) return Status::out_of_memory;  // reserved: never
    return Status::ok;
}

Status Walker::release(uint8_t* block) {
    if (!block || in_buffer(block)) return Status::ok;
    if (!message_.pfnFree) return Status::internal_error;
    uint32_t code = call_guarded([&] { message_.pfnFree(block); });
    return static_cast<Status>(code);
}

void Walker::lend() { commit(); }

Status Walker::take_back() {
    if (op_ == Op::size) {
        if (message_.BufferLength < length_) return Status::invalid_bound;
        length_ = message_.BufferLength;
    } else if (op_ != Op::free) {
        if (message_.Buffer < at_ || message_.Buffer > end_) return Status::bad_stub_data;
        at_ = message_.Buffer;
    }
    return Status::ok;
}

}  // namespace rpc::ndr
