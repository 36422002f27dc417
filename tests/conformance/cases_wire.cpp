// 7.8 Stubs and 7.9 The wire, where the published API or a raw TCP peer is enough.
#include "raw_peer.h"
#include "bind.h"
#include "support/threads.h"
#include <stdlib.h>
#include <string.h>
#include <vector>

using namespace srv;

// A raw server and a binding to it; `serve` runs on a thread with the first connection.
template <class Serve>
struct Peer {
    raw::Server server;
    handle_t binding = nullptr;
    HANDLE thread = nullptr;
    Serve serve;

    explicit Peer(Serve s) : serve(s) {
        if (!server.listen()) return;
        binding = bind_to(L"ncacn_ip_tcp", server.endpoint().c_str());
        thread = run_on_thread([this] {
            raw::Connection c = server.accept();
            if (c) serve(c);
        });
    }
    // Waits until the server has seen what it waited for.
    bool ended(unsigned milliseconds = 8000) { return WaitForSingleObject(thread, milliseconds) == WAIT_OBJECT_0; }
};
#define PEER_READY(peer) EXPECT(peer.binding, "no binding: %s", why().c_str())

constexpr unsigned kAll = raw::kAgreeMultiplex | raw::kAgreeFeatures;

static Result request_bytes() {
    raw::Request request;
    bool ok = false;
    Peer peer([&](raw::Connection& c) {
        ok = c.accept_bind(kAll) && c.read_request(&request);
        const raw::Bytes answer = raw::longs({13, 42});
        ok = ok && c.respond(request.call_id, answer.data(), 8);
        c.wait_closed(500);
    });
    PEER_READY(peer);
    Call call;
    EXPECT_IS(call.add(peer.binding, 6, 0x01020304), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    peer.ended();
    EXPECT(ok && request.opnum == kAdd && request.stub.size() >= 8, "opnum %u, %u bytes", request.opnum,
           static_cast<unsigned>(request.stub.size()));
    EXPECT(!memcmp(request.stub.data(), "\6\0\0\0\4\3\2\1", 8), "other bytes");
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    return passed("06 00 00 00 04 03 02 01");
}
CASE(142, "3.4; inf", "the worked format string on x86: 8 bytes of stub data") {
    return sizeof(void*) == 4 ? request_bytes() : skipped("x64");
}
CASE(143, "3.4; inf", "the worked format string on x64: the same 8 bytes") {
    return sizeof(void*) == 8 ? request_bytes() : skipped("x86");
}
// Add by a changed copy of its format string.
template <class Change>
static Result add_with(Change change) {
    BIND(b, Protocol::lrpc);
    static unsigned char copy[128];
    memcpy(copy, async_proc(kAdd), 64);
    change(copy);
    Call call;
    EXPECT_IS(guarded([&] { stub::async_call(client(kAsync), copy, &call.state, b, 6L, 7L, &call.out); }), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("13, 42");
}
static void set_extension(unsigned char* string, unsigned size) {
    const unsigned old = string[20];
    memmove(string + 20 + size, string + 20 + old, 24);
    for (unsigned i = old < size ? old : size; i < size; ++i) string[20 + i] = 0;
    string[20] = static_cast<unsigned char>(size);
}
CASE(145, "RPC:the-header", "an extension of 12 bytes is skipped as a whole") {
    return add_with([](unsigned char* s) { set_extension(s, 12); });
}
CASE(146, "RPC:the-header; inf", "an extension of 8 bytes is accepted on both archs") {
    return add_with([](unsigned char* s) { set_extension(s, 8); });
}
CASE(149, "MEAS; inf", "rpc_flags 4000 does not disturb the call") {
    return add_with([](unsigned char* s) { s[3] = 0x40; });
}
CASE(151, "RPC:handling-asynchronous-calls; fields inf", "the manager's state: signature, size, call handle") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.act(b, kStateFields, 0), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.result == 7, "bits %ld of 7", call.result);
    unbind(b);
    return passed("all three");
}
CASE(152, "MO6-type tables", "a dispatch table with procedures of both kinds") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.add(b, 6, 7, kMixed), 0);
    EXPECT(call.wait(), "Add: no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    EXPECT_IS(call.act(b, kCompleteOnWorker, 20, kMixed), 0);
    EXPECT(call.wait(), "Act: no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 20 && call.result == 21, "%ld, %ld", call.out, call.result);
    long c = 0;
    EXPECT_IS(sync_add(b, 6, 7, &c, kMixed), 42);
    unbind(b);
    return passed("both");
}
CASE(155, "API", "[in, out] and conformant [out] live until CompleteCall on another thread") {
    BIND(b, Protocol::lrpc);
    Call call;
    long x = 3, y = 5;
    EXPECT_IS(guarded([&] { stub::async_call(client(kAsync), async_proc(kSwap), &call.state, b, &x, &y); }), 0);
    EXPECT(call.wait(), "Swap: no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(x == 5 && y == 3 && call.result == 8, "%ld, %ld, %ld", x, y, call.result);
    constexpr long n = 20000;
    std::vector<unsigned char> bytes(n);
    EXPECT_IS(guarded([&] { stub::async_call(client(kAsync), async_proc(kBytes), &call.state, b, n, bytes.data()); }), 0);
    EXPECT(call.wait(), "Bytes: no event");
    EXPECT_IS(call.complete(), 0);
    for (long i = 0; i < n; ++i) EXPECT(bytes[i] == static_cast<unsigned char>(i * 7 + 3), "byte %ld is %u", i, bytes[i]);
    EXPECT(call.result == n, "%ld", call.result);
    unbind(b);
    return passed("5, 3, %ld bytes", n);
}

// What a client's cancel puts on the wire after a request that is never answered until then.
struct Cancelled {
    raw::Request request;
    std::vector<raw::Pdu> after;  // until the peer closed, or a second has passed
    bool closed = false, served = false;
};
template <class Act>
static Result watch_cancel(unsigned agree, Cancelled& seen, bool abort, Act act) {
    HANDLE requested = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    Peer peer([&](raw::Connection& c) {
        seen.served = c.accept_bind(agree) && c.read_request(&seen.request);
        SetEvent(requested);
        if (seen.served) act(c);
    });
    PEER_READY(peer);
    Call call;
    EXPECT_IS(call.add(peer.binding, 6, 7), 0);
    EXPECT(WaitForSingleObject(requested, 5000) == WAIT_OBJECT_0 && seen.served, "no request");
    EXPECT_IS(call.cancel(abort), 0);
    EXPECT(call.wait(6000), "no event");
    const Outcome outcome = call.complete();
    EXPECT(outcome == (abort ? 1818 : 0), "%s", outcome.text().c_str());
    EXPECT(peer.ended(), "the raw server goes on");
    unbind(peer.binding);
    return passed("%s", outcome.text().c_str());
}
CASE(156, "C706 12.6.4", "a cancel without abort: a bare co_cancel with the call's call_id") {
    Cancelled seen;
    const Result result = watch_cancel(kAll, seen, false, [&](raw::Connection& c) {
        raw::Pdu pdu;
        if (c.read(&pdu, 3000)) seen.after.push_back(pdu);
        const raw::Bytes answer = raw::longs({13, 42});
        seen.served = c.respond(seen.request.call_id, answer.data(), 8);
        c.wait_closed(300);
    });
    if (result.verdict != Verdict::pass) return result;
    EXPECT(seen.after.size() == 1, "nothing was sent");
    const raw::Pdu& pdu = seen.after[0];
    EXPECT(pdu.type() == raw::kCancel && pdu.frag_length() == 16 && pdu.call_id() == seen.request.call_id,
           "type %u, length %u, call_id %u (%u)", pdu.type(), pdu.frag_length(), pdu.call_id(), seen.request.call_id);
    return passed("type 18, 16 bytes, call_id %u", pdu.call_id());
}
static std::string describe(const Cancelled& seen) {
    std::string text;
    for (const raw::Pdu& pdu : seen.after) text += format_text("type %u, ", pdu.type());
    return text + (seen.closed ? "closed" : "open");
}
CASE(157, "RPCE 3.3.1.5.10; choice inf", "a cancel with abort: co_cancel and/or orphaned, or the connection closes") {
    Cancelled seen;
    const Result result = watch_cancel(kAll, seen, true, [&](raw::Connection& c) {
        seen.closed = c.wait_closed(1500, &seen.after);
    });
    if (result.verdict != Verdict::pass) return result;
    bool told = seen.closed;
    for (const raw::Pdu& pdu : seen.after) {
        const bool right = pdu.type() == raw::kCancel || pdu.type() == raw::kOrphaned;
        EXPECT(right && pdu.call_id() == seen.request.call_id, "type %u, call_id %u", pdu.type(), pdu.call_id());
        told = true;
    }
    EXPECT(told, "the server was not told");
    return passed("%s", describe(seen).c_str());
}
CASE(158, "RPCE 3.3.1.5.10", "without the negotiated feature: the connection closes after orphaned") {
    Cancelled seen;
    const Result result = watch_cancel(0, seen, true, [&](raw::Connection& c) {
        seen.closed = c.wait_closed(3000, &seen.after);
    });
    if (result.verdict != Verdict::pass) return result;
    EXPECT(seen.closed, "%s", describe(seen).c_str());
    return passed("%s", describe(seen).c_str());
}
CASE(159, "RPCE 3.3.1.5.3", "the client's bind offers the features by an element of their own") {
    raw::Pdu bind;
    Peer peer([&](raw::Connection& c) {
        (void)c.accept_bind(kAll);
        bind = c.bind_pdu();
        c.wait_closed(500);
    });
    PEER_READY(peer);
    Call call;
    EXPECT_IS(call.add(peer.binding, 6, 7), 0);
    EXPECT(peer.ended(), "the raw server goes on");
    static const unsigned char features[] = {0x2c, 0x1c, 0xb7, 0x6c, 0x12, 0x98, 0x40, 0x45};
    for (size_t i = 0; i + 16 <= bind.bytes.size(); ++i) {
        if (memcmp(&bind.bytes[i], features, 8)) continue;
        EXPECT(bind.bytes[i + 8] & 2, "mask %02x", bind.bytes[i + 8]);
        EXPECT(bind.flags() & raw::kMultiplex, "no PFC_CONC_MPX");
        return passed("mask %02x, PFC_CONC_MPX", bind.bytes[i + 8]);
    }
    return failed("no such element in %u bytes", static_cast<unsigned>(bind.bytes.size()));
}
CASE(160, "RPCE 3.3.2.5.2", "two calls answered in reverse on one connection") {
    raw::Request requests[2];
    bool both = false;
    Peer peer([&](raw::Connection& c) {
        both = c.accept_bind(kAll) && c.read_request(&requests[0]) && c.read_request(&requests[1], 3000);
        if (!both) return;
        for (int i : {1, 0}) {
            raw::Bytes answer = requests[i].stub;  // c is the first argument again, the result the second
            both = both && c.respond(requests[i].call_id, answer.data(), 8);
        }
        c.wait_closed(500);
    });
    PEER_READY(peer);
    Call first, second;
    EXPECT_IS(first.add(peer.binding, 11, 12), 0);
    EXPECT_IS(second.add(peer.binding, 21, 22), 0);
    EXPECT(first.wait() && second.wait(), "no event (two on one connection: %d)", both);
    EXPECT_IS(first.complete(), 0);
    EXPECT_IS(second.complete(), 0);
    EXPECT(first.out == 11 && first.result == 12 && second.out == 21 && second.result == 22, "%ld %ld, %ld %ld",
           first.out, first.result, second.out, second.result);
    EXPECT(both, "not on one connection");
    peer.ended();
    return passed("each its own");
}
static Result faulted(unsigned status, unsigned char flags, unsigned char reserved, const raw::Bytes& tail,
                      unsigned alloc_hint, long expected) {
    Peer peer([&](raw::Connection& c) {
        raw::Request request;
        if (c.accept_bind(kAll) && c.read_request(&request) &&
            c.fault(request.call_id, status, flags, reserved, tail, alloc_hint))
            c.wait_closed(1000);
    });
    PEER_READY(peer);
    Call call;
    EXPECT_IS(call.add(peer.binding, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), expected);
    unbind(peer.binding);
    peer.ended();
    return passed("%ld", expected);
}
constexpr unsigned char kWhole = raw::kFirst | raw::kLast;
CASE(161, "RPCE 3.1.1.5.5", "fault 1C00000D: 1818") { return faulted(0x1c00000d, kWhole, 0, {}, 0x20, 1818); }
CASE(162, "RPCE 3.1.1.5.5", "fault 1C00000C, not executed: 1727") {
    return faulted(0x1c00000c, kWhole | raw::kDidNotExecute, 0, {}, 0x20, 1727);
}
CASE(163, "RPCE 3.1.1.5.5", "fault 1722, which is not mapped: as it is") {
    return faulted(1722, kWhole, 0, {}, 0x20, 1722);
}
CASE(165, "RPCE 2.2.2.8", "a fault with stub data: the data are ignored") {
    return faulted(1722, kWhole, 0, raw::longs({1, 2, 3, 4}), 0x30, 1722);
}

// A raw client of this process's asynchronous server.
static Result connect_raw(raw::Connection& c, unsigned char flags, bool features, raw::Pdu* answer = nullptr) {
    EXPECT(start(), "no server: %s", why().c_str());
    c = raw::connect_to(tcp_port());
    EXPECT(c, "no connection");
    EXPECT(c.bind(client_interface(kAsync).InterfaceId, flags, features, answer), "the bind was not accepted");
    return passed("bound");
}
#define RAW_CLIENT(c)                                                                  \
    raw::Connection c;                                                                 \
    {                                                                                  \
        const Result bound = connect_raw(c, kWhole | raw::kMultiplex, true);           \
        if (bound.verdict != Verdict::pass) return bound;                              \
    }
#define RAW_HOLD(c, call_id, parked)                                                                               \
    Parked parked;                                                                                                 \
    const long parked##_key = next_key();                                                                          \
    EXPECT(c.request(call_id, kHold, raw::longs({static_cast<unsigned>(parked##_key)})), "the request was not sent"); \
    EXPECT(wait_parked(parked##_key, &parked), "the manager was not called")

CASE(166, "C706; API", "a raw co_cancel: TestCancel 0") {
    RAW_CLIENT(c);
    RAW_HOLD(c, 7, parked);
    EXPECT_IS(GUARDED(RpcServerTestCancel(call_handle(parked))), 1791);
    EXPECT(c.bare(raw::kCancel, 7), "the cancel was not sent");
    EXPECT_IS(wait_test_cancel(call_handle(parked), 0), 0);
    EXPECT_IS(release(parked, 5), 0);
    raw::Pdu pdu;
    EXPECT(c.read(&pdu) && pdu.type() == raw::kResponse && pdu.call_id() == 7, "no response with call_id 7");
    EXPECT(pdu.dword(24) == 5 && pdu.dword(28) == 6, "%u, %u", pdu.dword(24), pdu.dword(28));
    return passed("seen; answered under call_id 7");
}
CASE(167, "inf", "a co_cancel of an unknown call: the connection stays") {
    RAW_CLIENT(c);
    EXPECT(c.bare(raw::kCancel, 4711), "the cancel was not sent");
    EXPECT(c.request(8, kAdd, raw::longs({6, 7})), "the request was not sent");
    raw::Pdu pdu;
    EXPECT(c.read(&pdu) && pdu.type() == raw::kResponse && pdu.call_id() == 8, "no response with call_id 8");
    EXPECT(pdu.dword(24) == 13 && pdu.dword(28) == 42, "%u, %u", pdu.dword(24), pdu.dword(28));
    return passed("13, 42");
}
CASE(168, "C706; inf", "an orphaned call is never answered") {
    RAW_CLIENT(c);
    RAW_HOLD(c, 9, parked);
    EXPECT(c.bare(raw::kOrphaned, 9), "orphaned was not sent");
    EXPECT_IS(wait_test_cancel(call_handle(parked), 0), 0);
    EXPECT(!release(parked, 5).raised, "the server's CompleteCall raised");
    EXPECT(c.request(10, kAdd, raw::longs({6, 7})), "the request was not sent");
    raw::Pdu pdu;
    EXPECT(c.read(&pdu) && pdu.type() == raw::kResponse && pdu.call_id() == 10, "the next PDU has type %u, call_id %u",
           pdu.type(), pdu.call_id());
    return passed("only the next call is");
}
CASE(169, "C706", "the response carries cancel_count 1 after one cancel") {
    RAW_CLIENT(c);
    RAW_HOLD(c, 7, parked);
    EXPECT(c.bare(raw::kCancel, 7), "the cancel was not sent");
    EXPECT_IS(wait_test_cancel(call_handle(parked), 0), 0);
    EXPECT_IS(release(parked, 5), 0);
    raw::Pdu pdu;
    EXPECT(c.read(&pdu) && pdu.type() == raw::kResponse, "no response");
    EXPECT(pdu.bytes[22] == 1, "cancel_count %u", pdu.bytes[22]);
    return passed("1");
}
CASE(170, "C706; inf", "a bind with PFC_CONC_MPX is acknowledged with it") {
    raw::Connection c;
    raw::Pdu answer;
    const Result bound = connect_raw(c, kWhole | raw::kMultiplex, true, &answer);
    if (bound.verdict != Verdict::pass) return bound;
    EXPECT(answer.flags() & raw::kMultiplex, "flags %02x", answer.flags());
    const unsigned results = (26 + answer.word(24) + 3) & ~3u;  // behind the secondary address
    EXPECT(answer.bytes.size() >= results + 4 + 48 && answer.bytes[results] == 2, "%u results", answer.bytes[results]);
    EXPECT(answer.word(results + 4) == 0, "the interface: result %u", answer.word(results + 4));
    EXPECT(answer.word(results + 28) == 3, "the features: result %u", answer.word(results + 28));
    return passed("flags %02x, features %02x", answer.flags(), answer.word(results + 30));
}
CASE(171, "RPCE 3.3.3", "two requests on one connection: both dispatched, answered by call_id") {
    RAW_CLIENT(c);
    RAW_HOLD(c, 21, first);
    RAW_HOLD(c, 22, second);
    EXPECT_IS(release(second, 200), 0);
    raw::Pdu pdu;
    EXPECT(c.read(&pdu) && pdu.type() == raw::kResponse && pdu.call_id() == 22 && pdu.dword(24) == 200,
           "type %u, call_id %u", pdu.type(), pdu.call_id());
    EXPECT_IS(release(first, 100), 0);
    EXPECT(c.read(&pdu) && pdu.type() == raw::kResponse && pdu.call_id() == 21 && pdu.dword(24) == 100,
           "type %u, call_id %u", pdu.type(), pdu.call_id());
    return passed("22, then 21");
}
CASE(172, "C706; inf", "a request with PENDING_CANCEL is cancelled from the start") {
    RAW_CLIENT(c);
    const long key = next_key();
    EXPECT(c.request(7, kHold, raw::longs({static_cast<unsigned>(key)}), kWhole | raw::kPendingCancel), "not sent");
    Parked parked;
    EXPECT(wait_parked(key, &parked), "the manager was not called");
    EXPECT_IS(GUARDED(RpcServerTestCancel(call_handle(parked))), 0);
    EXPECT_IS(release(parked, 5), 0);
    raw::Pdu pdu;
    EXPECT(c.read(&pdu) && pdu.type() == raw::kResponse, "no response");
    return passed("0");
}
CASE(173, "inf", "a reply of 100 KB in fragments: one notification, after the last") {
    for (Protocol protocol : {Protocol::lrpc, Protocol::tcp, Protocol::np}) {
        BIND(b, protocol);
        Call call;
        constexpr long n = 100000;
        std::vector<unsigned char> bytes(n);
        EXPECT_IS(guarded([&] { stub::async_call(client(kAsync), async_proc(kBytes), &call.state, b, n, bytes.data()); }), 0);
        EXPECT(call.wait(), "no event");
        EXPECT_IS(call.status(), 0);
        EXPECT(!call.wait(200), "a second event");
        EXPECT_IS(call.complete(), 0);
        for (long i = 0; i < n; ++i) EXPECT(bytes[i] == static_cast<unsigned char>(i * 7 + 3), "byte %ld", i);
        long sum = 0;
        EXPECT_IS(guarded([&] {
                      stub::async_call(client(kAsync), async_proc(kPush), &call.state, b, n, bytes.data(), &sum);
                  }), 0);
        EXPECT(call.wait(), "Push: no event");
        EXPECT_IS(call.complete(), 0);
        unsigned expected = 0;
        for (long i = 0; i < n; ++i) expected = expected * 31 + bytes[i];
        EXPECT(call.result == n && sum == static_cast<long>(expected), "Push: %ld, %lx", call.result, sum);
        unbind(b);
    }
    return passed("each way, on three protocols");
}
