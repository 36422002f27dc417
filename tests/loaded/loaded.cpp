// Which rpcrt4.dll is in this process? `loaded ours` and `loaded builtin` fail when it is the other one: without this,
// every test could pass on the wrong DLL. Ours has a version that programs take for Windows 10's.
#include <windows.h>
#include <rpc.h>
#include <cstdio>
#include <cstring>

int main(int argc, char **argv) {
    if (argc != 2) {
        std::puts("usage: loaded ours|builtin");
        return 2;
    }
    // An import, so that the loader brings the DLL. It need not do its work yet.
    volatile auto import = &UuidIsNil;
    (void)import;

    char path[MAX_PATH] = "";
    HMODULE module = GetModuleHandleA("rpcrt4.dll");
    GetModuleFileNameA(module, path, sizeof path);
    HRSRC info = FindResourceA(module, MAKEINTRESOURCEA(VS_VERSION_INFO), MAKEINTRESOURCEA(16 /* RT_VERSION */));
    const DWORD size = info ? SizeofResource(module, info) : 0;
    const char *bytes = info ? static_cast<const char *>(LockResource(LoadResource(module, info))) : nullptr;
    const char name[] = "r\0p\0c\0r\0t\0""4\0 \0f\0o\0r\0 \0W\0i\0n\0e";
    bool ours = false;
    for (DWORD at = 0; at + sizeof name - 1 <= size; ++at) {
        ours = ours || std::memcmp(bytes + at, name, sizeof name - 1) == 0;
    }
    VS_FIXEDFILEINFO fixed = {};
    for (DWORD at = 0; at + sizeof fixed <= size && fixed.dwSignature != VS_FFI_SIGNATURE; at += 4) {
        std::memcpy(&fixed, bytes + at, sizeof fixed);
    }
    const bool numbered = fixed.dwSignature == VS_FFI_SIGNATURE && HIWORD(fixed.dwFileVersionMS) == 10 && fixed.dwProductVersionMS == fixed.dwFileVersionMS;
    std::printf("%s: %s, %s, version %u.%u.%u\n", ARCH, path, ours ? "ours" : "not ours", HIWORD(fixed.dwFileVersionMS),
                LOWORD(fixed.dwFileVersionMS), HIWORD(fixed.dwFileVersionLS));
    return module && size && ours == (std::strcmp(argv[1], "ours") == 0) && (!ours || numbered) ? 0 : 1;
}
