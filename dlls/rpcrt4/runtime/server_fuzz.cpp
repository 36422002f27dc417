// fuzz-cost: 10
// A client's stream into the real server: any bytes at all, or PDUs that are well formed and say anything. Afterwards nothing is
// left: no call, no connection, and no more memory was held than the bytes sent account for.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "io/executor_host.h"
#include "link/script_stream.h"
#include "runtime/async_call.h"
#include "runtime/message.h"
#include "runtime/server.h"
#include "runtime/server_security.h"
#include "security/fake.h"
#include "wire/fault.h"

using namespace rpc;

namespace {

void check(bool holds, int line = __builtin_LINE()) {
    if (!holds) {
        std::fprintf(stderr, "line %d\n", line);
        abort();
    }
}

constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}}, {2, 0}};
constexpr wire::SyntaxId known{{1, 0, 0, {}}, 1, 0};
const io::Protocol protocol{"fuzz", false, nullptr, nullptr, nullptr};

int g_stubs = 0;

// Keeps a call until the input says otherwise.
struct Parked final : call::AsyncStub {
    RPC_ASYNC_STATE state{};
    RPC_MESSAGE* message = nullptr;
    Parked() { ++g_stubs; }
    ~Parked() override { --g_stubs; }
    Status complete(void*) override {
        message->BufferLength = 4;
        RPC_TRY(runtime::get_buffer(*message));
        std::memset(message->Buffer, 0, 4);
        return runtime::send(*message);
    }
    void discard() override {}
};
std::vector<RPC_ASYNC_STATE*> g_parked;

void echo(RPC_MESSAGE* m) {
    std::vector<uint8_t> in(static_cast<uint8_t*>(m->Buffer), static_cast<uint8_t*>(m->Buffer) + m->BufferLength);
    check(runtime::get_buffer(*m) == Status::ok);
    if (!in.empty()) std::memcpy(m->Buffer, in.data(), in.size());
}
void park(RPC_MESSAGE* m) {
    auto stub = make<Parked>();
    stub->message = m;
    check(runtime::async_initialize(&stub->state, sizeof stub->state) == Status::ok);
    check(runtime::async_set_handle(*m, &stub->state, stub) == Status::ok);
    g_parked.push_back(&stub->state);
}
void silent(RPC_MESSAGE*) {}
void finish_oldest(RPC_MESSAGE* m) {
    if (!g_parked.empty()) {
        RPC_ASYNC_STATE* state = g_parked.front();
        g_parked.erase(g_parked.begin());
        (void)runtime::server_test_cancel(state->RuntimeInfo);
        if (m->BufferLength % 2 == 0)
            check(runtime::async_complete(state, nullptr) == Status::ok);
        else
            check(runtime::async_abort_call(state, 0xABCD) == Status::ok);
    }
}
RPC_DISPATCH_FUNCTION g_functions[] = {echo, park, silent, finish_oldest, nullptr};
RPC_DISPATCH_TABLE g_table = {4, g_functions, 0};

bool set_up() {
    io::hold_submitted();
    static RPC_SERVER_INTERFACE spec{};
    spec.Length = sizeof spec;
    spec.InterfaceId = {{1, 0, 0, {}}, {1, 0}};
    spec.TransferSyntax = ndr;
    spec.DispatchTable = &g_table;
    for (int legs = 2; legs <= 4; ++legs) check(runtime::register_auth(security::fake_service(legs), {}) == Status::ok);
    check(runtime::Server::instance().register_interface({&spec, {}, nullptr, 1, 0, 100000, nullptr}) == Status::ok);
    return true;
}

// A trailer of one of a few contexts, with the token of a leg or one that protects nothing.
void add_trailer(Reader& in, Buffer& out, size_t start) {
    const uint8_t say = in.u8(), leg = in.u8();
    const wire::AuthFields fields{security::fake_service(2 + (say & 3)), static_cast<uint8_t>(say & 4 ? 2 : say >> 5), say >> 3 & 3u};
    std::vector<uint8_t> token{'F', leg};
    constexpr std::string_view login{"ann\0right", 9};
    if (leg == 1) token.insert(token.end(), login.begin(), login.end());
    if (leg > 8) token.resize(leg == 20 ? 20 : 16);
    (void)failed(wire::append_auth(out, start, fields, token));
}

