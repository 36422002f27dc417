/* RpcTryExcept, RpcExcept, RpcEndExcept, RpcTryFinally, RpcFinally, RpcEndFinally, RpcExceptionCode and
 * RpcAbnormalTermination for GCC, which lacks the __try that mingw-w64's own are made of. Include it after or instead
 * of <rpc.h>. x64 and x86, C (GNU C, for nested functions) and C++11; nothing to link, any rpcrt4, Windows' too.
 * Compilers that know __try keep mingw-w64's macros.
 *
 *     RpcTryExcept {
 *         status = Function(binding);
 *     } RpcExcept(RpcExceptionFilter(RpcExceptionCode())) {
 *         status = RpcExceptionCode();
 *     } RpcEndExcept
 *
 * As documented (pages RpcTryExcept, RpcTryFinally and those they name): guards nest, in one function and across
 * functions and DLLs; the expression of RpcExcept runs when the exception is raised, before anything is unwound, and
 * may answer EXCEPTION_EXECUTE_HANDLER, EXCEPTION_CONTINUE_SEARCH or EXCEPTION_CONTINUE_EXECUTION; RpcExceptionCode()
 * means something in that expression and in the block after it; an exception in that block goes to the next guard
 * outwards; the block of RpcFinally runs when its guarded block ends, and when an exception passes it.
 *
 * Limits, C:
 *   - A local variable that the guarded block changes and that is read afterwards must be volatile (as with setjmp),
 *     except where it is assigned again before.
 *   - `return`, `break`, `continue` and `goto` out of a guarded block work; out of a block of RpcFinally they do not.
 *   - RpcFinally runs before the filters of outer guards do, because the exception is caught there and raised again,
 *     with its code, flags and parameters, from where the guard stands.
 *   - An expression of RpcExcept that names local variables makes GCC put code on the stack (-Wtrampolines tells).
 *   - On x64, a function that is compiled with -fexceptions and has attribute cleanup variables of its own cannot be
 *   guarded.
 * Limits, C++:
 *   - The guarded block, the expression and the block of RpcFinally are lambdas: `return`, `break`, `continue` and
 *     `goto` out of the guarded block do not compile. From the block after RpcExcept they work.
 *   - Destructors of objects inside the guarded block do not run when a structured exception leaves it (they do for a
 *     C++ throw). C++ exceptions pass RpcTryExcept only when its expression lets their code pass; on x86 they are not
 *     structured exceptions at all and always pass.
 */
#ifndef RPCTRY_H
#define RPCTRY_H

#include <rpc.h>

#if defined(__GNUC__) && !defined(__clang__)

#include <setjmp.h>
#include <string.h>

#undef RpcTryExcept
#undef RpcExcept
#undef RpcEndExcept
#undef RpcTryFinally
#undef RpcFinally
#undef RpcEndFinally
#undef RpcExceptionCode
#undef RpcAbnormalTermination

#define RPCTRY_HELPER_ static __attribute__((unused))
#define RPCTRY_UNWINDING_ 0x66 /* EXCEPTION_UNWINDING, EXIT_UNWIND, TARGET_UNWIND, COLLIDED_UNWIND */
#define RPCTRY_TARGET_ 0x20    /* the unwind ends in this frame */

