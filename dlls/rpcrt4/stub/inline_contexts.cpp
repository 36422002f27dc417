#include "stub/inline_contexts.h"

#include "base/vector.h"
#include "runtime/message.h"
#include "runtime/thread_state.h"

namespace rpc::stub {
namespace {

class InlineContexts final : public runtime::DispatchData {
public:
    ~InlineContexts() override {
        uses_.unlock();
        for (const Held& h : held_) server_context_release(h.context);
    }
    static runtime::DispatchData* create() { return make_ref<InlineContexts>().detach(); }

    Status take(ServerContext& context, ContextMode mode, call::ServerCall& call) {
        if (!held_.reserve(held_.size() + 1)) {
            server_context_release(&context);
            return Status::out_of_memory;
        }
        (void)held_.push_back({&context, mode});
        uses_.unlock();
        room_.clear();
        if (!room_.reserve(held_.size())) return Status::out_of_memory;
        uses_.begin(room_.data());
        for (const Held& h : held_) uses_.add(*h.context, h.mode);
        if (uses_.contended()) call.connection->let_next_start(call);
        RPC_TRY(uses_.lock(&call));
        for (const Held& h : held_)
            if (!user_context(*h.context)) return context_mismatch_fault;
        return Status::ok;
    }

private:
    struct Held {
        ServerContext* context;  // a reference
        ContextMode mode;
    };
    Vector<Held> held_;
    Vector<ContextUse> room_;  // its capacity is what counts
    ContextUses uses_;
};

}  // namespace

Status use_context_in_stub(ServerContext& context, ContextMode mode) {
    Ref<runtime::DispatchData> data;
    const Status status = runtime::dispatch_data(&InlineContexts::create, data);
    auto call = runtime::current_call();
    if (failed(status) || !call) {
        server_context_release(&context);
        return status == Status::no_call_active ? Status::ok : status;
    }
    return static_cast<InlineContexts*>(data.get())->take(context, mode, *call);
}

}  // namespace rpc::stub
