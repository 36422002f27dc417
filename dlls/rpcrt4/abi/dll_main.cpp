// The entry point. At process exit (reserved is not null) nothing is touched: the other threads are dead and may have held
// locks.
#include <windows.h>

#include "abi/pipe_entries.h"
#include "base/alloc.h"
#include "base/module.h"
#include "link/idle.h"
#include "stub/interface_pointer.h"

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void* reserved) {
    switch (reason) {
    case DLL_PROCESS_ATTACH:
        rpc::abi::install_pipe_entries();
        rpc::ndr::set_interface_hook(rpc::stub::interface_pointer);
        rpc::link::set_linger(rpc::link::documented_linger_ms);
        return rpc::module_attach();
    case DLL_THREAD_DETACH:
        rpc::module_thread_detach();
        break;
    case DLL_PROCESS_DETACH:
        if (reserved) break;
        rpc::module_detach();
        rpc::mem_drop_brief();
        break;
    }
    return TRUE;
}
