// What travels while a call runs, without a call: when the peer has to wait, who is told and how often.
#include "call/transfer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/os.h"
#include "io/executor_host.h"
#include "link/script_stream.h"

namespace rpc::call {
namespace {

using Wait = Transfer::Wait;

struct FakeCall final : TransferCall {
    bool hold() override { return ++held, alive; }
    void let_go() override { --held; }
    Status send_piece(link::OutgoingBody piece, bool last, io::WriteWatch* watch) override {
        if (failed(refuse)) return refuse;
        sent.append(reinterpret_cast<char*>(piece.data()), piece.size());
        ended = ended || last;
        if (slow) watches.push_back(watch);
        else if (watch) watch->on_written(piece.size());
        return Status::ok;
    }
    void tell(RPC_ASYNC_EVENT event) override { told.push_back(event); }
    bool alive = true, ended = false, slow = false;
    int held = 0;
    Status refuse = Status::ok;
    std::string sent;
    std::vector<io::WriteWatch*> watches;
    std::vector<RPC_ASYNC_EVENT> told;
};

class TransferTest : public ::testing::Test {
protected:
    void SetUp() override {
        io::hold_submitted();
        transfer->set_stream(stream);
    }
    void TearDown() override {
        transfer->end(Status::call_failed);
        io::run_submitted();
        io::stop_executor();
    }
    Status arrive(std::string_view text) { return transfer->arrive({reinterpret_cast<const uint8_t*>(text.data()), text.size()}); }
    Status take(Wait wait = Wait::no) {
        const Status status = transfer->take(window, used, whole, wait);
        text.assign(reinterpret_cast<char*>(window.data()), window.size());
        return status;
    }
    Status send(std::string_view text, bool last, bool told, Wait wait = Wait::no) {
        Buffer piece;
        EXPECT_TRUE(piece.resize(transfer->headroom()));
        EXPECT_TRUE(piece.append({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
        return transfer->send(std::move(piece), last, told, wait);
    }
    FakeCall call;
    Ref<link::ScriptStream> stream = make_ref<link::ScriptStream>();
    Ref<Transfer> transfer = make_ref<Transfer>(static_cast<TransferCall&>(call), size_t{24}, false);
    Buffer window;
    size_t used = 0;
    bool whole = false;
    std::string text;
};

TEST_F(TransferTest, TakesWhatHasCome) {
    EXPECT_EQ(take(), Status::call_pending);
    EXPECT_EQ(arrive("0123456789"), Status::ok);
    EXPECT_EQ(take(), Status::ok);
    EXPECT_EQ(text, "0123456789");
    EXPECT_FALSE(whole);
    used = 9;
    EXPECT_EQ(arrive("abc"), Status::ok);
    transfer->arrived(Status::ok);
    EXPECT_EQ(take(Wait::here), Status::ok);
    EXPECT_EQ(text, "89abc");  // eight bytes are gone, and alignment is as it was
    EXPECT_EQ(used, 1u);
    EXPECT_TRUE(whole);
    EXPECT_EQ(take(), Status::ok);
    EXPECT_TRUE(call.told.empty());
}

TEST_F(TransferTest, TellsOnceWhoWaited) {
    EXPECT_EQ(take(Wait::notify), Status::call_pending);
    EXPECT_EQ(arrive("a"), Status::ok);
    EXPECT_EQ(arrive("b"), Status::ok);
    EXPECT_EQ(call.told, std::vector{RpcReceiveComplete});
    EXPECT_EQ(take(Wait::notify), Status::ok);
    EXPECT_EQ(take(Wait::notify), Status::call_pending);
    transfer->arrived(Status::call_failed);
    EXPECT_EQ(call.told.size(), 2u);
    EXPECT_EQ(take(Wait::notify), Status::call_failed);
    EXPECT_EQ(call.held, 0);
}

TEST_F(TransferTest, ThePeerWaitsWhenMuchIsHere) {
    const std::string much(200000, 'x');
    EXPECT_EQ(arrive(much), Status::ok);
    EXPECT_FALSE(stream->paused);
    EXPECT_EQ(arrive(much), Status::ok);
    EXPECT_TRUE(stream->paused);
    EXPECT_EQ(take(), Status::ok);
    EXPECT_FALSE(stream->paused);
    EXPECT_EQ(text.size(), 400000u);
    EXPECT_EQ(arrive(much + much), Status::ok);
    EXPECT_TRUE(stream->paused);
    transfer->end(Status::call_cancelled);
    EXPECT_FALSE(stream->paused);
    EXPECT_EQ(arrive(much + much), Status::ok);
    EXPECT_FALSE(stream->paused);  // nobody takes it
}

TEST_F(TransferTest, WhatIsTakenAtTheEndDoesNotStopThePeer) {
    const std::string much(300000, 'x');
    EXPECT_EQ(arrive(much), Status::ok);
    EXPECT_TRUE(stream->paused);
    transfer->take_at_end();
    EXPECT_FALSE(stream->paused);
    EXPECT_EQ(arrive(much), Status::ok);
    EXPECT_FALSE(stream->paused);
    transfer->arrived(Status::ok);
    EXPECT_EQ(take(), Status::ok);
    EXPECT_TRUE(whole);
    EXPECT_EQ(text.size(), 600000u);
}

TEST_F(TransferTest, TellsWhenAllHasLeft) {
    call.slow = true;
    EXPECT_EQ(send("12345678", false, true), Status::ok);
    EXPECT_EQ(send("abcdefgh", false, true), Status::ok);
    call.watches[1]->on_written(8);
    io::run_submitted();
    EXPECT_TRUE(call.told.empty());
    call.watches[0]->on_written(8);
    EXPECT_TRUE(call.told.empty());  // never from inside a push
    io::run_submitted();
    EXPECT_EQ(call.told, std::vector{RpcSendComplete});
    call.slow = false;
    EXPECT_EQ(send("the end", true, true), Status::ok);
    io::run_submitted();
    EXPECT_EQ(call.told.size(), 1u);
    EXPECT_EQ(call.sent, "12345678abcdefghthe end");
    EXPECT_TRUE(call.ended);
    transfer->tell_sent();
    io::run_submitted();
    EXPECT_EQ(call.told.size(), 2u);
}

TEST_F(TransferTest, AfterTheEndNobodyIsTold) {
    call.slow = true;
    EXPECT_EQ(send("12345678", false, true), Status::ok);
    EXPECT_EQ(take(Wait::notify), Status::call_pending);
    transfer->end(Status::call_cancelled);
    call.watches[0]->on_written(8);
    EXPECT_EQ(arrive("late"), Status::ok);
    io::run_submitted();
    EXPECT_TRUE(call.told.empty());
    EXPECT_EQ(take(Wait::here), Status::call_cancelled);
    EXPECT_EQ(send("12345678", false, true, Wait::here), Status::call_failed);
    EXPECT_EQ(call.held, 0);
}

// Whoever waits here does not wait for ever: for data, or for room.
TEST_F(TransferTest, PatienceEnds) {
    const std::string piece(1024, 'x');
    call.slow = true;
    for (int i = 0; i < 8; ++i) EXPECT_EQ(send(piece, false, false, Wait::here), Status::ok);
    transfer->set_silence(20);
    EXPECT_EQ(take(Wait::here), Status::call_cancelled);
    EXPECT_EQ(send(piece, false, false, Wait::here), Status::call_cancelled);
    EXPECT_EQ(arrive("here"), Status::ok);
    EXPECT_EQ(take(Wait::here), Status::ok);
    transfer->set_silence(wait_forever);
    transfer->give_up_at(os::now_ms() + 20);
    transfer->give_up_at(os::now_ms() + 100000);  // the earliest counts
    EXPECT_EQ(take(Wait::here), Status::call_cancelled);
    EXPECT_EQ(send(piece, false, false, Wait::here), Status::call_cancelled);
    for (io::WriteWatch* watch : call.watches) watch->on_written(8);
    EXPECT_EQ(send(piece, false, false, Wait::here), Status::ok);
    call.watches.back()->on_written(8);
    EXPECT_EQ(call.held, 0);
}

// Every piece goes at once. Small ones behind one that has not left are not watched, but for one of 65, so that their number stays bounded.
TEST_F(TransferTest, OfSmallPiecesFewAreWatched) {
    call.slow = true;
    const auto watched = [&] { return call.watches.back() != nullptr; };
    for (int i = 0; i < 3 * 65; ++i) {
        EXPECT_EQ(send("12345678", false, false, Wait::here), Status::ok);
        EXPECT_EQ(watched(), i % 65 == 0);
    }
    EXPECT_EQ(call.sent.size(), 3u * 65 * 8);
    EXPECT_EQ(send(std::string(1024, 'x'), false, false, Wait::here), Status::ok);
    EXPECT_TRUE(watched());
    EXPECT_EQ(send("12345678", false, false, Wait::no), Status::ok);
    EXPECT_TRUE(watched());
    EXPECT_EQ(send("12345678", true, false, Wait::here), Status::ok);
    EXPECT_TRUE(watched());
    for (auto* watch : call.watches)
        if (watch) watch->on_written(8);
    EXPECT_EQ(send("12345678", false, false, Wait::here), Status::ok);
    EXPECT_TRUE(watched());
    call.watches.back()->on_written(8);
    EXPECT_EQ(call.held, 0);
}

// Who is to be spared small pieces is not made to wait either.
TEST_F(TransferTest, ThePeerIsSpared) {
    EXPECT_FALSE(transfer->spares_peer());
    transfer->spare_peer();
    EXPECT_TRUE(transfer->spares_peer());
    EXPECT_EQ(arrive(std::string(1 << 20, 'x')), Status::ok);
    EXPECT_FALSE(stream->paused);
}

TEST_F(TransferTest, WhatCouldNotBeSentIsNotAwaited) {
    call.refuse = Status::call_failed;
    for (int i = 0; i < 20; ++i) EXPECT_EQ(send("12345678", false, false, Wait::here), Status::call_failed);
    EXPECT_EQ(call.held, 0);
}

}  // namespace
}  // namespace rpc::call
