#pragma once
// Synchronous pipes. On the wire chunks, each a count of elements and then the elements; one of no elements ends the pipe ([C706]
// chapter 14, pipes). [in] pipes come after all other parameters of a request, [out] pipes before all others of a reply
// (documentation page "Combining Pipe and Nonpipe Parameters"), both in the order of their parameters. They travel in pieces, while
// the program makes or takes them: who is too far ahead of the other side waits.
#include "base/bytes.h"
#include "stub/call_message.h"

namespace rpc::stub {

// What MIDL makes of `typedef pipe T P` (documentation page "Defining Pipes in IDL Files"): sizes are bytes for alloc, elements
// for pull and push.
struct PipeControl {
    void(__RPC_USER* pull)(char* state, void* buffer, ULong32 size, ULong32* count);
    void(__RPC_USER* push)(char* state, void* buffer, ULong32 count);
    void(__RPC_USER* alloc)(char* state, ULong32 bytes, void** buffer, ULong32* given);
    char* state;
};

// FC_PIPE flags and alignment<1> offset to the element<2> bytes in memory<2> on the wire<2>, as MIDL's output comments it.
struct PipeType {
    const uint8_t* element = nullptr;
    uint32_t memory = 0;
    uint32_t wire = 0;
    // Elements that are the same bytes in memory and on the wire, and no others are.
    bool is_simple() const { return element[0] < 0x10 && simple_memory_size(element[0]) == wire && memory == wire; }
};
// bad_stub_data for what is none, cannot_support for flags that no document explains.
Status parse_pipe(const Parameter& p, PipeType& type);
// Where the control structure of a pipe parameter is in a frame: in its slots, or where its slot points.
Status pipe_control(const Procedure& procedure, uint8_t* frame, const Parameter& p, PipeControl*& control);

// Appends a chunk to what starts, 8-byte aligned, at out.data(); no elements: the end.
Status append_chunk(const MIDL_STUB_MESSAGE& stub, const PipeType& type, const void* elements, uint32_t count, Buffer& out);

// A pipe being read at stub.Buffer.
struct PipeCursor {
    uint32_t left = 0;  // elements of the chunk at hand
    bool ended = false;
};
// Comes to the next element, or to the end.
Status advance(MIDL_STUB_MESSAGE& stub, PipeCursor& cursor);
struct PipeStreams;  // stub/pipe_stream.h

// --- client: the program's routines are called, and what they raise passes through ------------------------------------

// The pipes of one client call. Plain data that `release` gives back; a call that is out is then the message's to end.
class ClientPipes {
public:
    // Instead of runtime::send_receive, of a message that get_buffer saw with RPC_BUFFER_PARTIAL: sends it, and what the program's [in] pipes
    // have, and hands over what comes for its [out] pipes. `rest` becomes the reply behind them, which stays here. RPC_X_INVALID_PIPE_OBJECT,
    // out_of_memory (RPC_X_PIPE_APP_MEMORY) when alloc gives no room for an element, pipe_discipline_error for more elements than there is
    // room. `ended`: the call has failed, and has freed what the message held.
    Status perform(RPC_MESSAGE& message, const MIDL_STUB_MESSAGE& stub, const Procedure& procedure, uint8_t* frame, MutBytes& rest, bool& ended);
    void release();

private:
    Status begin(const MIDL_STUB_MESSAGE& stub);
    Status run(const Procedure& procedure, uint8_t* frame, MutBytes& rest);
    Status pull(const MIDL_STUB_MESSAGE& stub, const PipeControl& control, const PipeType& type);
    Status push(const PipeControl& control, const PipeType& type);
    Status advance(PipeCursor& cursor);
    Status take();
    Status transferred(Status status);

    RPC_MESSAGE* message_ = nullptr;
    PipeStreams* streams_ = nullptr;
    bool sends_ = false, receives_ = false, ended_ = false;
};

// --- server: the manager calls ours ------------------------------------------------------------------------------------

// The routines that a manager finds in its control structures; they answer by exception, so they are abi's. Set once, at
// start; without them procedures with pipes are cannot_support.
struct PipeRoutines {
    decltype(PipeControl::pull) pull;
    decltype(PipeControl::push) push;
};
void set_pipe_routines(const PipeRoutines* routines);

// The pipes of one server call. Plain data that `release` gives back.
class ServerPipes {
public:
    // One parameter's, in order.
    Status add(const Parameter& p, PipeControl& control);
    // Before the manager: `stub` stands behind the other parameters of what has come of the request. Nothing where there are no pipes.
    Status begin(RPC_MESSAGE& message, const MIDL_STUB_MESSAGE& stub);
    // After the manager: pipe_discipline_error when a pipe was not drained or not ended.
    Status done();
    // What of the [out] pipes goes out with the reply.
    ByteView held() const;
    void release();

private:
    friend Status pipe_pull(char* state, void* buffer, uint32_t size, uint32_t& count);
    friend Status pipe_push(char* state, void* buffer, uint32_t count);
    struct Pipe {
        uint32_t signature;
        ServerPipes* owner;
        Pipe* next;
        PipeType type;
        bool in, out;
        PipeCursor cursor;
        bool told;    // the manager saw the end of what it pulls
        bool pushed;  // it ended what it pushes
    };
    static Status of(char* state, Pipe*& pipe);
    Status advance(PipeCursor& cursor);
    // Whether all [in] pipes in front of it are read (null: all), which may have to wait for their ends; pipe_discipline_error.
    Status read_before(const Pipe* pipe);
    bool written_before(const Pipe* pipe) const;  // the same for [out] pipes

    const MIDL_STUB_MESSAGE* stub_ = nullptr;
    Pipe* first_ = nullptr;
    PipeStreams* streams_ = nullptr;
};

// The manager's side. invalid_pipe_object for a state that is none; wrong_pipe_order out of turn (documentation page "Rules
// for Multiple Pipes"); pipe_empty after the end was read; pipe_closed after the end was written; call_failed when the client is gone. Both
// may wait for the client.
Status pipe_pull(char* state, void* buffer, uint32_t size, uint32_t& count);
Status pipe_push(char* state, void* buffer, uint32_t count);

}  // namespace rpc::stub
