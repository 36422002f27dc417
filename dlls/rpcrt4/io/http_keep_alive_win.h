#pragma once
// Keeps the connections over HTTP alive: one thread, from the first of them on, has each send a ping when it sent nothing for a
// while. Source: [MS-RPCH] 3.2.2.2.1, 3.2.2.6.1.
#include "io/http_stream_win.h"

namespace rpc::io {

// From now until forget_keep_alive(), which the destructor calls. The list observes. out_of_memory: no thread can be had.
Status begin_keep_alive(HttpStream& stream);
void forget_keep_alive(HttpStream& stream);

}  // namespace rpc::io
