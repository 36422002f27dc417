// Every name of the export table is there. Those that decline are called with zeros for arguments: each returns or raises
// what the table says, and the x86 stack is where it was.
#include <windows.h>

#include <string.h>

#include "base/arch/primitives.h"
#include "check.h"

namespace {

struct Export {
    const char* name;
    const char* kind;
    unsigned slots;
    const char* decline;
    bool declines;
};
const Export exports[] = {
#include "exports.inc"
};

constexpr unsigned long cannot_support = 1764;

struct Call {
    void* function;
    unsigned slots;
    unsigned long result;
    unsigned long raised;
};

void call(void* p) {
    static const rpc::Slot zeros[16] = {};
    auto* c = static_cast<Call*>(p);
    c->result = static_cast<unsigned long>(rpc::rpc_call_slots(c->function, zeros, c->slots, nullptr));
}
int keep_code(EXCEPTION_POINTERS* exception, void* p) {
    static_cast<Call*>(p)->raised = exception->ExceptionRecord->ExceptionCode;
    return EXCEPTION_EXECUTE_HANDLER;
}

bool declines_as_told(const Export& e, void* function) {
    Call c{function, e.slots, 0xDEAD, 0};
    bool raised = rpc::rpc_seh_try(call, &c, keep_code);
    if (!strcmp(e.decline, "raise")) return raised && c.raised == cannot_support;
    return !raised && c.result == (!strcmp(e.decline, "status") ? cannot_support : static_cast<unsigned long>(E_NOTIMPL));
}

bool is_zero(const void* data, size_t size) {
    auto* p = static_cast<const unsigned char*>(data);
    for (size_t i = 0; i < size; ++i)
        if (p[i]) return false;
    return true;
}

}  // namespace

void test_every_name() {
    HMODULE module = GetModuleHandleA("rpcrt4.dll");
    unsigned found = 0, declining = 0;
    for (const Export& e : exports) {
        void* address = reinterpret_cast<void*>(GetProcAddress(module, e.name));
        check(address != nullptr, __FILE__, __LINE__, e.name);
        if (!address) continue;
        ++found;
        if (!e.declines) continue;
        ++declining;
        bool right = !strcmp(e.kind, "data") ? is_zero(address, 256) : declines_as_told(e, address);
        check(right, __FILE__, __LINE__, e.name);
    }
    printf("basics: %u names, %u decline\n", found, declining);
    CHECK_EQ(found, sizeof exports / sizeof exports[0]);
    CHECK(!GetProcAddress(module, "RpcNoSuchFunction"));
}
