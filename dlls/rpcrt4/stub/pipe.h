#pragma once
// Synchronous pipes. On the wire chunks, each a count of elements and then the elements; one of no elements ends the pipe ([C706]
// chapter 14, pipes). [in] pipes come after all other parameters of a request, [out] pipes before all others of a reply
// (documentation page "Combining Pipe and Nonpipe Parameters"), both in the order of their parameters. A message is sent as a
// whole, so that data of pipes are in memory until then.
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
// Up to `room` elements, over several chunks; fewer only at the end.
Status read_elements(MIDL_STUB_MESSAGE& stub, const PipeType& type, PipeCursor& cursor, void* to, uint32_t room, uint32_t& count);
// Turns a foreign sender's pipe into our representation and moves stub.Buffer past it.
Status convert_pipe(MIDL_STUB_MESSAGE& stub, const PipeType& type);

// --- client: the program's routines are called, and what they raise passes through ------------------------------------

// Appends the [in] pipes' data to `out`, which holds the other parameters. RPC_X_INVALID_PIPE_OBJECT, out_of_memory
// (RPC_X_PIPE_APP_MEMORY) when alloc gives no room for an element, pipe_discipline_error for more elements than there is room.
Status pull_pipes(const MIDL_STUB_MESSAGE& stub, const Procedure& procedure, uint8_t* frame, Buffer& out);
// Hands the [out] pipes' data at stub.Buffer over.
Status push_pipes(MIDL_STUB_MESSAGE& stub, const Procedure& procedure, uint8_t* frame);

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
    // One parameter's, in order. The stub reads [in] pipes at stub.Buffer once the other parameters are read.
    Status add(MIDL_STUB_MESSAGE& stub, const Parameter& p, PipeControl& control);
    // After the manager: pipe_discipline_error when a pipe was not drained or not ended.
    Status done();
    // The [out] pipes' data.
    Buffer& out() { return out_; }
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
    bool read_before(const Pipe* pipe);           // all [in] pipes in front of it; null: all
    bool written_before(const Pipe* pipe) const;  // the same for [out] pipes

    MIDL_STUB_MESSAGE* stub_ = nullptr;
    Pipe* first_ = nullptr;
    Buffer out_;
};

// The manager's side. invalid_pipe_object for a state that is none; wrong_pipe_order out of turn (documentation page "Rules
// for Multiple Pipes"); pipe_empty after the end was read; pipe_closed after the end was written.
Status pipe_pull(char* state, void* buffer, uint32_t size, uint32_t& count);
Status pipe_push(char* state, void* buffer, uint32_t count);

}  // namespace rpc::stub