#ifdef __cplusplus
extern "C" {
#endif

/* One guard that is being executed. It lives in the frame of the function that it guards. */
typedef struct rpctry_frame {
#ifndef __x86_64__
    /* An element of the thread's chain at fs:0: { previous, handler }, then what the CRT's longjmp looks for in one,
     * { scopes, current scope }; -1 says that there are none. */
    void *registration[4];
#else
    struct rpctry_frame *outer;
    char *function; /* the end of the guarded function's frame (its canonical frame address) */
#endif
    int (*filter)(struct rpctry_frame *);
    void (*finally)(struct rpctry_frame *); /* C++: runs when an exception unwinds past the guard */
    void *context;                          /* C++: of the filter or of finally */
    EXCEPTION_POINTERS *pointers; /* while the filter runs */
    EXCEPTION_RECORD record;      /* the exception that was caught */
    DWORD code;
    char active;   /* registered */
    char caught;
    char abnormal; /* what RpcAbnormalTermination answers */
    union {
        jmp_buf buffer;
        _JUMP_BUFFER fields;
    } landing;
} rpctry_frame;

/* Decides about an exception: EXCEPTION_DISPOSITION, or does not return because the guard took it. */
RPCTRY_HELPER_ int rpctry_offer(rpctry_frame *f, EXCEPTION_RECORD *record, CONTEXT *context) {
    EXCEPTION_POINTERS pointers;
    int answer;
    if (!f->filter) return 1;
    pointers.ExceptionRecord = record;
    pointers.ContextRecord = context;
    f->code = record->ExceptionCode;
    f->pointers = &pointers;
    answer = f->filter(f);
    f->pointers = NULL;
    if (answer < 0) return 0; /* ExceptionContinueExecution */
    if (answer == 0) return 1; /* ExceptionContinueSearch */
    f->record = *record;
    f->caught = 1;
    return 2;
}

#ifdef __x86_64__

/* The guards of this thread that functions of this source file are executing, innermost first. Functions with a guard
 * name rpctry_handler as their exception handler; it finds their guards by the end of the function's frame. */
static __thread rpctry_frame *rpctry_top __attribute__((unused));

/* The end of the frame that the dispatcher is at. A search hands over the caller's context, an unwind the frame's own.
 * */
RPCTRY_HELPER_ char *rpctry_function(EXCEPTION_RECORD *record, DISPATCHER_CONTEXT *dispatch) {
    CONTEXT caller;
    void *handler_data;
    DWORD64 frame;
    if (!(record->ExceptionFlags & RPCTRY_UNWINDING_)) return (char *)dispatch->ContextRecord->Rsp;
    caller = *dispatch->ContextRecord;
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, dispatch->ImageBase, dispatch->ControlPc, dispatch->FunctionEntry, &caller,
                     &handler_data, &frame, NULL);
    return (char *)caller.Rsp;
}

RPCTRY_HELPER_ __attribute__((used)) int rpctry_handler(EXCEPTION_RECORD *record, void *establisher, CONTEXT *context,
                                                        DISPATCHER_CONTEXT *dispatch) {
    char *function;
    rpctry_frame *f = rpctry_top;
    if ((record->ExceptionFlags & RPCTRY_UNWINDING_) && (record->ExceptionFlags & RPCTRY_TARGET_)) return 1;
    if (!f) return 1;
    function = rpctry_function(record, dispatch);
    while (f && f->function < function) f = f->outer; /* of functions further in, which have had their turn */
    if (record->ExceptionFlags & RPCTRY_UNWINDING_) {
        for (; f && f->function == function; f = f->outer) {
            rpctry_top = f->outer;
            f->active = 0;
            if (f->finally) f->finally(f);
        }
        return 1;
    }
    for (; f && f->function == function; f = f->outer) {
        int answer = rpctry_offer(f, record, context);
        if (answer == 0) return 0;
        if (answer == 2) {
            f->landing.fields.Frame = (unsigned __int64)(ULONG_PTR)establisher;
            longjmp(f->landing.buffer, 1); /* unwinds what is further in */
        }
    }
    return 1;
}

RPCTRY_HELPER_ void rpctry_push(rpctry_frame *f) {
    f->outer = rpctry_top;
    f->active = 1;
    rpctry_top = f;
}
RPCTRY_HELPER_ void rpctry_pop(rpctry_frame *f) {
    if (f->active) rpctry_top = f->outer;
    f->active = 0;
}
#define RPCTRY_MARK_FUNCTION_(f)                                               \
    (__extension__({                                                           \
        __asm__ __volatile__(".seh_handler rpctry_handler, @except, @unwind"); \
        (f)->function = (char *)__builtin_dwarf_cfa();                         \
    }))

#else /* x86 */

RPCTRY_HELPER_ int __cdecl rpctry_handler(EXCEPTION_RECORD *record, void *registration, CONTEXT *context,
                                          void *dispatch) {
    rpctry_frame *f = (rpctry_frame *)registration;
    int answer;
    (void)dispatch;
    if (record->ExceptionFlags & RPCTRY_UNWINDING_) {
        f->active = 0; /* the unwinder takes it off the chain */
        if (f->finally && !(record->ExceptionFlags & RPCTRY_TARGET_)) f->finally(f);
        return 1;
    }
    answer = rpctry_offer(f, record, context);
    if (answer != 2) return answer;
    longjmp(f->landing.buffer, 1); /* unwinds to the registration that was current at setjmp: this one */
}

