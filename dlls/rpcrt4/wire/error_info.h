#pragma once
// A chain of error records as the peer's runtime and RpcErrorSaveErrorInfo get it: the structure of [MS-EERR] 2.2.1.8 and
// appendix A by type serialization version 1 ([MS-RPCE] 2.2.6), from the newest record to the root cause. Its top level is
// written as a pointer, and read as a pointer or as the structure itself: the text leaves open which.
#include "base/error_record.h"
#include "base/status.h"

namespace rpc::wire {

// Appends the chain, which is not empty. The newest record gets the name `computer` (UTF-16, terminated; may be empty)
// unless it has one. What takes more than `limit` bytes is shortened as the page "Reliability of Extended Error Information"
// says: records go, from the last but one backwards, and then all text; the neighbours' flags tell. out_of_memory;
// invalid_arg: it does not fit. `out` is as it was then.
Status encode_error_info(const ErrorChain& chain, ByteView computer, size_t limit, Buffer& out);

// Replaces `chain`. Memory stays in proportion to the blob. bad_stub_data, out_of_memory: `chain` is as it was.
Status decode_error_info(ByteView blob, ErrorChain& chain);

}  // namespace rpc::wire
