/* Asynchronous RPC as C++20 coroutines, for GCC, Clang and MSVC, x64 and x86; nothing to link but rpcrt4, any rpcrt4,
 * Windows' too.
 *
 *     rpccoro::task<long> multiply(handle_t server, long a, long b) {
 *         long sum = 0, product = 0;
 *         auto issue = [&](PRPC_ASYNC_STATE state) { Add(state, server, a, b, &sum); };
 *         RPC_STATUS status = co_await rpccoro::call(issue, &product);
 *         co_return status == RPC_S_OK ? product : -1;
 *     }
 *     long product = rpccoro::run(multiply(server, 6, 7));
 *
 * The function that is given to call() issues the call: it names the client stub that MIDL made for an [async]
 * procedure and passes the state on. `co_await` answers what RpcAsyncCompleteCall answers, or the code of the exception
 * that the stub raised, which then is the end of the call; [out] parameters and the reply are valid with RPC_S_OK
 * alone. The state lives in the coroutine: nothing has to be initialised, kept or freed.
 *
 * Where the coroutine goes on is chosen per call, by the third argument:
 *     on_pool()              a thread of the process's thread pool (RpcNotificationTypeEvent); the default
 *     on_callback()          the runtime's own thread (...TypeCallback): it must not block and must not make calls
 *     on_apc()               the thread that issued the call, while it waits alertably (...TypeApc); run() does
 *     on_port(port, key)     whoever takes the packet off a completion port and calls resume(overlapped) (...TypeIoc)
 *     on_window(hwnd, msg)   whoever gets the message and calls resume(lparam) (...TypeHwnd)
 *     on_poll(poller)        whoever calls poller.poll() (...TypeNone)
 * A call that has ended before its stub returns goes on where it was issued, with the first two.
 * and what can cancel it by the fourth, a canceller, from any thread:
 *     rpccoro::canceller stop;
 *     ... co_await rpccoro::call(issue, &reply, rpccoro::on_pool(), &stop);
 *     stop.cancel();       // the server is asked to end; the call completes when it has
 *     stop.cancel(true);   // the call completes now, with RPC_S_CALL_CANCELLED
 *
 * RpcAsyncInitializeHandle, RpcAsyncCompleteCall and RpcAsyncCancelCall say what these do underneath. A coroutine that
 * awaits a call must not be destroyed: cancel the call and let it end.
 */
#ifndef RPCCORO_H
#define RPCCORO_H

#include <rpc.h>
#include <rpcasync.h>

#include <atomic>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#if defined(__GNUC__)
#include "rpctry.h"
#endif

namespace rpccoro {

class canceller;
class poller;

/* One outstanding call. Two things have to happen before its coroutine goes on: the stub has returned, and the runtime
 * has told of the end, which may come first. Whoever is second resumes. */
class pending {
public:
    pending(const pending&) = delete;
    pending& operator=(const pending&) = delete;

protected:
    pending() = default;

    bool second() { return met_.exchange(true, std::memory_order_acq_rel); }
    void told() {
        if (second()) waiting_.resume();
    }
    static void RPC_ENTRY on_told(PRPC_ASYNC_STATE state, void*, RPC_ASYNC_EVENT event) {
        if (event == RpcCallComplete) static_cast<pending*>(state->UserInfo)->told();
    }
    static void CALLBACK on_signalled(PTP_CALLBACK_INSTANCE, void* self, PTP_WAIT, TP_WAIT_RESULT) {
        static_cast<pending*>(self)->told();
    }
    bool finished() { return RpcAsyncGetCallStatus(&state_) != RPC_S_ASYNC_CALL_PENDING; }

    RPC_ASYNC_STATE state_{};
    OVERLAPPED overlapped_{}; /* a packet's name */
    std::coroutine_handle<> waiting_;
    std::atomic<bool> met_{false};
    HANDLE event_ = nullptr;
    PTP_WAIT wait_ = nullptr;
    canceller* canceller_ = nullptr;
    poller* poller_ = nullptr;
    pending *next_ = nullptr, *poll_next_ = nullptr;