RPCTRY_HELPER_ void rpctry_push(rpctry_frame *f) {
    f->registration[0] = (void *)(ULONG_PTR)__readfsdword(0);
    f->registration[1] = (void *)rpctry_handler;
    f->registration[2] = NULL;
    f->registration[3] = (void *)(LONG_PTR)-1;
    f->active = 1;
    __writefsdword(0, (DWORD)(ULONG_PTR)f);
}
RPCTRY_HELPER_ void rpctry_pop(rpctry_frame *f) {
    if (f->active) __writefsdword(0, (DWORD)(ULONG_PTR)f->registration[0]);
    f->active = 0;
}
#define RPCTRY_MARK_FUNCTION_(f) ((void)0)

#endif

RPCTRY_HELPER_ void rpctry_open(rpctry_frame *f, int (*filter)(rpctry_frame *), void *context) {
    f->filter = filter;
    f->finally = NULL;
    f->context = context;
    f->code = 0;
    f->caught = 0;
    f->abnormal = 1;
    rpctry_push(f);
}
/* The guarded block ended by itself. */
RPCTRY_HELPER_ void rpctry_close(rpctry_frame *f) {
    rpctry_pop(f);
    f->abnormal = 0;
}
RPCTRY_HELPER_ void rpctry_leave(rpctry_frame *const *f) { rpctry_pop(*f); }
RPCTRY_HELPER_ int rpctry_take_all(rpctry_frame *f) {
    (void)f;
    return EXCEPTION_EXECUTE_HANDLER;
}
RPCTRY_HELPER_ void rpctry_raise_again(rpctry_frame *f) {
    if (f->caught)
        RaiseException(f->record.ExceptionCode, f->record.ExceptionFlags & EXCEPTION_NONCONTINUABLE,
                       f->record.NumberParameters, f->record.ExceptionInformation);
}

#ifdef __cplusplus
}
#endif

/* In the expression of RpcExcept and in the block after it `rpctry_` is the guard's frame; GetExceptionInformation's
 * counterpart is rpctry_->pointers, in the expression alone. */
#define RpcExceptionCode() (rpctry_->code)

#ifndef __cplusplus

/* The frame as a local variable. On x86 the chain at fs:0 must go up the stack, so a guard within another of the same
 * function must lie below it: an array of a length that the compiler cannot know is allocated where the stack ends. */
#ifdef __x86_64__
#define RPCTRY_FRAME_ rpctry_frame rpctry_frame_[1]
#else
RPCTRY_HELPER_ int rpctry_one(void) {
    int one = 1;
    __asm__ __volatile__("" : "+r"(one));
    return one;
}
#define RPCTRY_FRAME_ rpctry_frame rpctry_frame_[rpctry_one()]
#endif

#define RPCTRY_ENTER_(filter_)                  \
    RPCTRY_MARK_FUNCTION_(rpctry_);             \
    rpctry_open(rpctry_, (filter_), NULL);      \
    if (setjmp(rpctry_->landing.buffer) == 0) {

#define RpcTryExcept                                                                        \
    {                                                                                       \
        auto int rpctry_filter_(rpctry_frame *);                                            \
        RPCTRY_FRAME_;                                                                      \
        __attribute__((cleanup(rpctry_leave))) rpctry_frame *const rpctry_ = rpctry_frame_; \
        RPCTRY_ENTER_(rpctry_filter_)

#define RpcExcept(expr)                             \
            rpctry_close(rpctry_);                  \
        } else {                                    \
            rpctry_pop(rpctry_);                    \
        }                                           \
        int rpctry_filter_(rpctry_frame *rpctry_) { \
            (void)rpctry_;                          \
            return (int)(expr);                     \
        }                                           \
        if (rpctry_->caught) {

#define RpcEndExcept \
        }            \
    }

