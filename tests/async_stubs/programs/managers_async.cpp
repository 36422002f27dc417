// The same manager routines behind the generated stubs. Every other call is completed at once, by its own thread; the
// rest on another one, after the manager routine has returned.
#include "stubs/programs/common.h"

#include "stubs.h"

#define M(name) answer_##name
#include "stubs/programs/managers.inc"

static volatile LONG calls;

template <class Work>
static void complete(PRPC_ASYNC_STATE state, Work& work) {
    RPC_STATUS status;
    if constexpr (__is_same(decltype(work()), void)) {
        work();
        status = RpcAsyncCompleteCall(state, nullptr);
    } else {
        auto result = work();
        status = RpcAsyncCompleteCall(state, &result);
    }
    if (status) {
        InterlockedIncrement(reinterpret_cast<volatile LONG*>(&failures));
        printf("FAIL RpcAsyncCompleteCall: %ld\n", status);
    }
}

template <class Work>
struct Later {
    PRPC_ASYNC_STATE state;
    Work work;

    static DWORD WINAPI run(void* context) {
        auto later = static_cast<Later*>(context);
        complete(later->state, later->work);
        delete later;
        return 0;
    }
};

template <class Work>
static void finish(PRPC_ASYNC_STATE state, Work work) {
    if (InterlockedIncrement(&calls) % 2) {
        complete(state, work);
        return;
    }
    auto later = new Later<Work>{state, work};
    if (!QueueUserWorkItem(Later<Work>::run, later, WT_EXECUTEDEFAULT)) Later<Work>::run(later);
}

#define LATER(call) finish(state, [=] { return call; })

extern "C" {

void s_add(PRPC_ASYNC_STATE state, handle_t h, LONG a, LONG b, LONG* c) {
    LATER(answer_add(h, a, b, c));
}
void s_widths(PRPC_ASYNC_STATE state, handle_t h, signed char a, byte b, short c, unsigned short d, hyper e, hyper* f,
              char* g, boolean i) {
    LATER(answer_widths(h, a, b, c, d, e, f, g, i));
}
void s_floats(PRPC_ASYNC_STATE state, handle_t h, float a, double b, float* c, double* d) {
    LATER(answer_floats(h, a, b, c, d));
}
float s_narrow_float(handle_t h, LONG skip, float a) {
    return answer_narrow_float(h, skip, a);
}
void s_mixed(PRPC_ASYNC_STATE state, handle_t h, float a, LONG b, double c, float d, double e) {
    LATER(answer_mixed(h, a, b, c, d, e));
}
void s_long_ones(PRPC_ASYNC_STATE state, handle_t h, hyper a, LONG b, hyper c) {
    LATER(answer_long_ones(h, a, b, c));
}
void s_enums(PRPC_ASYNC_STATE state, handle_t h, Wide a, Narrow b, Wide* c, Narrow* d, Narrow* e) {
    LATER(answer_enums(h, a, b, c, d, e));
}
void s_text(PRPC_ASYNC_STATE state, handle_t h, const char* a, const wchar_t* b, const char* c) {
    LATER(answer_text(h, a, b, c));
}
void s_give_text(PRPC_ASYNC_STATE state, handle_t h, LONG n, char** a, char* b) {
    LATER(answer_give_text(h, n, a, b));
}
void s_change_text(PRPC_ASYNC_STATE state, handle_t h, char* a) {
    LATER(answer_change_text(h, a));
}
void s_structs(PRPC_ASYNC_STATE state, handle_t h, Triple a, const Triple* b, Triple* c, Triple* d, Small e) {
    LATER(answer_structs(h, a, b, c, d, e));
}
void s_unique_ones(PRPC_ASYNC_STATE state, handle_t h, const LONG* a, Triple* b, Triple** c) {
    LATER(answer_unique_ones(h, a, b, c));
}
void s_arrays(PRPC_ASYNC_STATE state, handle_t h, LONG n, const LONG* a, LONG* b, short* c) {
    LATER(answer_arrays(h, n, a, b, c));
}
void s_part(PRPC_ASYNC_STATE state, handle_t h, LONG size, LONG* length, LONG* v) {
    LATER(answer_part(h, size, length, v));
}
void s_names(PRPC_ASYNC_STATE state, handle_t h, LONG n, const Named* a, LONG* count, Named** b) {
    LATER(answer_names(h, n, a, count, b));
}
LONG s_counted(handle_t h, const Counted* a) {
    return answer_counted(h, a);
}
void s_list(PRPC_ASYNC_STATE state, handle_t h, const Node* a, Node** reversed) {
    LATER(answer_list(h, a, reversed));
}
LONG s_tagged(handle_t h, const Tagged* a, Tagged* b) {
    return answer_tagged(h, a, b);
}
void s_arm(PRPC_ASYNC_STATE state, handle_t h, short kind, Arm* a) {
    LATER(answer_arm(h, kind, a));
}
void s_ranged(PRPC_ASYNC_STATE state, handle_t h, LONG a) {
    LATER(answer_ranged(h, a));
}
void s_open(PRPC_ASYNC_STATE state, handle_t h, LONG value, Context* c) {
    LATER(answer_open(h, value, c));
}
void s_use(PRPC_ASYNC_STATE state, Context c, float f) {
    LATER(answer_use(c, f));
}
void s_close(Context* c) {
    answer_close(c);
}
void s_nothing(PRPC_ASYNC_STATE state, handle_t h) {
    LATER(answer_nothing(h));
}
void s_fail(PRPC_ASYNC_STATE, handle_t h, ULONG why) {
    answer_fail(h, why);
}

}  // extern "C"