    friend class canceller;
    friend class poller;
    friend struct on_pool;
    friend struct on_callback;
    friend struct on_apc;
    friend struct on_port;
    friend struct on_window;
    friend struct on_poll;
    friend void resume(OVERLAPPED* overlapped);
    friend void resume(LPARAM lparam);
};

/* Cancels every call that is awaited with it, and those that will be. Outlives them. */
class canceller {
public:
    canceller() { InitializeCriticalSection(&lock_); }
    ~canceller() { DeleteCriticalSection(&lock_); }
    canceller(const canceller&) = delete;
    canceller& operator=(const canceller&) = delete;

    /* Any thread. With on_callback() a coroutine may go on inside. */
    void cancel(bool abort = false) {
        EnterCriticalSection(&lock_);
        asked_ = true;
        abort_ = abort_ || abort;
        for (at_ = first_; at_;) {
            pending* call = at_;
            at_ = call->next_;
            RpcAsyncCancelCall(&call->state_, abort_);
        }
        LeaveCriticalSection(&lock_);
    }
    bool cancelled() const { return asked_; }

private:
    template <class, class>
    friend class awaited_call;
    void add(pending& call) {
        EnterCriticalSection(&lock_);
        call.next_ = first_;
        first_ = &call;
        if (asked_) RpcAsyncCancelCall(&call.state_, abort_);
        LeaveCriticalSection(&lock_);
    }
    void remove(pending& call) {
        EnterCriticalSection(&lock_);
        if (at_ == &call) at_ = call.next_;
        for (pending** p = &first_; *p; p = &(*p)->next_) {
            if (*p != &call) continue;
            *p = call.next_;
            break;
        }
        LeaveCriticalSection(&lock_);
    }

