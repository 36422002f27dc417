#include "stub/proxy/guard.h"

#include "base/abi_types.h"
#include "base/seh.h"

namespace rpc::com {

uint32_t guard_unmarshalling(void (*body)(void*), void* context, const uint32_t* phase) {
    struct Frame {
        void (*body)(void*);
        void* context;
        const uint32_t* phase;
        uint32_t code;
    } frame{body, context, phase, 0};
    int caught = rpc_seh_try([](void* p) { static_cast<Frame*>(p)->body(static_cast<Frame*>(p)->context); }, &frame,
                             [](EXCEPTION_POINTERS* exception, void* p) -> int {
                                 auto& f = *static_cast<Frame*>(p);
                                 f.code = exception->ExceptionRecord->ExceptionCode;
                                 bool ours = *f.phase == STUB_UNMARSHAL && !is_fatal_exception(f.code);
                                 return ours ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH;
                             });
    if (!caught) return 0;
    return frame.code ? frame.code : static_cast<uint32_t>(0xC0000001);
}

}  // namespace rpc::com
