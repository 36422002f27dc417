#pragma once
// A COM class that one process serves to another, both being runs of the same program: `PROGRAM serve NAME` is the server's.
#include <windows.h>

#include <objbase.h>
#include <stdio.h>
#include <wchar.h>

#include "basics/check.h"

namespace local_server {

// The class object of what `create` makes: one reference, its IUnknown.
struct Class : IClassFactory {
    IUnknown* (*create)();
    explicit Class(IUnknown* (*c)()) : create(c) {}
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
        IUnknown* server = create();
        HRESULT h = server->QueryInterface(iid, object);
        server->Release();
        return h;
    }
    HRESULT STDMETHODCALLTYPE LockServer(BOOL) override { return S_OK; }
};

// The event that the processes call NAME.what.
inline HANDLE event_of(const wchar_t* name, const wchar_t* what) {
    wchar_t full[96];
    wsprintfW(full, L"%ls.%ls", name, what);
    return CreateEventW(nullptr, TRUE, FALSE, full);
}

// The server's process, from its class's registration to the event that ends it; its exit status.
inline int serve(const CLSID& clsid, IUnknown* (*create)(), const wchar_t* name) {
    static Class factory(create);
    DWORD cookie = 0;
    CHECK_EQ(CoRegisterClassObject(clsid, &factory, CLSCTX_LOCAL_SERVER, REGCLS_MULTIPLEUSE, &cookie), S_OK);
    CHECK(SetEvent(event_of(name, L"ready")));
    WaitForSingleObject(event_of(name, L"end"), 120000);
    CoRevokeClassObject(cookie);
    printf("server: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}

// Another run of this program.
inline HANDLE start(const wchar_t* arguments) {
    wchar_t program[MAX_PATH], line[MAX_PATH + 100];
    GetModuleFileNameW(nullptr, program, MAX_PATH);
    wsprintfW(line, L"\"%ls\" %ls", program, arguments);
    STARTUPINFOW start = {};
    start.cb = sizeof start;
    PROCESS_INFORMATION process = {};
    CHECK(CreateProcessW(program, line, nullptr, nullptr, FALSE, 0, nullptr, nullptr, &start, &process));
    return process.hProcess;
}

inline DWORD exit_code(HANDLE process) {
    CHECK_EQ(WaitForSingleObject(process, 60000), WAIT_OBJECT_0);
    DWORD code = 0xdead;
    GetExitCodeProcess(process, &code);
    CloseHandle(process);
    return code;
}

// client(name) while a server runs, which has to end in order.
template <class F>
void with_server(const wchar_t* kind, F&& client) {
    wchar_t name[64], arguments[80];
    wsprintfW(name, L"%ls.%u", kind, static_cast<unsigned>(GetCurrentProcessId()));
    wsprintfW(arguments, L"serve %ls", name);
    HANDLE ready = event_of(name, L"ready"), end = event_of(name, L"end");
    HANDLE server = start(arguments);
    HANDLE both[2] = {ready, server};
    CHECK_EQ(WaitForMultipleObjects(2, both, FALSE, 60000), WAIT_OBJECT_0);
    client(name);
    SetEvent(end);
    CHECK_EQ(exit_code(server), 0);
    CloseHandle(ready);
    CloseHandle(end);
}

// Serves this apartment's calls until the event comes.
inline void pump(HANDLE until) {
    for (;;) {
        MSG msg;
        DWORD woke = MsgWaitForMultipleObjects(1, &until, FALSE, 60000, QS_ALLINPUT);
        while (PeekMessageW(&msg, nullptr, 0, 0, PM_REMOVE)) DispatchMessageW(&msg);
        if (woke != WAIT_OBJECT_0 + 1) return;
    }
}

// Runs `other` on a thread, this apartment's objects answering meanwhile.
inline void beside(LPTHREAD_START_ROUTINE other) {
    HANDLE thread = CreateThread(nullptr, 0, other, nullptr, 0, nullptr);
    pump(thread);
    CHECK_EQ(WaitForSingleObject(thread, 60000), WAIT_OBJECT_0);
    CloseHandle(thread);
}

}  // namespace local_server