/* The block of RpcFinally is a nested function that the scope's end calls, however the scope is left. */
#define RpcTryFinally                                                                              \
    {                                                                                              \
        RPCTRY_FRAME_;                                                                             \
        {                                                                                          \
            auto void rpctry_finally_(rpctry_frame *const *);                                      \
            __attribute__((cleanup(rpctry_finally_))) rpctry_frame *const rpctry_ = rpctry_frame_; \
            RPCTRY_ENTER_(rpctry_take_all)

#define RpcFinally                                                     \
                rpctry_close(rpctry_);                                 \
            }                                                          \
            void rpctry_finally_(rpctry_frame *const *rpctry_place_) { \
                rpctry_frame *const rpctry_ = *rpctry_place_;          \
                rpctry_pop(rpctry_);                                   \
                {

#define RpcEndFinally                      \
                }                          \
            }                              \
        }                                  \
        rpctry_raise_again(rpctry_frame_); \
    }

#define RpcAbnormalTermination() (rpctry_->abnormal)

#else /* C++ */

namespace rpctry {

/* What a guarded block answers when it ends by itself: nothing that a `return` of the user's can convert to. */
struct End {
    explicit End(int) {}
};

/* What became of a guarded block. */
struct Outcome {
    DWORD code;
    bool caught;
};

/* A function of its own, without objects that need unwinding on x64, where its exception handler must be ours. */
__attribute__((noinline, unused)) static Outcome run(void (*body)(void *), void *object, int (*filter)(rpctry_frame *),
                                                     void (*finally)(rpctry_frame *), void *context) {
    rpctry_frame frame;
    RPCTRY_MARK_FUNCTION_(&frame);
#ifndef __x86_64__
    struct Leave {
        rpctry_frame *f;
        ~Leave() { /* a C++ throw passes: no structured exception here */
            if (!f->active) return;
            rpctry_pop(f);
            if (f->finally) f->finally(f);
        }
    } leave = {&frame};
#endif
    rpctry_open(&frame, filter, context);
    frame.finally = finally;
    if (setjmp(frame.landing.buffer) == 0) {
        body(object);
        rpctry_close(&frame);
    } else {
        rpctry_pop(&frame);
    }
    Outcome outcome = {frame.code, frame.caught != 0};
    return outcome;
}

template <class F>
void call_body(void *object) {
    (*static_cast<F *>(object))();
}
template <class F>
int call_filter(rpctry_frame *f) {
    return (*static_cast<F *>(f->context))(f);
}
template <class F>
void call_finally(rpctry_frame *f) {
    (*static_cast<F *>(f->context))(true);
}

template <class Body, class Filter>
Outcome try_except(Body &body, Filter &filter) {
    return run(call_body<Body>, &body, call_filter<Filter>, NULL, &filter);
}
template <class Body, class Finally>
void try_finally(Body &body, Finally &finally) {
    run(call_body<Body>, &body, NULL, call_finally<Finally>, &finally);
    finally(false);
}

} /* namespace rpctry */

#define RpcTryExcept                                 \
    {                                                \
        auto rpctry_body_ = [&]() -> ::rpctry::End { \
            {

#define RpcExcept(expr)                                                                         \
            }                                                                                   \
            return ::rpctry::End(0);                                                            \
        };                                                                                      \
        auto rpctry_filter_ = [&](rpctry_frame *rpctry_) -> int {                               \
            (void)rpctry_;                                                                      \
            return (int)(expr);                                                                 \
        };                                                                                      \
        ::rpctry::Outcome rpctry_outcome_ = ::rpctry::try_except(rpctry_body_, rpctry_filter_); \
        ::rpctry::Outcome *rpctry_ = &rpctry_outcome_;                                          \
        if (rpctry_->caught) {

#define RpcEndExcept \
        }            \
    }

#define RpcTryFinally                                \
    {                                                \
        auto rpctry_body_ = [&]() -> ::rpctry::End { \
            {

#define RpcFinally                                          \
            }                                               \
            return ::rpctry::End(0);                        \
        };                                                  \
        auto rpctry_finally_ = [&](bool rpctry_abnormal_) { \
            (void)rpctry_abnormal_;                         \
            {

#define RpcEndFinally                                         \
            }                                                 \
        };                                                    \
        ::rpctry::try_finally(rpctry_body_, rpctry_finally_); \
    }

#define RpcAbnormalTermination() (rpctry_abnormal_)

#endif /* C++ */

#endif /* GCC */
#endif
