#pragma once
// Calls whose stub data is marshalled by hand: ours to the endpoint mapper and to the management interface of other
// servers.
#include "base/bytes.h"
#include "link/association.h"

namespace rpc::runtime {

struct RawReply {
    Buffer stub;
    bool big_endian = false;
    Reader reader() const { return Reader(stub.view(), big_endian); }
};

// One synchronous call; NDR 2.0. Blocks. `auth`: who it is made as; null: nobody. The status is the call's, a fault's included.
Status raw_call(Ref<link::Association> association, const wire::SyntaxId& interface_id, uint16_t opnum, ByteView stub,
                RawReply& reply, Ref<const security::ClientAuth> auth = nullptr);

}  // namespace rpc::runtime
