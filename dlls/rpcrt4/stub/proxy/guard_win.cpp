#include "stub/proxy/guard.h"

#include <windows.h>

#include "base/abi_types.h"
#include "base/log.h"
#include "base/seh.h"

namespace rpc::com {

namespace {

struct Frame {
    void (*body)(void*);
    void* context;
    const uint32_t* phase;
    const Channel* channel;
    uint32_t code;
    bool of_method;
};

// By its methods, which are constants of their module.
bool is_coms_own(const Channel* channel) {
    HMODULE module = nullptr;
    constexpr DWORD how = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    if (!channel || !GetModuleHandleExW(how, reinterpret_cast<const wchar_t*>(channel->vtbl), &module) || !module) return false;
    return module == GetModuleHandleW(L"combase.dll") || module == GetModuleHandleW(L"ole32.dll");
}

constexpr bool always_passes(uint32_t code) {
    switch (code) {
    case 0x80000001:  // STATUS_GUARD_PAGE_VIOLATION
    case 0x80000003:  // STATUS_BREAKPOINT
    case 0x80000004:  // STATUS_SINGLE_STEP
    case 0xC00000FD:  // STATUS_STACK_OVERFLOW
        return true;
    }
    return false;
}

int filter(EXCEPTION_POINTERS* exception, void* context) {
    auto& f = *static_cast<Frame*>(context);
    f.code = exception->ExceptionRecord->ExceptionCode;
    if (*f.phase == STUB_UNMARSHAL && !is_fatal_exception(f.code)) return EXCEPTION_EXECUTE_HANDLER;
    if (always_passes(f.code) || !is_coms_own(f.channel)) return EXCEPTION_CONTINUE_SEARCH;
    f.of_method = true;
    return EXCEPTION_EXECUTE_HANDLER;
}

}  // namespace

uint32_t guard_invoke(void (*body)(void*), void* context, const uint32_t* phase, const Channel* channel) {
    Frame frame{body, context, phase, channel, 0, false};
    if (!rpc_seh_try([](void* p) { static_cast<Frame*>(p)->body(static_cast<Frame*>(p)->context); }, &frame, filter)) return 0;
    if (frame.of_method) {
        RPC_LOG(error, "a COM method raised 0x%x", frame.code);
        return static_cast<uint32_t>(rpc_e_server_fault);
    }
    return frame.code ? frame.code : static_cast<uint32_t>(0xC0000001);
}

}  // namespace rpc::com
