#pragma once
// Asynchronous pipes: the program drives them on both sides, with our push and pull (documentation pages "Asynchronous Pipes" and
// "Asynchronous Pipe State"). A client pushes [in] pipes and pulls [out] ones, a server the other way round; each in the order of the
// parameters, and what comes in a request before what comes in a reply.
#include "base/mutex.h"
#include "base/vector.h"
#include "stub/pipe_stream.h"

namespace rpc::stub {

// What MIDL makes of an asynchronous pipe type (documentation page "Declaring Asynchronous Pipes").
struct AsyncPipeControl {
    RPC_STATUS(__RPC_USER* pull)(char* state, void* buffer, ULong32 size, ULong32* count);
    RPC_STATUS(__RPC_USER* push)(char* state, void* buffer, ULong32 count);
    void* reserved;
    char* state;
};

struct AsyncPipeRoutines {
    decltype(AsyncPipeControl::pull) pull;
    decltype(AsyncPipeControl::push) push;
};
// abi's, once at start; without them asynchronous procedures with pipes are cannot_support.
void set_async_pipe_routines(const AsyncPipeRoutines* routines);

// The program's side: any thread; a call's pushes and pulls take turns. invalid_pipe_object for a state that is none or whose
// call is over; wrong_pipe_order out of turn or in the wrong direction; pipe_empty and pipe_closed behind the end. Pull: call_pending when
// nothing is there yet, RpcReceiveComplete follows; the end is ok with no elements. What the call itself has failed with ends the call.
Status async_pipe_pull(char* state, void* buffer, uint32_t size, uint32_t& count);
Status async_pipe_push(char* state, void* buffer, uint32_t count);

// All pipes of one call. Made with the call, closed with it; whoever is inside a push or pull keeps it.
class AsyncPipes final : public RefCounted<AsyncPipes> {
public:
    // `procedure` has its pipes where `frame` says: the client's own structures, or room of the server's. They get their routines.
    // cannot_support, out_of_memory, and what pipe_control and parse_pipe say.
    static Status make(const Procedure& procedure, uint8_t* frame, bool client, Ref<AsyncPipes>& pipes);
    // Client, before the request goes out: takes what would not make a whole piece off the message.
    Status begin_client(RPC_MESSAGE& message, const MIDL_STUB_MESSAGE& settings, RPC_ASYNC_STATE* state);
    // Client, when it has gone out.
    void started();
    // Server: `settings` stands behind the other parameters of what has come of the request.
    Status begin_server(RPC_MESSAGE& message, const MIDL_STUB_MESSAGE& settings, RPC_ASYNC_STATE* state);
    bool sends() const { return sends_; }
    bool receives() const { return receives_; }

    // Everything that is pulled has been, everything that is pushed has been ended; else pipe_discipline_error.
    Status done();
    // Server: what of the pipes goes out with the reply.
    ByteView held() const { return writer_.begun() ? writer_.held() : ByteView{}; }
    // Client: the complete reply behind its pipes, which stays here.
    Status rest(MutBytes& rest);
    // No push or pull gets in any more.
    void close();

    ~AsyncPipes() { close(); }

private:
    friend Status async_pipe_pull(char* state, void* buffer, uint32_t size, uint32_t& count);
    friend Status async_pipe_push(char* state, void* buffer, uint32_t count);
    // What a state is: a handle, so that one that is over is told. It is looked at under the handles' lock only, or while `all` is held.
    struct Pipe {
        AsyncPipes* all;
        PipeType type;
        bool sent = false, received = false;
        PipeCursor cursor;
        bool told = false;    // the program saw the end of what it pulls
        bool pushed = false;  // it ended what it pushes
    };
    class Turn;
    static Ref<AsyncPipes> of(char* state, Pipe*& pipe);
    Status add(const Parameter& p, AsyncPipeControl& control);
    bool wants_sent() const;
    // What follows a turn, when it is over: it may call the program.
    enum class After : uint8_t { nothing, pipes_read, failed };
    Status pull(Pipe& pipe, void* buffer, uint32_t size, uint32_t& count, After& after);
    Status push(Pipe& pipe, void* buffer, uint32_t count, After& after);
    Status finish(Status status, After after);
    bool received_before(const Pipe* pipe);
    bool sent_before(const Pipe* pipe) const;

    Mutex mutex_;
    Condition free_;
    bool busy_ GUARDED_BY(mutex_) = false;
    bool client_ = false, sends_ = false, receives_ = false;
    Vector<Owned<Pipe>> pipes_;  // constant once made
    RPC_MESSAGE message_{};
    MIDL_STUB_DESC desc_{};
    MIDL_STUB_MESSAGE settings_{};
    RPC_ASYNC_STATE* state_ = nullptr;
    Ref<call::Transfer> transfer_;
    PipeReader reader_;
    PipeWriter writer_;
};

}  // namespace rpc::stub
