// Interfaces described in several transfer syntaxes: the NDR 2.0 entry is found wherever it stands and is the one that runs.
#include <gtest/gtest.h>

#include <cstring>

#include "stub/fake_runtime.h"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"
#include "stub/syntax.h"

namespace rpc::stub {
namespace {

using test::Bytes;
using test::Header;
using test::Interface;
using test::procedure;

RPC_SYNTAX_IDENTIFIER syntax_id(uint32_t data1) {
    RPC_SYNTAX_IDENTIFIER id{};
    const uint8_t ndr20_rest[8] = {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60};
    const uint8_t ndr64_rest[8] = {0x83, 0x19, 0xB5, 0xDB, 0xEF, 0x9C, 0xCC, 0x36};
    bool ndr20 = data1 == 0x8A885D04;
    id.SyntaxGUID.Data1 = data1;
    id.SyntaxGUID.Data2 = ndr20 ? 0x1CEB : 0xBEBA;
    id.SyntaxGUID.Data3 = ndr20 ? 0x11C9 : 0x4937;
    std::memcpy(id.SyntaxGUID.Data4, ndr20 ? ndr20_rest : ndr64_rest, 8);
    id.SyntaxVersion.MajorVersion = ndr20 ? 2 : 1;
    return id;
}

const RPC_SYNTAX_IDENTIFIER ndr20_id = syntax_id(0x8A885D04), ndr64_id = syntax_id(0x71710533);

int32_t add_pair(void*, const int32_t* pair) { return pair[0] + pair[1]; }
RPC_ASYNC_STATE* parked;
void add_async(RPC_ASYNC_STATE* async, void*, const int32_t* pair) {
    (void)pair;
    parked = async;
}

Header header(uint16_t slots, uint8_t handle_slot) {
    Header h;
    h.slots = slots;
    h.explicit_handle = {0x32, 0, handle_slot, 0};
    if (handle_slot) h.opt_flags = 0xc4;
    return h;
}

class Syntaxes : public testing::Test {
protected:
    Syntaxes() : face({0x5b, 0x5c}) {
        face.add(procedure(0, header(3, 0), {{0x10b, 1, 2}, {0x70, 2, 8}}), &add_pair);
        face.add(procedure(1, header(4, 1), {{0x10b, 2, 2}, {0x70, 3, 8}}), &add_async);
        both[0] = {ndr64_id, nullptr, nullptr, nullptr, nullptr, nullptr, 0, 0};
        both[1] = {ndr20_id, nullptr, face.info().ProcString, face.info().FmtStringOffset, types, nullptr, 0, 0};
        proxy = {&face.desc(), nullptr, nullptr, const_cast<RPC_SYNTAX_IDENTIFIER*>(&ndr64_id), 2, both};
        // The server's own strings are another interface's: only the list may be looked at.
        MIDL_SERVER_INFO& info = face.info();
        info.ProcString = nullptr;
        info.FmtStringOffset = nullptr;
        info.pTransferSyntax = const_cast<RPC_SYNTAX_IDENTIFIER*>(&ndr64_id);
        info.nCount = 2;
        info.pSyntaxInfo = both;
        fake::server = fake::Server();
        fake::server.face = face.face();
        fake::server.dispatch = server_call_all;
        state.Size = sizeof state;
        state.Signature = 0x43595341;
    }
    ~Syntaxes() override { EXPECT_EQ(fake::calls_alive, 0); }
    Status call() {
        Slot args[] = {reinterpret_cast<Slot>(&fake::binding), reinterpret_cast<Slot>(pair)};
        return client_call_all(proxy, 0, args, &returned, result);
    }

