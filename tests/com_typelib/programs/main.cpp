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
#include "server.h"

static const CLSID clsid_server = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 4, sizeof(void*)}};

struct Class : IClassFactory {
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override {
        *object = nullptr;
        if (!IsEqualIID(iid, IID_IUnknown) && !IsEqualIID(iid, IID_IClassFactory)) return E_NOINTERFACE;
        *object = this;
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return 2; }
    ULONG STDMETHODCALLTYPE Release() override { return 1; }
    HRESULT STDMETHODCALLTYPE CreateInstance(IUnknown* outer, REFIID iid, void** object) override {
        if (outer) return CLASS_E_NOAGGREGATION;
        IUnknown* server = new_server();
        HRESULT h = server->QueryInterface(iid, object);
        server->Release();
        return h;
    }
    HRESULT STDMETHODCALLTYPE LockServer(BOOL) override { return S_OK; }
};

static void pump(HANDLE until) {
    for (;;) {
        MSG msg;
        DWORD woke = MsgWaitForMultipleObjects(1, &until, FALSE, 60000, QS_ALLINPUT);
        while (PeekMessageW(&msg, nullptr, 0, 0, PM_REMOVE)) DispatchMessageW(&msg);
        if (woke != WAIT_OBJECT_0 + 1) return;
    }
}

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
    HANDLE thread = CreateThread(nullptr, 0, other_apartment, nullptr, 0, nullptr);
    pump(thread);
    CHECK_EQ(WaitForSingleObject(thread, 60000), WAIT_OBJECT_0);
    CloseHandle(thread);
    CHECK_EQ(server->Release(), 0);
    CHECK_EQ(objects, 0);
}

// --- two processes
// ------------------------------------------------------------------------------------------------------

static int serve(const wchar_t* name) {
    HANDLE end = OpenEventW(SYNCHRONIZE, FALSE, name);
    static Class factory;
    DWORD cookie = 0;
    CHECK_EQ(CoRegisterClassObject(clsid_server, &factory, CLSCTX_LOCAL_SERVER, REGCLS_MULTIPLEUSE, &cookie), S_OK);
    wchar_t ready[64];
    wsprintfW(ready, L"%ls.ready", name);
    HANDLE event = OpenEventW(EVENT_MODIFY_STATE, FALSE, ready);
    CHECK(SetEvent(event));
    WaitForSingleObject(end, 120000);
    CoRevokeClassObject(cookie);
    printf("server: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}

static void processes() {
    wchar_t name[64], ready_name[80], program[MAX_PATH], line[MAX_PATH + 100];
    wsprintfW(name, L"com_typelib.%u", static_cast<unsigned>(GetCurrentProcessId()));
    wsprintfW(ready_name, L"%ls.ready", name);
    HANDLE end = CreateEventW(nullptr, TRUE, FALSE, name), ready = CreateEventW(nullptr, TRUE, FALSE, ready_name);
    GetModuleFileNameW(nullptr, program, MAX_PATH);
    wsprintfW(line, L"\"%ls\" serve %ls", program, name);
    STARTUPINFOW start = {};
    start.cb = sizeof start;
    PROCESS_INFORMATION process = {};
    CHECK(CreateProcessW(program, line, nullptr, nullptr, FALSE, 0, nullptr, nullptr, &start, &process));
    HANDLE both[2] = {ready, process.hProcess};
    CHECK_EQ(WaitForMultipleObjects(2, both, FALSE, 60000), WAIT_OBJECT_0);
    ITypes* types = nullptr;
    CHECK_EQ(CoCreateInstance(clsid_server, nullptr, CLSCTX_LOCAL_SERVER, iid_types, reinterpret_cast<void**>(&types)),
             S_OK);
    if (types) {
        calls(types);
        types->Release();
    }
    SetEvent(end);
    CHECK_EQ(WaitForSingleObject(process.hProcess, 60000), WAIT_OBJECT_0);
    DWORD code = 1;
    GetExitCodeProcess(process.hProcess, &code);
    CHECK_EQ(code, 0);
    CHECK_EQ(objects, 0);
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
    if (other_process) processes();
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
    if (server) return serve(argv[2]);
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
