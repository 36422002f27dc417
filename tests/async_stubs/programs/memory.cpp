// The stubs' memory, counted, and the cases' variables; in both programs.
#include "stubs/programs/common.h"

#include <rpcndr.h>

int failures, checks;
volatile long allocations, rundowns, last_rundown;
const char* pairing = "";
long widl_leaves;

extern "C" {
void* __RPC_USER MIDL_user_allocate(size_t size) {
    InterlockedIncrement(&allocations);
    return HeapAlloc(GetProcessHeap(), 0, size);
}
void __RPC_USER MIDL_user_free(void* p) {
    if (!p) return;
    InterlockedDecrement(&allocations);
    HeapFree(GetProcessHeap(), 0, p);
}
}

char* copy_text(const char* text) {
    auto p = static_cast<char*>(MIDL_user_allocate(strlen(text) + 1));
    return strcpy(p, text);
}
