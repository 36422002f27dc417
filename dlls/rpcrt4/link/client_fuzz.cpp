// A server's answers to a client's bind, alter_context and calls: any bytes at all, or PDUs that are well formed and say anything.
// Every call ends exactly once, nothing hangs, and nothing is left.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "io/executor_host.h"
#include "link/association.h"
#include "link/script_stream.h"
#include "security/fake.h"
#include "wire/fault.h"

using namespace rpc;
using namespace rpc::link;

namespace {

void check(bool holds, int line = __builtin_LINE()) {
    if (!holds) {
        std::fprintf(stderr, "line %d\n", line);
        abort();
    }
}

constexpr Syntaxes interfaces[] = {{{{1, 0, 0, {}}, 1, 0}, wire::ndr20}, {{{2, 0, 0, {}}, 1, 0}, wire::ndr20}};

// What the server says next, in pieces: each PDU of the client is answered by one piece.
struct Server {
    Reader in{{}};
    bool structured = false;
    bool spoilt = false;  // some PDU of its was: a length that lies may swallow whatever follows
    int connections = 0;
    int leg = 2;  // that a server's token would be
    static constexpr int max_connections = 6;
};
Server* g_server;

void bind_answer(Reader& in, wire::PduType type, const wire::Pdu& asked, Buffer& out) {
    wire::BindFields fields;
    const uint8_t say = in.u8();
    fields.call_id = asked.header.call_id;
    fields.flags = say & wire::pfc::conc_mpx;
    fields.max_xmit_frag = fields.max_recv_frag = static_cast<uint16_t>(say & 0x20 ? in.u8() : 5840);
    fields.assoc_group_id = in.u8();
    if (asked.header.has(wire::pfc::support_header_sign)) fields.flags |= say & wire::pfc::support_header_sign;
    wire::ContextResult results[] = {{static_cast<wire::BindResult>(say & 1 ? in.u8() & 3 : 0), say, wire::ndr20},
                                     {wire::BindResult::negotiate_ack, static_cast<uint16_t>(say & 2), {}}};
    (void)failed(wire::build_bind_ack(out, type, fields, {}, {results, static_cast<size_t>(say & 0x40 ? say & 1 : say & 4 ? 1 : 2)}));
    if (!asked.has_auth || out.empty()) return;
    const uint8_t token[] = {'F', static_cast<uint8_t>(say & 8 ? in.u8() : g_server->leg), say};
    (void)failed(wire::append_auth(out, 0, {asked.auth.type, asked.auth.level, asked.auth.context_id}, {token, 2}));
    g_server->leg += 2;
}

void say_something(Reader& in, const wire::Pdu& asked, Buffer& out) {
    const uint8_t kind = in.u8();
    const uint32_t id = kind & 0x80 ? in.u8() & 15 : asked.header.call_id;
    switch (kind % 8) {
    case 0:
        return bind_answer(in, wire::PduType::bind_ack, asked, out);
    case 1:
        return bind_answer(in, wire::PduType::alter_context_resp, asked, out);
    case 2:
        return (void)failed(wire::build_bind_nak(out, id, static_cast<wire::RejectReason>(in.u8() % 11)));
    case 3:
        return (void)failed(wire::build_bare(out, kind & 8 ? wire::PduType::shutdown : wire::PduType::co_cancel, id));
    case 4: {
        wire::FaultFields fields;
        fields.call_id = id;
        fields.status = in.u8();
        return (void)failed(wire::build_fault(out, fields));
    }
    case 5: {  // a callback, or what looks like a part of one
        const uint8_t more = in.u8();
        std::vector<uint8_t> pdu(24 + in.u8(), kind);
        wire::write_header(pdu.data(), wire::PduType::request, more & 4 ? more & 0x43 : wire::pfc::whole,
                           static_cast<uint16_t>(pdu.size()), 0, id);
        std::memset(&pdu[16], 0, 8);
        pdu[20] = more >> 3 & 1;
        pdu[22] = more >> 4;
        return (void)!out.append(pdu);
    }
    default: {
        std::vector<uint8_t> pdu(24 + in.u8(), kind);
        wire::write_header(pdu.data(), wire::PduType::response, kind >> 3 & 3, static_cast<uint16_t>(pdu.size()), 0, id);
        std::memset(&pdu[16], kind & 0x40 ? 0xFF : 0, 8);
        const size_t start = out.size();
        (void)!out.append(pdu);
        // Nothing that a client could take for protected, but all that it has to look at.
        if (asked.has_auth)
            (void)failed(wire::append_auth(out, start, {asked.auth.type, asked.auth.level, asked.auth.context_id},
                                           std::vector<uint8_t>(asked.auth.token.size(), kind)));
    }
    }
}

void on_pdu(ScriptStream& stream, ByteView raw) {
    wire::Pdu asked;
    check(wire::parse_pdu(raw, asked) == wire::Parsed::ok);  // what a client says is always well formed
    Reader& in = g_server->in;
    if (in.remaining() == 0) return stream.hang_up();
    const uint8_t count = in.u8();
    bool patient = true;  // may leave a client without an answer
    Buffer out;
    if (!g_server->structured) {
        (void)!out.append(in.bytes(std::min<size_t>(in.remaining(), count)));
    } else {
        // As it should be, then whatever.
        if (count & 1 && asked.header.type == wire::PduType::bind) bind_answer(in, wire::PduType::bind_ack, asked, out);
        if (count & 1 && asked.header.type == wire::PduType::alter_context)
            bind_answer(in, wire::PduType::alter_context_resp, asked, out);
        for (int i = 0; i < (count >> 1 & 3) && in.remaining() != 0; ++i) say_something(in, asked, out);
        if (count & 0x80 && !out.empty()) {
            g_server->spoilt = true;
            out.data()[in.u8() % out.size()] ^= in.u8();
        }
        if ((count & 0x70) == 0x70) stream.hang_up();
        patient = asked.header.type != wire::PduType::alter_context || g_server->spoilt;
        if (!patient) bind_answer(in, wire::PduType::alter_context_resp, asked, out);
    }
    stream.answer(out.view());
    // A peer that neither answers nor closes would rightly be waited for for ever.
    if (!stream.started())
        stream.hang_up_when_read();
    else if (patient && asked.header.type == wire::PduType::alter_context)
        stream.hang_up();
}

Status connect(const io::Address&, uint32_t, Ref<io::Stream>& stream) {
    if (++g_server->connections > Server::max_connections) return Status::server_unavailable;
    auto made = make_ref<ScriptStream>();
    made->peer = on_pdu;
    stream = std::move(made);
    return Status::ok;
}
const io::Protocol protocol{"fuzz", true, nullptr, connect, nullptr};

class Call final : public WaitingCall {
public:
    Call(Ref<Association> association, const Syntaxes& syntaxes) : association_(std::move(association)) {
        send.syntaxes = syntaxes;
    }
    Status on_stub_data(ByteView stub, uint32_t, uint32_t) override {
        check(!over);
        received += stub.size();
        return received > 100000 ? Status::out_of_memory : Status::ok;
    }
    Status on_callback(CallbackRequest& request, OutgoingBody& reply, bool& executed) override {
        check(!over && request.stub.size() < 100000);
        executed = request.opnum & 1;
        if (request.opnum & 2) return Status::access_denied;
        return request.opnum & 4 ? Status::ok : reply.allocate(request.opnum * 1000u, false);
    }
    void on_end(Status) override {
        check(!over || abandoned);
        over = true;
    }
    void on_place(Ref<ClientConnection>, Status) override {}
    const Syntaxes& syntaxes() const override { return send.syntaxes; }

