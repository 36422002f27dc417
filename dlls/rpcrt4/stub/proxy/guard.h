#pragma once
// What a stub's Invoke catches.
#include <cstdint>

#include "stub/proxy/com.h"

namespace rpc::com {

// body(context), and the code of an exception that ends here; 0: it returned. What leaves it while *phase is STUB_UNMARSHAL is this stub's
// answer. What the server's method raises is the channel's business and passes, fatal codes (base/seh.h) too, with one exception: COM turns
// every exception of a method, fatal ones included, into RPC_E_SERVERFAULT for the client (documentation page of IGlobalOptions,
// COMGLB_EXCEPTION_HANDLE), and Wine's channel leaves that to whoever it calls, whose process would end. So under a channel of ole32's
// or combase's it is the answer of the stub. A debugger's events and the end of the stack pass always.
// Host: a plain call.
[[nodiscard]] uint32_t guard_invoke(void (*body)(void*), void* context, const uint32_t* phase, const Channel* channel);

}  // namespace rpc::com
