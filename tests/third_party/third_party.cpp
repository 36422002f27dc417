// Loads a DLL of somebody else's and tells what of ours it is bound to: third_party FILE
#include <windows.h>

#include <cstdio>

int main(int, char** arguments) {
    HMODULE rpcrt4 = LoadLibraryA("rpcrt4.dll");
    HMODULE theirs = LoadLibraryExA(arguments[1], nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!rpcrt4 || !theirs) return printf("not loaded: error %lu\n", GetLastError()), 1;
    auto base = reinterpret_cast<const char*>(theirs);
    auto nt = reinterpret_cast<const IMAGE_NT_HEADERS*>(base + reinterpret_cast<const IMAGE_DOS_HEADER*>(base)->e_lfanew);
    auto imports = reinterpret_cast<const IMAGE_IMPORT_DESCRIPTOR*>(
        base + nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress);
    int bound = 0, strange = 0;
    for (; imports->Name; ++imports) {
        if (lstrcmpiA(base + imports->Name, "rpcrt4.dll") != 0) continue;
        auto names = reinterpret_cast<const IMAGE_THUNK_DATA*>(base + imports->OriginalFirstThunk);
        auto addresses = reinterpret_cast<const IMAGE_THUNK_DATA*>(base + imports->FirstThunk);
        for (; names->u1.AddressOfData; ++names, ++addresses) {
            const char* name = reinterpret_cast<const IMAGE_IMPORT_BY_NAME*>(base + names->u1.AddressOfData)->Name;
            const auto address = static_cast<ULONG_PTR>(addresses->u1.Function);
            const bool same = address == reinterpret_cast<ULONG_PTR>(GetProcAddress(rpcrt4, name));
            printf("%s%s\n", name, same ? "" : " is bound elsewhere");
            ++(same ? bound : strange);
        }
    }
    printf("%d names, %d elsewhere\n", bound, strange);
    return strange != 0 || bound == 0;
}
