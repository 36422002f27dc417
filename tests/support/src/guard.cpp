#include "support/guard.h"
#include <rpctry.h>
#include <stdio.h>

unsigned guarded_call(void (*body)(void*), void* context) {
    volatile unsigned raised = 0;
    RpcTryExcept {
        body(context);
    } RpcExcept(EXCEPTION_EXECUTE_HANDLER) {
        raised = RpcExceptionCode();
    } RpcEndExcept
    return raised;
}

std::string Outcome::text() const {
    char buffer[48];
    if (raised) {
        snprintf(buffer, sizeof buffer, raised < 0x10000 ? "raised %u" : "raised %08x", raised);
    } else {
        snprintf(buffer, sizeof buffer, value >= -9 && value < 0x100000 ? "%lld" : "%08llx",
                 static_cast<long long>(value >= -9 && value < 0x100000 ? value : value & 0xffffffff));
    }
    return buffer;
}
