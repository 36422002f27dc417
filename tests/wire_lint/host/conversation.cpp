// Prints a conversation built by the wire room, a PDU per line: who sends it (C or S), its bytes in hex, and what another
// dissector should find in it: type, flags, fragment and verifier length, call_id, and opnum or status where it has one.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "wire/bind.h"
#include "wire/fault.h"
#include "wire/fragment.h"
#include "wire/tower.h"

using namespace rpc;
using namespace rpc::wire;

namespace {

// The endpoint mapper's interface: dissectors know what its requests hold.
constexpr SyntaxId epm{{0xE1AF8308, 0x5D1F, 0x11C9, {0x91, 0xA4, 0x08, 0x00, 0x2B, 0x14, 0xA0, 0xFA}}, 3, 0};
// A security package that no dissector looks into.
constexpr AuthFields auth{200, 5, 1};
constexpr Uuid object{0x01020304, 0x0506, 0x0708, {9, 10, 11, 12, 13, 14, 15, 16}};

void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "failed: %s\n", what);
    std::exit(1);
}
void must(Status s, const char* what) { must(s == Status::ok, what); }

void say(char who, ByteView pdu, const char* detail) {
    Header h;
    must(parse_header(pdu, h) == Parsed::ok, "header");
    std::printf("%c\t", who);
    for (uint8_t b : pdu) std::printf("%02x", b);
    std::printf("\t%u\t0x%02x\t%u\t%u\t%u\t%s\n", unsigned(h.type), h.flags, h.frag_length, h.auth_length, h.call_id,
                detail);
}

void say_bare(char who, PduType type, uint32_t call_id) {
    Buffer out;
    must(build_bare(out, type, call_id), "bare PDU");
    say(who, out.view(), "");
}

void say_call(const CallFields& call, ByteView stub, uint16_t max_frag, const CallAuth& auth = {}) {
    FragmentPlan plan;
    must(plan.init(call, stub.size(), max_frag, auth), "plan");
    char detail[16] = "";
    if (call.type == PduType::request) std::snprintf(detail, sizeof detail, "%u", call.opnum);
    for (size_t i = 0; i < plan.count(); ++i) {
        Fragment f = plan.at(i);
        Buffer out;
        bool ok = out.append(f.header()) && out.append(stub.subspan(f.stub_offset, f.stub_size)) && out.append(f.tail());
        for (size_t b = 0; b < f.token_size; ++b) ok = ok && out.append(std::vector<uint8_t>(1, uint8_t(b)));
        must(ok, "memory");
        say(call.type == PduType::request ? 'C' : 'S', out.view(), detail);
    }
}

void say_fault(uint32_t call_id, Status status, uint8_t flags, ByteView eeinfo = {}) {
    Buffer out;
    uint32_t fault = fault_from_status(status);
    must(build_fault(out, {call_id, 0, 0, flags, fault, eeinfo}), "fault");
    char detail[16];
    std::snprintf(detail, sizeof detail, "0x%08x", fault);
    say('S', out.view(), detail);
}

