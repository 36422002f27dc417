#include "runtime/raw_call.h"

#include "call/client_call.h"

namespace rpc::runtime {

Status raw_call(Ref<link::Association> association, const wire::SyntaxId& interface_id, uint16_t opnum, ByteView stub,
                RawReply& reply, Ref<const security::ClientAuth> auth) {
    auto call = make_ref<call::ClientCall>(std::move(association), link::Syntaxes{interface_id, wire::ndr20}, opnum,
                                           uint8_t{0}, nullptr, std::move(auth));
    if (!call) return Status::out_of_memory;
    RPC_TRY(call->connect(false));
    RPC_TRY(call->body.allocate(stub.size(), false));
    if (!stub.empty()) std::memcpy(call->body.data(), stub.data(), stub.size());
    RPC_TRY(call->perform());
    reply.stub = std::move(call->reply);
    constexpr uint32_t integer_format = 0xF0, little_endian = 0x10;
    reply.big_endian = (call->reply_data_representation & integer_format) != little_endian;
    return Status::ok;
}

}  // namespace rpc::runtime
