#pragma once
// What the generated stubs of declining exports call. No Windows header here: the stubs define names that those declare.
#include <atomic>

namespace rpc::abi {

struct DecliningExport {
    const char* name;
    std::atomic<bool> logged{false};
};

// Each logs the name the first time it is called. Any thread, also under the loader lock.
long decline_with_status(DecliningExport& which);   // answers RPC_S_CANNOT_SUPPORT
long decline_with_hresult(DecliningExport& which);  // answers E_NOTIMPL
[[noreturn]] void decline_with_raise(DecliningExport& which);  // raises RPC_S_CANNOT_SUPPORT

}  // namespace rpc::abi

// Sections of their own let tools/check-exports see in the built DLL which exports decline.
#define DECLINING_CODE __attribute__((section(".decline")))
#define DECLINING_DATA __attribute__((section(".decldat"))) extern
