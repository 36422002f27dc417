// TowerConstruct, TowerExplode: towers for programs that serve a map themselves. Declared in no public header: the
// parameters are those that programs pass. Texts and towers are blocks of I_RpcAllocate, the caller's to free.
#include "abi/export.h"
#include "base/guard.h"
#include "base/seh.h"
#include "runtime/convert.h"
#include "wire/tower.h"

using namespace rpc;
using abi::to_rpc;

// C706 appendix O.
struct twr_t {
    uint32_t tower_length;
    uint8_t tower_octet_string[1];
};

namespace {

constexpr size_t octets_at = offsetof(twr_t, tower_octet_string);

std::string_view text_of(const char* text) {
    return text ? std::string_view(text) : std::string_view();
}

Status construct(const RPC_SYNTAX_IDENTIFIER& interface_id, const RPC_SYNTAX_IDENTIFIER& transfer_syntax,
                 const char* protseq, const char* endpoint, const char* address, twr_t** out) {
    wire::Tower tower;
    tower.interface_id = runtime::to_syntax(interface_id);
    tower.transfer_syntax = runtime::to_syntax(transfer_syntax);
    tower.protocol = wire::tower_protocol(text_of(protseq));
    if (!tower.protocol) return Status::invalid_rpc_protseq;
    if (!tower.protocol->endpoint_is_port)
        tower.endpoint = text_of(endpoint);
    else if (endpoint && *endpoint && !wire::parse_port(endpoint, tower.port))
        return Status::invalid_endpoint_format;
    if (!tower.protocol->host_is_ipv4)
        tower.host = text_of(address);
    else if (!wire::parse_ipv4(text_of(address), tower.ipv4))
        return Status::invalid_net_addr;
    Buffer octets;
    RPC_TRY(wire::build_tower(octets, tower));
    auto made = static_cast<twr_t*>(mem_alloc(octets_at + octets.size()));
    if (!made) return Status::out_of_memory;
    made->tower_length = static_cast<uint32_t>(octets.size());
    std::memcpy(made->tower_octet_string, octets.data(), octets.size());
    *out = made;
    return Status::ok;
}

// What nobody asks for, and what there is not, costs nothing.
Status give_text(const char* text, char** out) {
    if (!out) return Status::ok;
    const size_t size = std::strlen(text) + 1;
    *out = static_cast<char*>(mem_alloc(size));
    if (!*out) return Status::out_of_memory;
    std::memcpy(*out, text, size);
    return Status::ok;
}

void give_syntax(const wire::SyntaxId& id, RPC_SYNTAX_IDENTIFIER* out) {
    if (!out) return;
    std::memcpy(&out->SyntaxGUID, &id.uuid, sizeof out->SyntaxGUID);
    out->SyntaxVersion = {id.major, id.minor};
}

Status explode(const twr_t* tower, RPC_SYNTAX_IDENTIFIER* interface_id, RPC_SYNTAX_IDENTIFIER* transfer_syntax,
               char** protseq, char** endpoint, char** address) {
    for (char** out : {protseq, endpoint, address})
        if (out) *out = nullptr;
    wire::Tower t;
    RPC_TRY(wire::parse_tower({tower->tower_octet_string, tower->tower_length}, t));
    Buffer text;  // an endpoint may be as long as a tower
    if (!text.resize(size_t{tower->tower_length} + 32)) return Status::out_of_memory;
    char* const chars = reinterpret_cast<char*>(text.data());
    Status status = give_text(t.protocol->protseq, protseq);
    (void)wire::tower_endpoint_text(t, chars, text.size());
    if (!failed(status)) status = give_text(chars, endpoint);
    (void)wire::tower_host_text(t, chars, text.size());
    if (!failed(status) && t.protocol->host != 0) status = give_text(chars, address);
    if (failed(status)) {
        for (char** out : {protseq, endpoint, address})
            if (out) mem_free(std::exchange(*out, nullptr));
        return status;
    }
    give_syntax(t.interface_id, interface_id);
    give_syntax(t.transfer_syntax, transfer_syntax);
    return Status::ok;
}

}  // namespace

RPC_EXPORT(RPC_STATUS, TowerConstruct)
(const RPC_SYNTAX_IDENTIFIER* Object, const RPC_SYNTAX_IDENTIFIER* Syntax, const char* ProtSeq, const char* EndPoint,
 const char* NetworkAddr, twr_t** Tower) {
    if (!Object || !Syntax || !Tower) return RPC_S_INVALID_ARG;
    return to_rpc(construct(*Object, *Syntax, ProtSeq, EndPoint, NetworkAddr, Tower));
}
RPC_EXPORT(RPC_STATUS, TowerExplode)
(const twr_t* Tower, RPC_SYNTAX_IDENTIFIER* Object, RPC_SYNTAX_IDENTIFIER* Syntax, char** ProtSeq, char** EndPoint,
 char** NetworkAddr) {
    if (!Tower) return RPC_S_INVALID_ARG;
    return to_rpc(explode(Tower, Object, Syntax, ProtSeq, EndPoint, NetworkAddr));
}
