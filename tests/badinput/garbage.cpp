#include "garbage.h"
#include <string.h>

unsigned char* page(int fill, DWORD protection) {
    auto* p = static_cast<unsigned char*>(VirtualAlloc(nullptr, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE));
    unsigned noise = 12345;
    for (int i = 0; i < 4096; ++i)
        p[i] = static_cast<unsigned char>(fill >= 0 ? fill : (noise = noise * 1103515245 + 12345) >> 16);
    DWORD old;
    VirtualProtect(p, 4096, protection, &old);
    return p;
}

// A committed page with an unmapped one behind it.
static unsigned char* last_page() {
    auto* p = static_cast<unsigned char*>(VirtualAlloc(nullptr, 8192, MEM_RESERVE, PAGE_NOACCESS));
    VirtualAlloc(p, 4096, MEM_COMMIT, PAGE_READWRITE);
    memset(p, 0x41, 4096);
    return p;
}

const std::vector<Garbage>& garbage() {
    static const std::vector<Garbage> all = [] {
        static long local;
        void* freed = VirtualAlloc(nullptr, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
        VirtualFree(freed, 0, MEM_RELEASE);
        return std::vector<Garbage>{
            {"1", reinterpret_cast<void*>(1)},
            {"0x10", reinterpret_cast<void*>(0x10)},
            {"-1", reinterpret_cast<void*>(-1)},
            {"the top of the address space", reinterpret_cast<void*>(~static_cast<uintptr_t>(0xfff))},
            {"an unmapped page", freed},
            {"a page without access", page(0, PAGE_NOACCESS)},
            {"a read-only page of zeros", page(0, PAGE_READONLY)},
            {"a page of zeros", page(0)},
            {"a page of ff", page(0xff)},
            {"a page of noise", page(-1)},
            {"a misaligned address", page(0) + 3},
            {"the last 4 bytes of a page", last_page() + 4092},
            {"the last byte of a page", last_page() + 4095},
            {"code", reinterpret_cast<void*>(&garbage)},
            {"static data", &local},
        };
    }();
    return all;
}
