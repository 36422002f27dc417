#pragma once
// For tests of calls over connections: the interfaces that they ask for, their bytes, and a call that keeps what became of it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "link/association.h"
#include "link/script_stream.h"
#include "wire/fault.h"
#include "wire/fragment.h"

namespace rpc::link {

constexpr Syntaxes first_interface{{{1, 2, 3, {}}, 1, 0}, wire::ndr20};
constexpr Syntaxes second_interface{{{4, 5, 6, {}}, 1, 0}, wire::ndr20};

inline std::string text(ByteView b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }
inline OutgoingBody body_of(std::string_view of) {
    OutgoingBody made;
    EXPECT_EQ(made.allocate(of.size(), false), Status::ok);
    if (!of.empty()) std::memcpy(made.data(), of.data(), of.size());
    return made;
}

// Keeps its association for as long as it lives.
class TestCall : public WaitingCall {
public:
    TestCall(Ref<Association> association, const Syntaxes& syntaxes) : association_(std::move(association)) {
        send.syntaxes = syntaxes;
    }
    Status on_stub_data(ByteView stub, uint32_t, uint32_t) override {
        data += text(stub);
        return data_status;
    }
    void on_end(Status status) override { ends.push_back(status); }
    void on_place(Ref<ClientConnection> place, Status why) override {
        ++places;
        if (failed(why)) return on_end(why);
        connection = std::move(place);
        if (start_on_place) start_status = connection->start(*this, send, body);
    }
    const Syntaxes& syntaxes() const override { return send.syntaxes; }
    const security::ClientAuth* auth() const override { return send.auth; }

    void ask_cancel(uint64_t give_up_at) {
        give_up_at_ = give_up_at;
        cancel_asked_ = true;
    }

    // What it ended with, once.
    Status ended() const { return ends.size() == 1 ? ends[0] : Status::internal_error; }

    ClientConnection::Send send;
    OutgoingBody body;
    std::string data;
    Status data_status = Status::ok;  // what its stub data meet
    std::vector<Status> ends;
    int places = 0;
    bool start_on_place = true;
    Status start_status = Status::ok;
    Ref<ClientConnection> connection;

private:
    Ref<Association> association_;
};

// What a scripted peer says.
inline void say(ScriptStream& stream, wire::PduType type, uint32_t call_id, std::string_view stub, uint8_t flags = wire::pfc::whole,
                uint8_t context = 0, uint8_t opnum = 0) {
    uint8_t header[24] = {};
    wire::write_header(header, type, flags, static_cast<uint16_t>(24 + stub.size()), 0, call_id);
    header[20] = context;
    header[22] = opnum;
    stream.answer(header);
    stream.answer({reinterpret_cast<const uint8_t*>(stub.data()), stub.size()});
}
inline void respond(ScriptStream& stream, uint32_t call_id, std::string_view stub, uint8_t flags = wire::pfc::whole) {
    say(stream, wire::PduType::response, call_id, stub, flags);
}
inline void fault(ScriptStream& stream, uint32_t call_id, uint32_t status) {
    wire::FaultFields fields;
    fields.call_id = call_id;
    fields.status = status;
    Buffer out;
    ASSERT_EQ(wire::build_fault(out, fields), Status::ok);
    stream.answer(out.view());
}

}  // namespace rpc::link