// PDUs from a few bytes each: type, flags, call_id, context, size; the rest of the input is their content.
void build(Reader& in, Buffer& out) {
    const uint8_t kind = in.u8(), flags = in.u8(), id = in.u8() & 7;
    const size_t start = out.size();
    switch (kind % 9) {
    case 0:
    case 1: {
        wire::BindFields fields;
        fields.call_id = id;
        fields.flags = flags & (wire::pfc::conc_mpx | wire::pfc::support_header_sign);
        fields.max_xmit_frag = fields.max_recv_frag = static_cast<uint16_t>(16 + in.u8() * 40);
        fields.assoc_group_id = in.u8();
        wire::SyntaxId features = wire::feature_syntax(in.u8());
        wire::SyntaxId other = known;
        other.minor = flags & 1;
        wire::ContextOffer offers[] = {{static_cast<uint16_t>(flags & 3), known, {&wire::ndr20, 1}},
                                       {9, known, {&features, 1}},
                                       {static_cast<uint16_t>(in.u8() & 3), other, {&wire::ndr64, 1}}};
        (void)failed(wire::build_bind(out, kind % 9 ? wire::PduType::alter_context : wire::PduType::bind, fields,
                                      {offers, static_cast<size_t>(flags >> 6)}));
        break;
    }
    case 2:
        (void)failed(wire::build_bare(out, wire::PduType::co_cancel, id));
        break;
    case 3:
        (void)failed(wire::build_bare(out, wire::PduType::orphaned, id));
        break;
    case 4:
        (void)failed(wire::build_auth3(out, id));
        break;
    default: {
        const size_t size = in.u8() * (flags & 0x20 ? size_t{255} : size_t{1});
        const bool object = flags & wire::pfc::object_uuid;
        std::vector<uint8_t> pdu(24 + (object ? 16 : 0) + size, kind);
        wire::write_header(pdu.data(), wire::PduType::request, flags & 0xC7, static_cast<uint16_t>(pdu.size()), 0, id);
        std::memset(&pdu[16], flags & 0x08 ? 0xFF : 0, 4);
        pdu[20] = flags >> 3 & 3;
        pdu[21] = 0;
        pdu[22] = in.u8() % 6;
        pdu[23] = 0;
        (void)!out.append(pdu);
    }
    }
    if (kind & 0x80) add_trailer(in, out, start);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static bool ready = set_up();
    (void)ready;
    if (size < 2) return 0;
    const uint8_t mode = data[0], chunk = data[1];
    auto stream = make_ref<link::ScriptStream>();
    stream->chunk = chunk == 0 ? SIZE_MAX : chunk;
    stream->peer = [](link::ScriptStream&, ByteView raw) {  // what the server says is always well formed
        wire::Pdu pdu;
        check(wire::parse_pdu(raw, pdu) == wire::Parsed::ok);
    };
    check(link::ServerConnection::serve(stream, protocol, "7", runtime::Server::instance()) == Status::ok);
    Reader in({data + 2, size - 2});
    Buffer bytes;
    if (mode % 2 == 0) {
        (void)!bytes.append(in.rest());
    } else {
        while (in.remaining() != 0) build(in, bytes);
        // One byte of it is wrong, or none.
        if (mode & 2 && !bytes.empty()) bytes.data()[(mode >> 2) * 7919 % bytes.size()] ^= chunk | 1;
    }
    stream->answer(bytes.view());
    stream->deliver();
    io::run_submitted();
    stream->hang_up();
    stream->deliver();
    io::run_submitted();
    while (!g_parked.empty()) {  // their client is gone
        RPC_ASYNC_STATE* state = g_parked.back();
        g_parked.pop_back();
        check(runtime::async_complete(state, nullptr) == Status::ok);
    }
    check(g_stubs == 0 && !stream->started());
    check(security::fake_contexts() == 0);
    return 0;
}
