// Which procedures want their requests as they come: asked when an interface is registered, of descriptions that another
// maker's dispatch routines may have given another meaning, so that everything is read guarded.
#include "base/guard.h"
#include "runtime/transfer.h"
#include "stub/procedure.h"
#include "stub/stub.h"

namespace rpc::stub {

namespace {

// Up to the buffer sizes in front of the flags; an explicit handle's description is the longest that stands between.
constexpr size_t header_size = 2 + 4 + 4 + 6 + 4;

// Whether a procedure's description says that it has pipes, and shows one: that of -Oi has something else in the place of the flags.
bool has_pipe(const uint8_t* format) {
    uint8_t header[header_size];
    if (!copy_guarded(header, format, sizeof header)) return false;
    size_t at = 2 + (header[1] & oi_has_rpc_flags ? 4 : 0) + 4;
    if (header[0] == 0) at += header[at] == static_cast<uint8_t>(HandleKind::primitive) ? 4 : 6;
    at += 4;
    uint8_t flags, count, extension = 0, attributes;
    if (!copy_guarded(&flags, format + at, 1) || !(flags & opt_has_pipes) || !copy_guarded(&count, format + at + 1, 1)) return false;
    at += 2;
    if ((flags & opt_has_extensions) && !copy_guarded(&extension, format + at, 1)) return false;
    constexpr size_t descriptor = 6;
    for (at += extension; count != 0; --count, at += descriptor) {
        if (!copy_guarded(&attributes, format + at, 1)) return false;
        if (attributes & Parameter::pipe) return true;
    }
    return false;
}

bool streams(const RPC_SERVER_INTERFACE& spec, uint32_t opnum) {
    MIDL_SERVER_INFO info;
    unsigned short offset;
    if (!copy_guarded(&info, spec.InterpreterInfo, sizeof info) || !info.ProcString || !info.FmtStringOffset) return false;
    if (!copy_guarded(&offset, info.FmtStringOffset + opnum, sizeof offset)) return false;
    return has_pipe(info.ProcString + offset);
}

}  // namespace

void stream_pipes() { runtime::set_streams_test(streams); }

}  // namespace rpc::stub
