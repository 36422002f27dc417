#pragma once
// A call's pipe data as they travel: elements out of whatever has come so far, chunks that go out as they are made.
#include "call/transfer.h"
#include "stub/pipe.h"

namespace rpc::stub {

// What comes. One for all pipes of a direction, which follow each other.
class PipeReader {
public:
    // `settings`: the call's stub message. `rest`: what has come already, 8-byte aligned as the stub data are, of which the first `used`
    // bytes are other parameters. out_of_memory.
    Status begin(const MIDL_STUB_MESSAGE& settings, uint32_t representation, ByteView rest, size_t used, bool whole);
    // Server: the request of `message`, which `stub` has read the other parameters of.
    Status begin_behind(const MIDL_STUB_MESSAGE& stub, const RPC_MESSAGE& message);
    bool begun() const { return stub_.RpcMsg != nullptr; }
    void set_representation(uint32_t representation) { message_.DataRepresentation = representation; }
    // Comes to the next element or to the end; call_pending when that is not here yet.
    Status advance(PipeCursor& cursor);
    // As many elements as are here, at most `room`. None, and the pipe not ended: call_pending.
    Status read(const PipeType& type, PipeCursor& cursor, void* to, uint32_t room, uint32_t& count);
    // See Transfer::take.
    Status take(call::Transfer& transfer, call::Transfer::Wait wait);
    // What was not read, where it lies, and whether that is all there will be.
    MutBytes rest();
    bool whole() const { return whole_; }

private:
    size_t available() const { return static_cast<size_t>(stub_.BufferEnd - stub_.Buffer); }
    void attach(size_t used);
    Status read_simple(const PipeType& type, uint8_t* to, uint32_t room, uint32_t& count);
    Status read_element(const PipeType& type, uint8_t* to);

    MIDL_STUB_MESSAGE stub_{};
    RPC_MESSAGE message_{};
    Buffer window_;
    Buffer kept_;  // an element as it came, while it is converted
    bool whole_ = false;
};

// What goes out.
class PipeWriter {
public:
    // `held`: stub data in front that did not make a whole piece. out_of_memory.
    Status begin(size_t headroom, ByteView held);
    Status append(const MIDL_STUB_MESSAGE& settings, const PipeType& type, const void* elements, uint32_t count);
    // Sends all that makes a whole piece, or all. `told`: see Transfer::send. Only where the peer is to be
    // spared small ones (Transfer::spares_peer) does one wait for more: what somebody pushes, the other may be waiting for.
    Status flush(call::Transfer& transfer, bool last, bool told, call::Transfer::Wait wait);
    // What was not sent.
    ByteView held() const { return out_.view().subspan(headroom_); }
    bool begun() const { return headroom_ != 0; }

private:
    Buffer out_;
    size_t headroom_ = 0;
};

// Of a synchronous call, while its pipes travel.
struct PipeStreams {
    Ref<call::Transfer> transfer;
    PipeReader reader;
    PipeWriter writer;
};

}  // namespace rpc::stub