    CRITICAL_SECTION lock_; /* of a thread, which may come back to it */
    pending* first_ = nullptr;
    pending* at_ = nullptr;
    std::atomic<bool> asked_{false};
    bool abort_ = false;
};

/* Calls that nobody is told of. poll() resumes those that have ended, on its caller's thread, and says how many wait
 * on. */
class poller {
public:
    size_t poll() {
        AcquireSRWLockExclusive(&lock_);
        pending* calls = std::exchange(first_, nullptr);
        ReleaseSRWLockExclusive(&lock_);
        size_t waiting = 0;
        while (calls) {
            pending* call = calls;
            calls = call->poll_next_;
            if (call->finished()) {
                call->told();
            } else {
                add(*call);
                ++waiting;
            }
        }
        return waiting;
    }

private:
    friend struct on_poll;
    void add(pending& call) {
        AcquireSRWLockExclusive(&lock_);
        call.poll_next_ = first_;
        first_ = &call;
        ReleaseSRWLockExclusive(&lock_);
    }
    SRWLOCK lock_ = SRWLOCK_INIT;
    pending* first_ = nullptr;
};

/* ---- ways of being told: prepare() before the call is issued, issued() after, ended() when it is over ----------- */

struct on_pool {
    RPC_STATUS prepare(pending& call) const {
        call.event_ = CreateEventW(nullptr, FALSE, FALSE, nullptr);
        call.wait_ = call.event_ ? CreateThreadpoolWait(&pending::on_signalled, &call, nullptr) : nullptr;
        call.state_.NotificationType = RpcNotificationTypeEvent;
        call.state_.u.hEvent = call.event_;
        if (!call.wait_) return RPC_S_OUT_OF_MEMORY;
        SetThreadpoolWait(call.wait_, call.event_, nullptr);
        return RPC_S_OK;
    }
    void issued(pending&) const {}
    void ended(pending& call) const {
        if (call.wait_) {
            SetThreadpoolWait(call.wait_, nullptr, nullptr);
            CloseThreadpoolWait(call.wait_); /* its callback may be what runs us */
        }
        if (call.event_) CloseHandle(call.event_);
    }
};

struct on_callback {
    RPC_STATUS prepare(pending& call) const {
        call.state_.NotificationType = RpcNotificationTypeCallback;
        call.state_.u.NotificationRoutine = &pending::on_told;
        return RPC_S_OK;
    }
    void issued(pending&) const {}
    void ended(pending&) const {}
};

struct on_apc {
    RPC_STATUS prepare(pending& call) const {
        call.state_.NotificationType = RpcNotificationTypeApc;
        call.state_.u.APC.NotificationRoutine = &pending::on_told;
        call.state_.u.APC.hThread = nullptr;
        return RPC_S_OK;
    }
    void issued(pending&) const {}
    void ended(pending&) const {}
};

struct on_port {
    HANDLE port;
    ULONG_PTR key;
    on_port(HANDLE p, ULONG_PTR k) : port(p), key(k) {}
    RPC_STATUS prepare(pending& call) const {
        call.state_.NotificationType = RpcNotificationTypeIoc;
        call.state_.u.IOC.hIOPort = port;
        call.state_.u.IOC.dwNumberOfBytesTransferred = 0;
        call.state_.u.IOC.dwCompletionKey = key;
        call.state_.u.IOC.lpOverlapped = &call.overlapped_;
        return RPC_S_OK;
    }
    void issued(pending&) const {}
    void ended(pending&) const {}
};

struct on_window {
    HWND window;
    UINT message;
    on_window(HWND w, UINT m) : window(w), message(m) {}
    RPC_STATUS prepare(pending& call) const {
        call.state_.NotificationType = RpcNotificationTypeHwnd;
        call.state_.u.HWND.hWnd = window;
        call.state_.u.HWND.Msg = message;
        return RPC_S_OK;
    }
    void issued(pending&) const {}
    void ended(pending&) const {}
};

struct on_poll {
    poller& by;
    explicit on_poll(poller& p) : by(p) {}
    RPC_STATUS prepare(pending& call) const {
        call.state_.NotificationType = RpcNotificationTypeNone;
        return RPC_S_OK;
    }
    void issued(pending& call) const { by.add(call); }
    void ended(pending&) const {}
};

/* A packet with on_port's key was taken off the port: its overlapped pointer. */
inline void resume(OVERLAPPED* overlapped) {
    CONTAINING_RECORD(overlapped, pending, overlapped_)->told();
}
/* on_window's message was got: its lParam. */
inline void resume(LPARAM lparam) {
    static_cast<pending*>(reinterpret_cast<PRPC_ASYNC_STATE>(lparam)->UserInfo)->told();
}

template <class Issue, class Way>
class awaited_call : public pending {
public:
    awaited_call(Issue issue, void* reply, Way way, canceller* by)
        : issue_(std::move(issue)), reply_(reply), way_(way) {
        canceller_ = by;
    }
    bool await_ready() const noexcept { return false; }

    /* False: the coroutine goes on at once. */
    bool await_suspend(std::coroutine_handle<> waiting) {
        waiting_ = waiting;
        raised_ = RpcAsyncInitializeHandle(&state_, sizeof state_);
        state_.UserInfo = static_cast<pending*>(this);
        if (raised_ == RPC_S_OK) raised_ = way_.prepare(*this);
        if (raised_ == RPC_S_OK) raised_ = issue();
        if (raised_ != RPC_S_OK) return false;
        if (canceller_) canceller_->add(*this);
        way_.issued(*this);
        return !second();
    }

    RPC_STATUS await_resume() {
        if (canceller_ && raised_ == RPC_S_OK) canceller_->remove(*this);
        const RPC_STATUS status = raised_ == RPC_S_OK ? RpcAsyncCompleteCall(&state_, reply_) : raised_;
        way_.ended(*this);
        return status;
    }

private:
    RPC_STATUS issue() {
        volatile RPC_STATUS raised = RPC_S_OK;
        RpcTryExcept {
            issue_(&state_);
        }
#if defined(__GNUC__) && !defined(__clang__)
        RpcExcept(RpcExceptionFilter(RpcExceptionCode())) {
#else
        RpcExcept(1) {
#endif
            raised = static_cast<RPC_STATUS>(RpcExceptionCode());
        }
        RpcEndExcept return raised;
    }

    Issue issue_;
    void* const reply_;
    const Way way_;
    RPC_STATUS raised_ = RPC_S_OK;
};

template <class Issue, class Way = on_pool>
[[nodiscard]] awaited_call<Issue, Way> call(Issue issue, void* reply = nullptr, Way way = Way(),
                                            canceller* by = nullptr) {
    return {std::move(issue), reply, way, by};
}

/* ---- a coroutine type, for who has none ------------------------------------------------------------------------- */

template <class T>
class task;
template <class T>
T run(task<T> work);

namespace detail {

struct promise_base {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr thrown;

