// The DLL as a module: who it says it is, and what works while the loader lock is held.
#include <windows.h>
#include <rpc.h>

#include <string.h>
#include <winver.h>

#include "check.h"

extern "C" {
NTSTATUS NTAPI LdrLockLoaderLock(ULONG flags, ULONG* disposition, ULONG_PTR* cookie);
NTSTATUS NTAPI LdrUnlockLoaderLock(ULONG flags, ULONG_PTR cookie);
}

namespace {

// Programs compare the numeric version with Windows'.
void test_version() {
    HMODULE module = GetModuleHandleA("rpcrt4.dll");
    HRSRC resource = FindResourceA(module, MAKEINTRESOURCEA(VS_VERSION_INFO), MAKEINTRESOURCEA(16));
    CHECK(resource != nullptr);
    if (!resource) return;
    auto* data = static_cast<const char*>(LockResource(LoadResource(module, resource)));
    DWORD size = SizeofResource(module, resource);
    const VS_FIXEDFILEINFO* fixed = nullptr;
    for (DWORD i = 0; i + sizeof(VS_FIXEDFILEINFO) <= size && !fixed; i += 4)
        if (*reinterpret_cast<const DWORD*>(data + i) == VS_FFI_SIGNATURE)
            fixed = reinterpret_cast<const VS_FIXEDFILEINFO*>(data + i);
    CHECK(fixed != nullptr);
    if (!fixed) return;
    CHECK_EQ(fixed->dwFileVersionMS, MAKELONG(0, 10));
    CHECK_EQ(HIWORD(fixed->dwFileVersionLS), 19041);
    CHECK_EQ(fixed->dwFileType, VFT_DLL);
}

DWORD WINAPI use_everything(void*) {
    UUID uuid;
    RPC_CSTR text = nullptr;
    if (UuidCreate(&uuid) != RPC_S_OK) return 1;
    RPC_STATUS sequential = UuidCreateSequential(&uuid);
    if (sequential != RPC_S_OK && sequential != RPC_S_UUID_LOCAL_ONLY) return 2;
    if (UuidToStringA(&uuid, &text) != RPC_S_OK) return 3;
    if (UuidFromStringA(text, &uuid) != RPC_S_OK) return 4;
    RPC_CSTR binding = nullptr;
    auto* ncalrpc = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>("ncalrpc"));
    if (RpcStringBindingComposeA(text, ncalrpc, nullptr, nullptr, nullptr, &binding) != RPC_S_OK) return 5;
    if (RpcStringBindingParseA(binding, nullptr, nullptr, nullptr, nullptr, nullptr) != RPC_S_OK) return 6;
    RpcStringFreeA(&binding);
    RpcStringFreeA(&text);
    return 0;
}

// Another thread holds the loader lock and waits for this one, as a DllMain might.
struct Holder {
    HANDLE held, done;
};
DWORD WINAPI hold_loader_lock(void* p) {
    auto* h = static_cast<Holder*>(p);
    ULONG disposition = 0;
    ULONG_PTR cookie = 0;
    LdrLockLoaderLock(0, &disposition, &cookie);
    SetEvent(h->held);
    DWORD waited = WaitForSingleObject(h->done, 20000);
    LdrUnlockLoaderLock(0, cookie);
    return waited;
}

void test_loader_lock() {
    // A thread of its own start is under the lock too: this one does the work.
    Holder h{CreateEventA(nullptr, TRUE, FALSE, nullptr), CreateEventA(nullptr, TRUE, FALSE, nullptr)};
    HANDLE thread = CreateThread(nullptr, 0, hold_loader_lock, &h, 0, nullptr);
    WaitForSingleObject(h.held, INFINITE);
    CHECK_EQ(use_everything(nullptr), 0);
    SetEvent(h.done);
    WaitForSingleObject(thread, INFINITE);
    DWORD waited = WAIT_TIMEOUT;
    GetExitCodeThread(thread, &waited);
    CHECK_EQ(waited, WAIT_OBJECT_0);  // not given up on

    ULONG disposition = 0;
    ULONG_PTR cookie = 0;
    LdrLockLoaderLock(0, &disposition, &cookie);
    CHECK_EQ(use_everything(nullptr), 0);
    LdrUnlockLoaderLock(0, cookie);
    CloseHandle(thread);
    CloseHandle(h.held);
    CloseHandle(h.done);
}

// The exports leave the thread's last error alone when they succeed.
void test_last_error() {
    SetLastError(0xABCD);
    CHECK_EQ(use_everything(nullptr), 0);
    CHECK_EQ(GetLastError(), 0xABCD);
}

// Older Windows had these names for what has others now.
void test_old_names() {
    const struct {
        const char *old, *name;
    } pairs[] = {{"I_RpcAbortAsyncCall", "I_RpcAsyncAbortCall"},          {"I_RpcSetAsyncHandle", "I_RpcAsyncSetHandle"},
                 {"RpcAbortAsyncCall", "RpcAsyncAbortCall"},              {"RpcCancelAsyncCall", "RpcAsyncCancelCall"},
                 {"RpcCompleteAsyncCall", "RpcAsyncCompleteCall"},        {"RpcGetAsyncCallStatus", "RpcAsyncGetCallStatus"},
                 {"RpcInitializeAsyncHandle", "RpcAsyncInitializeHandle"}, {"RpcRegisterAsyncInfo", "RpcAsyncRegisterInfo"}};
    HMODULE module = GetModuleHandleA("rpcrt4.dll");
    for (const auto& p : pairs) {
        const auto old = reinterpret_cast<ULONG_PTR>(GetProcAddress(module, p.old));
        CHECK(old != 0);
        CHECK_EQ(old, reinterpret_cast<ULONG_PTR>(GetProcAddress(module, p.name)));
    }
}

}  // namespace

void test_module() {
    test_loader_lock();  // first: nothing has been asked for yet
    test_version();
    CHECK_EQ(use_everything(nullptr), 0);
    test_last_error();
    test_old_names();
}
