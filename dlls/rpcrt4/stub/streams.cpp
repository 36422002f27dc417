// Which procedures want their requests as they come: asked when an interface is registered, of descriptions that another
// maker's dispatch routines may have given another meaning, so that everything is read guarded.
#include "base/guard.h"
#include "runtime/transfer.h"
#include "stub/procedure.h"
#include "stub/stub.h"

namespace rpc::stub {

namespace {

// Up to the flags behind the buffer sizes; an explicit handle's description is the longest that stands between.
constexpr size_t header_size = 2 + 4 + 4 + 6 + 4 + 1;

// bad_stub_data: it cannot be read.
Status interpreter_flags(const uint8_t* format, uint8_t& flags) {
    uint8_t header[header_size];
    if (!copy_guarded(header, format, sizeof header)) return Status::bad_stub_data;
    size_t at = 2 + (header[1] & oi_has_rpc_flags ? 4 : 0) + 4;
    if (header[0] == 0) at += header[at] == static_cast<uint8_t>(HandleKind::primitive) ? 4 : 6;
    flags = header[at + 4];
    return Status::ok;
}

bool streams(const RPC_SERVER_INTERFACE& spec, uint32_t opnum) {
    MIDL_SERVER_INFO info;
    unsigned short offset;
    uint8_t flags = 0;
    if (!copy_guarded(&info, spec.InterpreterInfo, sizeof info) || !info.ProcString || !info.FmtStringOffset) return false;
    if (!copy_guarded(&offset, info.FmtStringOffset + opnum, sizeof offset)) return false;
    if (failed(interpreter_flags(info.ProcString + offset, flags))) return false;
    constexpr uint8_t wanted = opt_has_pipes | opt_has_async_handle;
    return (flags & wanted) == wanted;
}

}  // namespace

void stream_pipes() { runtime::set_streams_test(streams); }

}  // namespace rpc::stub
