#include "stub/pipe_stream.h"

#include <algorithm>
#include <cstring>

#include "ndr/ndr.h"

namespace rpc::stub {

namespace {

constexpr uint8_t fc_long = 0x08;
constexpr size_t worth_sending = 32 * 1024;  // bytes, to a peer that small pieces stall

}  // namespace

// --- what comes -----------------------------------------------------------------------------------------------------

Status PipeReader::begin(const MIDL_STUB_MESSAGE& settings, uint32_t representation, ByteView rest, size_t used, bool whole) {
    if (!window_.append(rest)) return Status::out_of_memory;
    stub_ = settings;
    stub_.RpcMsg = &message_;
    stub_.pMemoryList = nullptr;
    message_.DataRepresentation = representation;
    whole_ = whole;
    attach(used);
    return Status::ok;
}

Status PipeReader::begin_behind(const MIDL_STUB_MESSAGE& stub, const RPC_MESSAGE& message) {
    const auto used = static_cast<size_t>(stub.Buffer - stub.BufferStart);
    constexpr size_t phase = 7;
    const size_t from = used & ~phase;
    const ByteView rest{stub.BufferStart + from, static_cast<size_t>(stub.BufferEnd - stub.BufferStart) - from};
    return begin(stub, static_cast<uint32_t>(message.DataRepresentation), rest, used - from, (message.RpcFlags & RPC_BUFFER_PARTIAL) == 0);
}

void PipeReader::attach(size_t used) {
    stub_.BufferStart = window_.data();
    stub_.Buffer = stub_.BufferStart + used;
    stub_.BufferEnd = stub_.BufferStart + window_.size();
}

MutBytes PipeReader::rest() { return {stub_.Buffer, available()}; }

Status PipeReader::take(call::Transfer& transfer, call::Transfer::Wait wait) {
    auto used = static_cast<size_t>(stub_.Buffer - stub_.BufferStart);
    const Status status = transfer.take(window_, used, whole_, wait);
    attach(used);
    return status;
}

Status PipeReader::advance(PipeCursor& cursor) {
    if (cursor.left != 0 || cursor.ended) return Status::ok;
    uint8_t* const start = stub_.Buffer;
    if (failed(align_buffer(stub_, 4, 4))) return whole_ ? Status::bad_stub_data : Status::call_pending;
    stub_.Buffer = start;
    if (ndr::needs_conversion(message_.DataRepresentation)) RPC_TRY(ndr::convert_simple_type(stub_, fc_long));
    stub_.Buffer = start;
    return stub::advance(stub_, cursor);
}

Status PipeReader::read(const PipeType& type, PipeCursor& cursor, void* to, uint32_t room, uint32_t& count) {
    auto* at = static_cast<uint8_t*>(to);
    for (count = 0; count < room;) {
        Status status = advance(cursor);
        if (!failed(status) && cursor.ended) return Status::ok;
        uint32_t got = 0;
        if (!failed(status)) {
            const uint32_t wanted = std::min(room - count, cursor.left);
            if (type.is_simple() && !ndr::needs_conversion(message_.DataRepresentation)) {
                status = read_simple(type, at, wanted, got);
            } else {
                status = read_element(type, at);
                got = !failed(status);
            }
        }
        if (status == Status::call_pending && count != 0) return Status::ok;
        RPC_TRY(status);
        count += got;
        cursor.left -= got;
        at += static_cast<size_t>(got) * type.memory;
    }
    return Status::ok;
}

Status PipeReader::read_simple(const PipeType& type, uint8_t* to, uint32_t room, uint32_t& count) {
    uint8_t* const start = stub_.Buffer;
    if (failed(align_buffer(stub_, type.wire, type.wire))) {
        stub_.Buffer = start;
        return whole_ ? Status::bad_stub_data : Status::call_pending;
    }
    count = static_cast<uint32_t>(std::min<size_t>(room, available() / type.wire));
    const size_t size = static_cast<size_t>(count) * type.wire;
    std::memcpy(to, stub_.Buffer, size);
    stub_.Buffer += size;
    return Status::ok;
}

// An element that is not all here fails like a bad one: as much as two would take tells them apart.
Status PipeReader::read_element(const PipeType& type, uint8_t* to) {
    constexpr size_t alignment = 16;
    uint8_t* const start = stub_.Buffer;
    const size_t most = 2 * size_t{type.wire} + alignment;
    const bool all_here = whole_ || available() >= most;
    const bool converts = ndr::needs_conversion(message_.DataRepresentation);
    kept_.clear();
    if (converts && !all_here && !kept_.append({start, available()})) return Status::out_of_memory;
    Status status = Status::ok;
    if (converts) {
        status = ndr::convert_type(stub_, type.element);
        stub_.Buffer = start;
    }
    uint8_t* element = to;
    if (!failed(status)) status = ndr::unmarshal(stub_, &element, type.element, false);
    if (!failed(status) || all_here) return status;
    stub_.Buffer = start;
    if (!kept_.empty()) std::memcpy(start, kept_.data(), kept_.size());
    return Status::call_pending;
}

// --- what goes out --------------------------------------------------------------------------------------------------

Status PipeWriter::begin(size_t headroom, ByteView held) {
    out_.clear();
    headroom_ = headroom;
    return out_.resize(headroom) && out_.append(held) ? Status::ok : Status::out_of_memory;
}

Status PipeWriter::append(const MIDL_STUB_MESSAGE& settings, const PipeType& type, const void* elements, uint32_t count) {
    return append_chunk(settings, type, elements, count, out_);
}

Status PipeWriter::flush(call::Transfer& transfer, bool last, bool told, call::Transfer::Wait wait) {
    const size_t size = held().size();
    const bool small = size < worth_sending && transfer.spares_peer();
    const size_t kept = last ? 0 : small ? size : size % transfer.unit();
    if (size == kept && !last) {
        if (told) transfer.tell_sent();
        return Status::ok;
    }
    Buffer next;
    if (!next.resize(headroom_) || !next.append(held().last(kept))) return Status::out_of_memory;
    std::swap(next, out_);
    if (!next.resize(headroom_ + size - kept)) return Status::out_of_memory;
    return transfer.send(std::move(next), last, told, wait);
}

}  // namespace rpc::stub