    std::suspend_always initial_suspend() noexcept { return {}; }
    struct final_awaiter {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> h) noexcept {
            return h.promise().continuation;
        }
        void await_resume() noexcept {}
    };
    final_awaiter final_suspend() noexcept { return {}; }
    void unhandled_exception() { thrown = std::current_exception(); }
};
template <class T>
struct promise : promise_base {
    std::optional<T> value;
    task<T> get_return_object();
    template <class U>
    void return_value(U&& v) {
        value.emplace(std::forward<U>(v));
    }
    T take() { return std::move(*value); }
};
template <>
struct promise<void> : promise_base {
    task<void> get_return_object();
    void return_void() {}
    void take() {}
};

}  // namespace detail

/* Starts when it is awaited or run. */
template <class T = void>
class [[nodiscard]] task {
public:
    using promise_type = detail::promise<T>;
    explicit task(std::coroutine_handle<promise_type> h) : coroutine_(h) {}
    task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    task& operator=(task other) noexcept {
        std::swap(coroutine_, other.coroutine_);
        return *this;
    }
    ~task() {
        if (coroutine_) coroutine_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
        coroutine_.promise().continuation = waiting;
        return coroutine_;
    }
    T await_resume() {
        if (coroutine_.promise().thrown) std::rethrow_exception(coroutine_.promise().thrown);
        return coroutine_.promise().take();
    }

private:
    std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
task<T> promise<T>::get_return_object() {
    return task<T>(std::coroutine_handle<promise<T>>::from_promise(*this));
}
inline task<void> promise<void>::get_return_object() {
    return task<void>(std::coroutine_handle<promise<void>>::from_promise(*this));
}

/* Runs a task to its end, then sets an event. */
struct starter {
    struct promise_type {
        HANDLE done = nullptr;
        starter get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        struct last {
            bool await_ready() noexcept { return false; }
            void await_suspend(std::coroutine_handle<promise_type> h) noexcept { SetEvent(h.promise().done); }
            void await_resume() noexcept {}
        };
        last final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> coroutine;
};
struct arrival { /* co_awaits a task without taking its result */
    template <class T>
    struct of {
        task<T>& work;
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) noexcept { return work.await_suspend(h); }
        void await_resume() noexcept {}
    };
};
template <class T>
starter start(task<T>& work) {
    co_await arrival::of<T>{work};
}

}  // namespace detail

/* A task that runs while this thread does something else; wait() waits for it alertably, so that on_apc() calls can
 * end. */
template <class T = void>
class running {
public:
    explicit running(task<T> work) : work_(std::move(work)), done_(CreateEventW(nullptr, TRUE, FALSE, nullptr)) {
        starter_ = detail::start(work_).coroutine;
        starter_.promise().done = done_;
        starter_.resume();
    }
    ~running() {
        wait();
        starter_.destroy();
        CloseHandle(done_);
    }
    running(const running&) = delete;
    bool wait(DWORD milliseconds = INFINITE) {
        for (DWORD result;;) {
            result = WaitForSingleObjectEx(done_, milliseconds, TRUE);
            if (result != WAIT_IO_COMPLETION) return result == WAIT_OBJECT_0;
        }
    }
    /* Its result, or what it threw; waits. Once. */
    T get() {
        wait();
        return work_.await_resume();
    }

private:
    task<T> work_;
    HANDLE done_;
    std::coroutine_handle<detail::starter::promise_type> starter_;
};

/* Runs a task to its end; this thread waits for it alertably. */
template <class T>
T run(task<T> work) {
    return running<T>(std::move(work)).get();
}

}  // namespace rpccoro

#endif
