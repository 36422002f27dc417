// Interfaces that only a type library describes, through the system's own COM and its oleaut32: between two apartments
// of a process, and from a client's process to a local server's.
//   com_typelib                both
//   com_typelib serve EVENT    the server: registers its class, says so, and waits for the event that ends it
//   com_typelib make FILE      writes the library with the other architecture's identifiers
//   com_typelib foreign EXE    two apartments, with a library that EXE, this program of the other architecture, makes
#include <stdio.h>
#include <string.h>

#include "basics/check.h"
#include "calls.h"
#include "liar.h"
#include "server.h"
#include "support/local_server.h"

static const CLSID clsid_server = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 4, sizeof(void*)}};

// --- two apartments
// -----------------------------------------------------------------------------------------------------

static IStream* stream;

static DWORD WINAPI other_apartment(void*) {
    CHECK_EQ(CoInitializeEx(nullptr, COINIT_MULTITHREADED), S_OK);
    ITypes* types = nullptr;
    HRESULT h = CoGetInterfaceAndReleaseStream(stream, iid_types, reinterpret_cast<void**>(&types));
    CHECK_EQ(h, S_OK);
    if (types) {
        calls(types);
        types->Release();
    }
    CoUninitialize();
    return 0;
}

static void apartments() {
    IUnknown* server = new_server();
    CHECK_EQ(CoMarshalInterThreadInterfaceInStream(iid_types, server, &stream), S_OK);
    local_server::beside(other_apartment);
    CHECK_EQ(server->Release(), 0);
    CHECK_EQ(objects, 0);
}

static void client(const wchar_t*) {
    ITypes* types = nullptr;
    CHECK_EQ(CoCreateInstance(clsid_server, nullptr, CLSCTX_LOCAL_SERVER, iid_types, reinterpret_cast<void**>(&types)),
             S_OK);
    if (types) {
        calls(types);
        types->Release();
    }
}

// With the library at `path`, registered meanwhile. The server's process is this program, and so of this architecture.
static void with_library(const wchar_t* path, SYSKIND kind, bool other_process) {
    ITypeLib* library = nullptr;
    CHECK_EQ(LoadTypeLibEx(path, REGKIND_REGISTER, &library), S_OK);
    TLIBATTR* attributes = nullptr;
    if (library && SUCCEEDED(library->GetLibAttr(&attributes))) {
        CHECK_EQ(attributes->syskind, kind);
        library->ReleaseTLibAttr(attributes);
    }
    int before = g_failures;
    apartments();
    printf("apartments, kind %d: %d failures\n", kind, g_failures - before);
    if (other_process) {
        before = g_failures;
        if (library) liars(library);
        printf("liars: %d failures\n", g_failures - before);
        local_server::with_server(L"com_typelib", client);
        CHECK_EQ(objects, 0);
    }
    if (library) library->Release();
    CHECK_EQ(UnRegisterTypeLib(library_id, 1, 0, 0, kind), S_OK);
    DeleteFileW(path);
}

// The exit status of the other architecture's program, which makes the library.
static DWORD run_other(const wchar_t* program, const wchar_t* path) {
    wchar_t line[2 * MAX_PATH + 16];
    wsprintfW(line, L"\"%ls\" make %ls", program, path);
    STARTUPINFOW start = {};
    start.cb = sizeof start;
    PROCESS_INFORMATION process = {};
    DWORD code = 1;
    if (!CreateProcessW(nullptr, line, nullptr, nullptr, FALSE, 0, nullptr, nullptr, &start, &process)) return GetLastError();
    WaitForSingleObject(process.hProcess, 60000);
    GetExitCodeProcess(process.hProcess, &code);
    return code;
}

int wmain(int argc, wchar_t** argv) {
    setvbuf(stdout, nullptr, _IONBF, 0);
    bool server = argc == 3 && !wcscmp(argv[1], L"serve");
    CHECK_EQ(CoInitializeEx(nullptr, server ? COINIT_MULTITHREADED : COINIT_APARTMENTTHREADED), S_OK);
    if (server) return local_server::serve(clsid_server, new_server, argv[2]);
    if (argc == 3 && !wcscmp(argv[1], L"make")) {
        use_other_identifiers();
        return FAILED(make_library(argv[2]));
    }
    bool foreign = argc == 3 && !wcscmp(argv[1], L"foreign");
    wchar_t path[MAX_PATH], directory[MAX_PATH];
    GetTempPathW(MAX_PATH, directory);
    wsprintfW(path, L"%lscom_typelib.%u.tlb", directory, static_cast<unsigned>(GetCurrentProcessId()));
    if (foreign) {
        // Offsets and sizes in it are those of 32 bits.
        CHECK_EQ(run_other(argv[2], path), 0);
        with_library(path, SYS_WIN32, false);
    } else {
        CHECK_EQ(make_library(path), S_OK);
        with_library(path, native_kind, true);
    }
    printf("%d checks, %d failures\n", g_checks, g_failures);
    return g_failures || !g_checks;
}
