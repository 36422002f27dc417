#include "abi/node_address.h"

#include <winsock2.h>
#include <windows.h>
#include <winternl.h>
#include <iphlpapi.h>

#include <atomic>
#include <cstring>

#include "base/alloc.h"
#include "base/os.h"

extern "C" {
NTSTATUS NTAPI LdrLockLoaderLock(ULONG flags, ULONG* disposition, ULONG_PTR* cookie);
NTSTATUS NTAPI LdrUnlockLoaderLock(ULONG flags, ULONG_PTR cookie);
}

namespace rpc::abi {
namespace {

constexpr uint64_t asked = uint64_t{1} << 63;
constinit std::atomic<uint64_t> g_node{0};  // once asked: `asked` and the six bytes, which are zeros when there is none

// The loader lock, if it is free.
class LoaderLock {
public:
    LoaderLock() {
        constexpr ULONG try_only = 2;
        constexpr ULONG acquired = 1;
        ULONG disposition = 0;
        held_ = !os::holds_loader_lock() && LdrLockLoaderLock(try_only, &disposition, &cookie_) >= 0 && disposition == acquired;
    }
    ~LoaderLock() {
        if (held_) LdrUnlockLoaderLock(0, cookie_);
    }
    LoaderLock(const LoaderLock&) = delete;
    LoaderLock& operator=(const LoaderLock&) = delete;
    bool held() const { return held_; }

private:
    ULONG_PTR cookie_ = 0;
    bool held_ = false;
};

bool is_hardware_address(const IP_ADAPTER_INFO& adapter) {
    constexpr uint8_t none[6] = {};
    return adapter.AddressLength == 6 && !(adapter.Address[0] & 1) && std::memcmp(adapter.Address, none, 6) != 0;
}

// False when the system cannot be asked now; leaves `node` as it is when there is no address.
bool ask_system(uint8_t (&node)[6]) {
    LoaderLock lock;
    if (!lock.held()) return false;
    HMODULE library = LoadLibraryW(L"iphlpapi.dll");
    if (!library) return true;
    auto ask = reinterpret_cast<decltype(&GetAdaptersInfo)>(
        reinterpret_cast<void*>(GetProcAddress(library, "GetAdaptersInfo")));
    ULONG size = 0;
    bool found = false;
    if (ask && ask(nullptr, &size) == ERROR_BUFFER_OVERFLOW) {
        auto* adapters = static_cast<IP_ADAPTER_INFO*>(mem_alloc(size));
        if (adapters && ask(adapters, &size) == ERROR_SUCCESS)
            for (const IP_ADAPTER_INFO* a = adapters; a && !found; a = a->Next)
                if ((found = is_hardware_address(*a))) std::memcpy(node, a->Address, sizeof node);
        mem_free(adapters);
    }
    FreeLibrary(library);
    return true;
}

}  // namespace

bool node_address(uint8_t (&node)[6]) {
    uint64_t value = g_node.load(std::memory_order_acquire);
    if (!value) {
        uint8_t found[6] = {};
        if (!ask_system(found)) return false;
        std::memcpy(&value, found, sizeof found);
        value |= asked;
        g_node.store(value, std::memory_order_release);
    }
    if (value == asked) return false;
    std::memcpy(node, &value, sizeof node);
    return true;
}

}  // namespace rpc::abi