    ClientConnection::Send send;
    OutgoingBody body;
    Ref<ClientConnection> connection;
    size_t received = 0;
    bool over = false, abandoned = false;

private:
    Ref<Association> association_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static bool ready = (io::hold_submitted(), true);
    (void)ready;
    if (size < 2) return 0;
    const uint8_t plan = data[0];
    Ref<security::ClientAuth> auth, second;
    if (plan >> 6)
        check(security::fake_client(security::fake_service(2 + (data[1] >> 6)), static_cast<security::Level>((plan >> 6) * 2),
                                    {"ann", "right"}, auth) == Status::ok);
    if (auth)
        check(security::fake_client(auth->service, security::Level::privacy, {"bob", "right"}, second) == Status::ok);
    const security::ClientAuth* const logins[] = {nullptr, auth.get(), second.get()};
    Server server;
    server.structured = data[1] & 1;
    server.in = Reader({data + 2, size - 2});
    g_server = &server;
    std::vector<Ref<Call>> calls;
    {
        io::Address address;
        auto association = make_ref<Association>(protocol, std::move(address));
        for (int i = 0; i < 6; ++i) {
            auto call = make_ref<Call>(association, interfaces[plan >> i & 1]);
            check(call->body.allocate(static_cast<size_t>(i) * 40, false) == Status::ok);
            call->send.auth = logins[i % 3];
            if (data[1] >> i & 2) {  // asynchronous
                if (failed(association->reserve(call->syntaxes(), call->send.auth, call->connection)) || !call->connection) continue;
                if (failed(call->connection->start(*call, call->send, call->body))) {
                    check(!call->over);
                    continue;
                }
                if (i == 2) call->connection->cancel(*call);
                if (i == 3) {
                    call->abandoned = true;
                    call->connection->abandon(*call);
                }
            } else {
                Ref<ClientConnection> connection;
                if (failed(association->lease(call->syntaxes(), call->send.auth, connection))) continue;
                const Status status = connection->perform(*call, call->send, call->body);
                check(failed(status) != call->over);
                association->give_back(std::move(connection));
                continue;
            }
            calls.push_back(std::move(call));
        }
    }
    io::run_submitted();
    for (auto& call : calls) call->connection->close();
    ScriptStream::deliver_all();
    for (auto& call : calls) check(call->over || call->abandoned);
    calls.clear();
    ScriptStream::deliver_all();  // with its last call the association closed what else it had
    io::run_submitted();
    check(ScriptStream::live() == 0);
    check(security::fake_contexts() == 0);
    return 0;
}