    // Offset 2: a fixed array of two longs. The stub descriptor's own types have nothing there.
    const uint8_t types[10] = {0x5b, 0x5c, 0x1d, 0x03, 0x08, 0x00, 0x08, 0x5b, 0, 0};
    Interface face;
    MIDL_SYNTAX_INFO both[2]{};
    MIDL_STUBLESS_PROXY_INFO proxy{};
    RPC_ASYNC_STATE state{};
    int32_t pair[2] = {40, 2};
    int32_t returned = 0;
    uint64_t result = 0;
};

TEST_F(Syntaxes, TheNdr20EntryRuns) {
    ASSERT_EQ(call(), Status::ok);
    EXPECT_EQ(result, 42u);
    EXPECT_EQ(returned, 42);
    EXPECT_EQ(fake::last_request, (Bytes{40, 0, 0, 0, 2, 0, 0, 0}));
}

TEST_F(Syntaxes, TheOrderOfEntriesDoesNotMatter) {
    std::swap(both[0], both[1]);
    ASSERT_EQ(call(), Status::ok);
    EXPECT_EQ(result, 42u);
}

TEST_F(Syntaxes, AnInterfaceInOneSyntaxHasNoList) {
    Interface plain(Bytes(types, types + sizeof types));
    plain.add(procedure(0, header(3, 0), {{0x10b, 1, 2}, {0x70, 2, 8}}), &add_pair);
    fake::server.face = plain.face();
    proxy = {&plain.desc(), plain.info().ProcString, plain.info().FmtStringOffset, nullptr, 0, nullptr};
    ASSERT_EQ(call(), Status::ok);
    EXPECT_EQ(result, 42u);
    proxy.pTransferSyntax = const_cast<RPC_SYNTAX_IDENTIFIER*>(&ndr20_id);
    ASSERT_EQ(call(), Status::ok);
    proxy.pTransferSyntax = const_cast<RPC_SYNTAX_IDENTIFIER*>(&ndr64_id);
    EXPECT_EQ(call(), Status::unsupported_trans_syn);
}

TEST_F(Syntaxes, ClientWithNdr64Alone) {
    proxy.nCount = 1;
    EXPECT_EQ(call(), Status::unsupported_trans_syn);
    Slot args[] = {reinterpret_cast<Slot>(&state), reinterpret_cast<Slot>(&fake::binding), reinterpret_cast<Slot>(pair)};
    EXPECT_EQ(async_client_call_all(proxy, 1, args), Status::unsupported_trans_syn);
}

TEST_F(Syntaxes, ServerWithNdr64Alone) {
    face.info().nCount = 1;
    EXPECT_EQ(call(), Status::unsupported_trans_syn);
}

TEST_F(Syntaxes, ACallInNdr64IsRefused) {
    fake::server.transfer_syntax = &ndr64_id;
    EXPECT_EQ(call(), Status::unsupported_trans_syn);
    fake::server.transfer_syntax = &ndr20_id;
    EXPECT_EQ(call(), Status::ok);
}

TEST_F(Syntaxes, ProceduresThatAreLeftOut) {
    const unsigned short none[] = {0xffff, 0xffff};
    both[1].FmtStringOffset = none;
    EXPECT_EQ(call(), Status::procnum_out_of_range);
}

TEST_F(Syntaxes, WithoutADescriptor) {
    proxy.pStubDesc = nullptr;
    EXPECT_EQ(call(), Status::invalid_arg);
}

TEST_F(Syntaxes, Asynchronous) {
    fake::server.dispatch = async_server_call_all;
    Slot args[] = {reinterpret_cast<Slot>(&state), reinterpret_cast<Slot>(&fake::binding), reinterpret_cast<Slot>(pair)};
    ASSERT_EQ(async_client_call_all(proxy, 1, args), Status::ok);
    int32_t answer = 13, got = 0;
    EXPECT_EQ(fake::complete(parked, &answer), Status::ok);
    EXPECT_EQ(fake::complete(&state, &got), Status::ok);
    EXPECT_EQ(got, 13);
    fake::server.transfer_syntax = &ndr64_id;
    ASSERT_EQ(async_client_call_all(proxy, 1, args), Status::ok);
    EXPECT_EQ(fake::complete(&state, &got), Status::unsupported_trans_syn);
}

}  // namespace
}  // namespace rpc::stub