void say_binds() {
    const SyntaxId ndr[] = {ndr20};
    const SyntaxId wide[] = {ndr64};
    const SyntaxId features[] = {feature_syntax(feature::keep_connection_on_orphan)};
    const ContextOffer offers[] = {{0, epm, ndr}, {1, epm, wide}, {2, epm, features}};
    const ContextResult results[] = {
        {BindResult::acceptance, 0, ndr20},
        {BindResult::provider_rejection, uint16_t(ProviderReason::proposed_transfer_syntaxes_not_supported), null_syntax},
        {BindResult::negotiate_ack, feature::keep_connection_on_orphan, null_syntax}};
    const uint8_t address[] = {'1', '3', '5'};
    Buffer out;
    must(build_bind(out, PduType::bind, {2, pfc::conc_mpx, 5840, 5840, 0}, offers), "bind");
    say('C', out.view(), "");
    out.clear();
    must(build_bind_ack(out, PduType::bind_ack, {2, pfc::conc_mpx, 5840, 5840, 77}, address, results), "bind_ack");
    say('S', out.view(), "");
    out.clear();
    must(build_bind(out, PduType::alter_context, {3, 0, 5840, 5840, 77}, {offers, 1}), "alter_context");
    say('C', out.view(), "");
    out.clear();
    must(build_bind_ack(out, PduType::alter_context_resp, {3, 0, 5840, 5840, 77}, {}, {results, 1}), "alter resp");
    say('S', out.view(), "");
    out.clear();
    must(build_bind_nak(out, 4, RejectReason::protocol_version_not_supported), "bind_nak");
    say('S', out.view(), "");
    const std::vector<uint8_t> token(24, 0x41);
    out.clear();
    must(build_bind(out, PduType::alter_context, {5, pfc::support_header_sign, 5840, 5840, 77}, {offers, 1}), "alter");
    must(append_auth(out, 0, auth, token), "verifier");
    say('C', out.view(), "");
    out.clear();
    must(build_auth3(out, 5), "auth3");
    must(append_auth(out, 0, auth, token), "verifier");
    say('C', out.view(), "");
}

// ept_map (opnum 3) for a tower of the protocol sequence: object, tower, entry handle, max_towers.
void say_ept_map(uint32_t call_id, const char* protseq) {
    Tower tower;
    tower.interface_id = {{0x12345678, 0x1234, 0xABCD, {0xEF, 0, 1, 2, 3, 4, 5, 6}}, 1, 0};
    tower.transfer_syntax = ndr20;
    tower.protocol = tower_protocol(protseq);
    must(tower.protocol != nullptr, "protocol");
    tower.port = 49153;
    tower.endpoint = "\\pipe\\endpoint";
    must(parse_ipv4("127.0.0.1", tower.ipv4), "address");
    tower.host = "\\\\HOST";
    Buffer octets;
    must(build_tower(octets, tower), "tower");
    Buffer stub;
    Writer w(stub);
    w.u32(1);
    w.zeros(16);
    w.u32(2);
    w.u32(uint32_t(octets.size()));
    w.u32(uint32_t(octets.size()));
    w.bytes(octets.view());
    w.align(4);
    w.zeros(20);
    w.u32(4);
    must(w.ok(), "memory");
    say_call({.type = PduType::request, .call_id = call_id, .opnum = 3}, stub.view(), 5840);
}

}  // namespace

int main() {
    say_binds();
    say_ept_map(6, "ncacn_ip_tcp");
    say_ept_map(7, "ncacn_np");
    say_ept_map(8, "ncalrpc");
    // Made-up stub data for an opnum that the interface does not have, so that nobody tries to read it.
    std::vector<uint8_t> stub(3000);
    for (size_t i = 0; i < stub.size(); ++i) stub[i] = uint8_t(i);
    say_call({.type = PduType::request, .call_id = 9, .opnum = 200}, stub, 1432);
    say_call({.type = PduType::response, .call_id = 9, .cancel_count = 1}, stub, 1432);
    say_call({.type = PduType::request, .call_id = 10, .opnum = 200, .object = &object}, {}, 1432);
    say_bare('C', PduType::co_cancel, 10);
    say_bare('C', PduType::orphaned, 10);
    say_fault(10, Status::call_cancelled, 0);
    say_call({.type = PduType::request, .flags = pfc::maybe, .call_id = 11, .opnum = 201}, {stub.data(), 5}, 1432);
    say_fault(11, Status::procnum_out_of_range, pfc::did_not_execute);
    say_fault(12, Status::server_unavailable, 0, {stub.data(), 40});
    say_call({.type = PduType::request, .call_id = 13, .opnum = 200}, stub, 1432, {auth, 16});
    say_call({.type = PduType::response, .call_id = 13}, {stub.data(), 1000}, 1432, {auth, 16});
    say_bare('S', PduType::shutdown, 0);
    return 0;
}
