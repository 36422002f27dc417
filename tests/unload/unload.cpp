// The life of the DLL in a process that loads it by name: what needs no thread leaves it free to go, and comes and goes
// many times.
#include <windows.h>

#include "../basics/check.h"

namespace {

HMODULE loaded() { return GetModuleHandleA("rpcrt4.dll"); }

// All but GUID, so that no import of ours or of ole32 creeps in.
struct Id {
    unsigned char bytes[16];
};

template <class F>
F* find(HMODULE module, const char* name) {
    return reinterpret_cast<F*>(reinterpret_cast<void*>(GetProcAddress(module, name)));
}

bool use_and_free(const char* create) {
    HMODULE module = LoadLibraryA("rpcrt4.dll");
    auto* make = module ? find<long WINAPI(Id*)>(module, create) : nullptr;
    Id id;
    bool made = make && (make(&id) == 0 || make(&id) == 1824 /* RPC_S_UUID_LOCAL_ONLY */);
    return FreeLibrary(module) && made;
}

DWORD WINAPI use_on_a_thread(void*) {
    HMODULE module = loaded();
    auto* make = find<long WINAPI(Id*)>(module, "UuidCreate");
    Id id;
    return make(&id);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    CHECK(!loaded());
    for (const char* create : {"UuidCreate", "UuidCreateSequential"}) {
        CHECK(use_and_free(create));
        CHECK(!loaded());
    }
    for (int i = 0; i < 50; ++i) CHECK(use_and_free("UuidCreate"));
    CHECK(!loaded());

    // Threads that used it come and go while it is loaded, and it still goes.
    HMODULE module = LoadLibraryA("rpcrt4.dll");
    for (int i = 0; i < 20; ++i) {
        HANDLE thread = CreateThread(nullptr, 0, use_on_a_thread, nullptr, 0, nullptr);
        WaitForSingleObject(thread, INFINITE);
        DWORD status = 1;
        GetExitCodeThread(thread, &status);
        CHECK_EQ(status, 0);
        CloseHandle(thread);
    }
    CHECK(FreeLibrary(module));
    CHECK(!loaded());
    printf("unload: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
