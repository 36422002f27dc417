#include "io/accept_loop_win.h"

#include "base/log.h"

namespace rpc::io {

constexpr DWORD retry_after_ms = 50;

void AcceptLoop::enter() {
    ++active_;
    add_ref();
}

void AcceptLoop::leave() {
    {
        Guard g(mutex_);
        if (--active_ == 0) idle_.wake_all();
    }
    release();
}

// Asks for an accept in every idle slot; the first error, if any.
DWORD AcceptLoop::fill() {
    DWORD first_error = 0;
    for (unsigned i = 0; i < slot_count_ && !closed_; ++i) {
        Slot& slot = slots_[i];
        if (!slot.idle) continue;
        const DWORD error = ask_accept(slot);
        if (error != 0 && error != ERROR_IO_PENDING) {
            if (first_error == 0) first_error = error;
            continue;
        }
        slot.idle = false;
        slot.pending = error == ERROR_IO_PENDING;
        if (slot.pending) ++pending_;
        enter();
        if (!slot.pending) submit(slot);
    }
    return first_error;
}

// As fill; as long as resources allow nothing at all, somebody tries again.
void AcceptLoop::refill() {
    const DWORD error = fill();
    if (error == 0) return;
    RPC_LOG(warn, "accept: error %lu", error);
    if (pending_ != 0 || retrying_) return;
    retrying_ = true;
    enter();
    submit(retry_);
}

DWORD AcceptLoop::begin(unsigned count, unsigned kinds) {
    Guard g(mutex_);
    slot_count_ = count < kinds ? kinds : count;
    if (slot_count_ > max_slots) slot_count_ = max_slots;
    retry_.loop = this;
    for (unsigned i = 0; i < slot_count_; ++i) {
        slots_[i].loop = this;
        slots_[i].which = i % kinds;
    }
    const DWORD error = fill();
    return active_ != 0 ? 0 : error;
}

void AcceptLoop::accepted(Slot& slot, DWORD error) {
    WorkList later;
    HANDLE handle;
    bool wanted;
    {
        Guard g(mutex_);
        handle = slot.handle;
        wanted = !closed_ && error == 0;
        if (slot.pending) --pending_;
        slot.handle = nullptr;
        slot.pending = false;
        slot.idle = true;
        refill();
    }
    if (!wanted) {
        close_handle(handle);
    } else if (Ref<Stream> stream = make_stream(slot, handle)) {
        sink_.on_accept(std::move(stream), later);
    }
    leave();
    run_later(later);
}

void AcceptLoop::retry() {
    Sleep(retry_after_ms);
    {
        Guard g(mutex_);
        retrying_ = false;
        refill();
    }
    leave();
}

void AcceptLoop::close() {
    {
        Guard g(mutex_);
        const bool first = !closed_;
        closed_ = true;
        for (Slot& slot : slots_)
            if (first && slot.pending) cancel(slot);
        while (active_ != 0) idle_.wait(mutex_);
        if (!first) return;
    }
    stopped();
}

}  // namespace rpc::io
