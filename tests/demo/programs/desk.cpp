#include "desk.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The stubs' memory.
void* __RPC_USER MIDL_user_allocate(size_t size) { return malloc(size); }
void __RPC_USER MIDL_user_free(void* memory) { free(memory); }

namespace desk {

void say(const char* format, ...) {
    static const ULONGLONG start = GetTickCount64();
    char text[400];
    int at = snprintf(text, sizeof text, "%4llu ms  ", GetTickCount64() - start);
    va_list arguments;
    va_start(arguments, format);
    at += __mingw_vsnprintf(text + at, sizeof text - at - 1, format, arguments);
    va_end(arguments);
    if (at > static_cast<int>(sizeof text) - 2) at = sizeof text - 2;
    text[at++] = '\n';
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, static_cast<DWORD>(at), &written, nullptr);
}

const wchar_t* protocol_sequence(const char* name) {
    if (!strcmp(name, "lrpc") || !strcmp(name, "ncalrpc")) return L"ncalrpc";
    if (!strcmp(name, "np") || !strcmp(name, "ncacn_np")) return L"ncacn_np";
    if (!strcmp(name, "tcp") || !strcmp(name, "ncacn_ip_tcp")) return L"ncacn_ip_tcp";
    return nullptr;
}

}  // namespace desk
