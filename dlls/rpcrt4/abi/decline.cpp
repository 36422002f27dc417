#include "abi/decline.h"

#include <windows.h>

#include "abi/raise.h"
#include "base/log.h"

namespace rpc::abi {

static void log_once(DecliningExport& which) {
    if (!which.logged.exchange(true, std::memory_order_relaxed))
        RPC_LOG(warn, "%s: not supported yet, declining", which.name);
}

long decline_with_status(DecliningExport& which) {
    log_once(which);
    return static_cast<long>(code(Status::cannot_support));
}

long decline_with_hresult(DecliningExport& which) {
    log_once(which);
    return E_NOTIMPL;
}

void decline_with_raise(DecliningExport& which) {
    log_once(which);
    raise(Status::cannot_support);
}

}  // namespace rpc::abi
