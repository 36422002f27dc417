// Synchronous pipes: elements travel while both programs make and take them, so that neither side's memory grows with what has passed, and what
// happens to the call in the middle is told in the middle. The stubs are interpreted, their format strings written by hand, since widl
// knows no pipes.
//
//   sync_pipes MEGABYTES                          client and server in one process
//   sync_pipes lrpc|np|tcp [--whole]              a server; whole: one that knows no pipes, and reads and writes their bytes itself
//   sync_pipes SEQUENCE ENDPOINT [--whole|--of-whole|--dies]   its client; whole: likewise; of-whole: of such a server; dies: in the middle
#include <windows.h>
#include <psapi.h>
#include <rpc.h>
#include <rpcasync.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "support/checks.h"
#include "support/endpoints.h"
#include "support/guard.h"
#include "support/hand_interface.h"
#include "support/threads.h"

namespace {

using namespace hand;

constexpr DWORD kPatience = 60000;
constexpr size_t kRoom = 16u << 20;  // bytes that both sides together may take while data stream
// Elements, of which neither side takes all before it waits. Of replies of 8 MB over TCP, Wine's own server leaves some unsent, whoever asks.
constexpr LONG kFew = 300000;
constexpr unsigned kRefused = 0xe0001234, kGivenUp = 0xe0005678;

// --- the interface --------------------------------------------------------------------------------------------------

struct LongPipe {
    void(__RPC_USER* pull)(char* state, LONG* buffer, ULONG size, ULONG* count);
    void(__RPC_USER* push)(char* state, LONG* buffer, ULONG count);
    void(__RPC_USER* alloc)(char* state, ULONG bytes, LONG** buffer, ULONG* given);
    char* state;
};

// 2: long; 4: a pipe of it
const unsigned char types[] = {0x5b, 0x5c, 0x08, 0x5c, 0xb5, 0x03, 0xfc, 0xff, 0x04, 0x00, 0x04, 0x00};

HANDLE g_gate = CreateEventW(nullptr, TRUE, TRUE, nullptr);
volatile LONG g_server_raised;  // what a manager's pull or push ended with

constexpr ULONG kPortion = 4096;

// Elements count up from 0. How many there were; *wrong: how many were others.
LONG sum(handle_t, LongPipe* pipe, LONG* wrong) {
    std::vector<LONG> data(kPortion);
    LONG n = 0;
    *wrong = 0;
    WaitForSingleObject(g_gate, kPatience);
    for (ULONG got = 1; got != 0;) {
        pipe->pull(pipe->state, data.data(), kPortion, &got);
        for (ULONG i = 0; i < got; ++i) *wrong += data[i] != n++;
    }
    return n;
}

LONG count_up(handle_t, LONG n, LONG portion, LongPipe* pipe) {
    std::vector<LONG> data(static_cast<size_t>(portion));
    for (LONG next = 0; next < n;) {
        LONG some = 0;
        for (; some < portion && next < n; ++some) data[some] = next++;
        pipe->push(pipe->state, data.data(), static_cast<ULONG>(some));
    }
    pipe->push(pipe->state, nullptr, 0);
    return n;
}

// Both directions in one parameter: as many come back as went.
LONG back(handle_t h, LongPipe* pipe) {
    LONG wrong = 0;
    const LONG n = sum(h, pipe, &wrong);
    (void)count_up(h, n, kPortion, pipe);
    return wrong;
}

LONG refuse(handle_t, LongPipe* pipe) {
    LONG data[10];
    ULONG got = 0;
    pipe->pull(pipe->state, data, 10, &got);
    RaiseException(kRefused, 0, 0, nullptr);
    return 0;
}

// What becomes of a manager whose client goes away while it waits for it. Which way: it pulls, or pushes.
LONG watched(handle_t h, LONG pulls, LongPipe* in, LongPipe* out) {
    const Outcome o = guarded([&] {
        LONG wrong = 0;
        if (pulls) (void)sum(h, in, &wrong);
        else (void)count_up(h, 0x7fffffff, kPortion, out);
    });
    InterlockedExchange(&g_server_raised, static_cast<LONG>(o.raised));
    if (o.raised) RaiseException(o.raised, 0, 0, nullptr);
    if (!pulls) return 0;
    out->push(out->state, nullptr, 0);
    return 0;
}

// In the middle of its call, but once the call's own I/O has come to rest: a Wine process that ends while I/O completes may stay, half dead,
// since a thread of it is killed with a lock of ntdll's that the last one waits for.
[[noreturn]] void die_at_rest() {
    Sleep(100);
    TerminateProcess(GetCurrentProcess(), 0);
    std::abort();
}

LONG die(handle_t, LongPipe* pipe) {
    LONG data[10];
    ULONG got = 0;
    pipe->pull(pipe->state, data, 10, &got);
    die_at_rest();
}

// Answers whether its last element came before the pipe's end, though more was on the way before it.
constexpr LONG kMarker = -1;
HANDLE g_marker_seen = CreateEventW(nullptr, FALSE, FALSE, nullptr);
LONG announce(handle_t, LongPipe* pipe) {
    std::vector<LONG> much(32767);  // with their count a multiple of 8 bytes, as fragments are
    for (int i = 0; i < 7; ++i) pipe->push(pipe->state, much.data(), static_cast<ULONG>(much.size()));
    LONG marker = kMarker;
    pipe->push(pipe->state, &marker, 1);
    const bool seen = WaitForSingleObject(g_marker_seen, 10000) == WAIT_OBJECT_0;
    pipe->push(pipe->state, nullptr, 0);
    return seen;
}

LONG plain(handle_t, LONG a) { return a + 1; }

LONG stop(handle_t) {
    RpcMgmtStopServerListening(nullptr);
    return 0;
}

enum Number { kSum, kCountUp, kBack, kRefuse, kWatched, kDie, kPlain, kStop, kAnnounce };

Interface iface;

void describe() {
    const auto add = [](auto* manager, std::initializer_list<Param> params) {
        iface.calls.add(manager, static_cast<unsigned>(params.size() + 1) * slot, params);
    };
    add(sum, {{in_pipe, slot, 4}, {out_simple, 2 * slot, 8}, {simple_result, 3 * slot, 8}});
    add(count_up, {{in_simple, slot, 8}, {in_simple, 2 * slot, 8}, {out_pipe, 3 * slot, 4}, {simple_result, 4 * slot, 8}});
    add(back, {{in_out_pipe, slot, 4}, {simple_result, 2 * slot, 8}});
    add(refuse, {{in_pipe, slot, 4}, {simple_result, 2 * slot, 8}});
    add(watched, {{in_simple, slot, 8}, {in_pipe, 2 * slot, 4}, {out_pipe, 3 * slot, 4}, {simple_result, 4 * slot, 8}});
    add(die, {{in_pipe, slot, 4}, {simple_result, 2 * slot, 8}});
    add(plain, {{in_simple, slot, 8}, {simple_result, 2 * slot, 8}});
    add(stop, {{simple_result, slot, 8}});
    add(announce, {{out_pipe, slot, 4}, {simple_result, 2 * slot, 8}});
    iface.describe({0x5d2c4f10, 0x4f7e, 0x4b0d, {0x8e, 0x5c, 1, 2, 3, 4, 5, 7}}, types);
}

// --- who knows no pipes ---------------------------------------------------------------------------------------------

// Reads or writes stub data as C706 chapter 14 has pipes of longs.
struct Bytes {
    std::vector<LONG> words;
    size_t at = 0;
    LONG next() { return at < words.size() ? words[at++] : -1; }
    // How many elements, and whether they count up.
    LONG pipe(bool& in_order) {
        LONG n = 0;
        for (LONG left = next(); left > 0; left = next())
            for (; left > 0 && at < words.size(); --left) in_order = in_order && next() == n++;
        return n;
    }
    void add_pipe(LONG elements, LONG portion) {
        for (LONG n = 0; n < elements;) {
            const LONG some = elements - n < portion ? elements - n : portion;
            words.push_back(some);
            for (LONG i = 0; i < some; ++i) words.push_back(n++);
        }
        words.push_back(0);
    }
};

void take(Bytes& bytes, const RPC_MESSAGE& message) {
    bytes.words.resize(message.BufferLength / 4);
    std::memcpy(bytes.words.data(), message.Buffer, bytes.words.size() * 4);
}

long give(const Bytes& bytes, RPC_MESSAGE& message) {
    message.BufferLength = static_cast<unsigned>(bytes.words.size() * 4);
    if (const long why = I_RpcGetBuffer(&message)) return why;
    std::memcpy(message.Buffer, bytes.words.data(), message.BufferLength);
    return 0;
}

void __RPC_STUB whole_dispatch(PRPC_MESSAGE message) {
    Bytes request, reply;
    take(request, *message);
    bool good = true;
    switch (message->ProcNum & 0xff) {
    case kSum: {
        const LONG n = request.pipe(good);
        reply.words = {!good, n};
        break;
    }
    case kCountUp: {
        const LONG n = request.next(), portion = request.next();
        reply.add_pipe(n, portion);
        reply.words.push_back(n);
        break;
    }
    case kPlain:
        reply.words = {request.next() + 1};
        break;
    case kStop:
        RpcMgmtStopServerListening(nullptr);
        reply.words = {0};
        break;
    default:
        RpcRaiseException(RPC_S_PROCNUM_OUT_OF_RANGE);
    }
    if (const long why = give(reply, *message)) RpcRaiseException(why);
}

long whole_call(handle_t h, unsigned number, const Bytes& request, Bytes& reply) {
    RPC_MESSAGE m = {};
    m.Handle = h;
    m.ProcNum = number;
    m.RpcInterfaceInformation = &iface.client;
    m.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    if (const long why = give(request, m)) return why;
    if (const long why = I_RpcSendReceive(&m)) return why;
    take(reply, m);
    return I_RpcFreeBuffer(&m);
}

void whole_client(handle_t h) {
    for (LONG portion : {1, 7, 5000, 300000}) {
        Bytes request, reply, counted;
        const LONG n = portion < 100 ? portion * 3000 : kFew;  // each portion is a PDU of its own
        request.add_pipe(n, portion);
        CHECK(whole_call(h, kSum, request, reply) == 0 && (reply.words == std::vector<LONG>{0, n}));
        bool in_order = true;
        request.words = {n, portion};
        CHECK(whole_call(h, kCountUp, request, counted) == 0 && counted.pipe(in_order) == n && in_order && counted.next() == n);
    }
}

// --- the client -----------------------------------------------------------------------------------------------------

#define CALL(number, ...) static_cast<LONG>(HAND_CALL(&iface.client_desc, iface.calls[number], __VA_ARGS__).Simple)

size_t memory() {
    PROCESS_MEMORY_COUNTERS_EX counters{};
    counters.cb = sizeof counters;
    K32GetProcessMemoryInfo(GetCurrentProcess(), reinterpret_cast<PROCESS_MEMORY_COUNTERS*>(&counters), sizeof counters);
    return counters.PrivateUsage > counters.WorkingSetSize ? counters.PrivateUsage : counters.WorkingSetSize;
}

// A program's pipe: makes elements that count up, and looks at those that come.
struct Program {
    LongPipe pipe{pull, push, alloc, reinterpret_cast<char*>(this)};
    LONG total = 0, made = 0, seen = 0, at_once = 16384;
    LONG raise_at = -1;     // elements
    HANDLE made_some = nullptr;
    DWORD die_at = 0;       // likewise, with the process
    bool in_order = true, ended = false;
    size_t start = memory(), most = 0;
    unsigned looks = 0;
    std::vector<LONG> room = std::vector<LONG>(16384);

    static Program& of(char* state) { return *reinterpret_cast<Program*>(state); }
    void look() {
        if (++looks % 64) return;
        const size_t now = memory();
        if (now > start && now - start > most) most = now - start;
    }
    static void __RPC_USER alloc(char* state, ULONG bytes, LONG** buffer, ULONG* given) {
        const auto most = static_cast<ULONG>(of(state).at_once) * 4;
        *given = bytes < most ? bytes : most;
        *buffer = of(state).room.data();
    }
    static void __RPC_USER pull(char* state, LONG* buffer, ULONG size, ULONG* count) {
        Program& p = of(state);
        p.look();
        if (p.raise_at >= 0 && p.made >= p.raise_at) RaiseException(kGivenUp, 0, 0, nullptr);
        if (p.die_at && p.made >= static_cast<LONG>(p.die_at)) die_at_rest();
        if (p.made_some && p.made > kFew) SetEvent(p.made_some);
        for (*count = 0; *count < size && p.made < p.total; ++*count) buffer[*count] = p.made++;
    }
    static void __RPC_USER push(char* state, LONG* buffer, ULONG count) {
        Program& p = of(state);
        p.look();
        if (p.raise_at >= 0 && p.seen >= p.raise_at) RaiseException(kGivenUp, 0, 0, nullptr);
        p.in_order = p.in_order && !p.ended;
        for (ULONG i = 0; i < count; ++i) p.in_order = p.in_order && buffer[i] == p.seen++;
        p.ended = count == 0;
    }
};

bool works(handle_t h) {
    LONG result = 0;
    const Outcome o = guarded([&] { result = CALL(kPlain, h, 6L); });
    return !o.raised && result == 7;
}

void stream(handle_t h, LONG elements) {
    LONG result = 0, wrong = -1;
    Program in;
    in.total = elements;
    Outcome o = guarded([&] { result = CALL(kSum, h, &in.pipe, &wrong); });
    CHECK(!o.raised && result == elements && wrong == 0 && in.made == elements);
    Program out;
    o = guarded([&] { result = CALL(kCountUp, h, elements, static_cast<LONG>(kPortion), &out.pipe); });
    CHECK(!o.raised && result == elements && out.seen == elements && out.in_order && out.ended);
    std::printf("  %ld elements: at most %lu and %lu KB more than at the start\n", elements, static_cast<unsigned long>(in.most / 1024),
                static_cast<unsigned long>(out.most / 1024));
    CHECK(in.most < kRoom && out.most < kRoom);
}

void portions(handle_t h) {
    for (LONG portion : {1, 3, 1000}) {
        LONG result = 0, wrong = -1;
        const LONG n = portion == 1000 ? kFew + 1 : portion * 2000 + 1;
        Program in, out, both, none;
        in.total = both.total = n;
        in.at_once = both.at_once = out.at_once = portion;
        Outcome o = guarded([&] { result = CALL(kSum, h, &in.pipe, &wrong); });
        CHECK(!o.raised && result == n && wrong == 0);
        o = guarded([&] { result = CALL(kCountUp, h, n, portion, &out.pipe); });
        CHECK(!o.raised && result == n && out.seen == n && out.in_order && out.ended);
        o = guarded([&] { result = CALL(kSum, h, &none.pipe, &wrong); });
        CHECK(!o.raised && result == 0 && wrong == 0);
    }
}

void both_ways(handle_t h) {
    LONG result = -1;
    Program both;
    both.total = kFew;
    const Outcome o = guarded([&] { result = CALL(kBack, h, &both.pipe); });
    CHECK(!o.raised && result == 0 && both.made == kFew && both.seen == kFew && both.in_order && both.ended);
}

// Reads nothing for a while, so that what it is sent has to wait.
struct Listener {
    LongPipe pipe{nullptr, push, alloc, reinterpret_cast<char*>(this)};
    bool slept = false;
    std::vector<LONG> room = std::vector<LONG>(4096);
    static void __RPC_USER alloc(char* state, ULONG, LONG** buffer, ULONG* given) {
        auto& room = reinterpret_cast<Listener*>(state)->room;
        *buffer = room.data();
        *given = static_cast<ULONG>(room.size() * sizeof(LONG));
    }
    static void __RPC_USER push(char* state, LONG* buffer, ULONG count) {
        auto& l = *reinterpret_cast<Listener*>(state);
        if (!l.slept) Sleep(200);
        l.slept = true;
        for (ULONG i = 0; i < count; ++i)
            if (buffer[i] == kMarker) SetEvent(g_marker_seen);
    }
};

// What was pushed comes, without being pushed by what follows.
void announced(handle_t h) {
    LONG result = 0;
    Listener listener;
    ResetEvent(g_marker_seen);
    const Outcome o = guarded([&] { result = CALL(kAnnounce, h, &listener.pipe); });
    CHECK(!o.raised && result == 1);
}

// The server raises after a few elements: the client hears it long before it has made all of them.
void refused(handle_t h) {
    Program in;
    in.total = 0x7fffffff;
    const Outcome o = guarded([&] { (void)CALL(kRefuse, h, &in.pipe); });
    CHECK(o.raised == kRefused);
    CHECK(in.made < 0x7fffffff && works(h));
}

// The client's own routine raises: its exception leaves the stub, and the manager, which waits, hears of the end.
void given_up(handle_t h, bool pulls) {
    Program in, out;
    in.total = pulls ? 0x7fffffff : 0;
    (pulls ? in : out).raise_at = kFew;
    InterlockedExchange(&g_server_raised, 0);
    const Outcome o = guarded([&] { (void)CALL(kWatched, h, static_cast<LONG>(pulls), &in.pipe, &out.pipe); });
    CHECK(o.raised == kGivenUp);
    for (DWORD i = 0; i < kPatience / 10 && !g_server_raised; ++i) Sleep(10);
    CHECK(g_server_raised == RPC_S_CALL_FAILED);
    CHECK(works(h));
}

// A client that the server makes wait is cancelled: by another thread, or as its time is over.
void cancelled(handle_t h, bool by_time) {
    ResetEvent(g_gate);
    Program in;
    LONG wrong = 0;
    in.total = 0x7fffffff;
    in.made_some = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    HANDLE caller = nullptr;
    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &caller, 0, FALSE, DUPLICATE_SAME_ACCESS);
    if (by_time) RpcBindingSetOption(h, RPC_C_OPT_CALL_TIMEOUT, 1500);
    else
        run_detached([&] {
            WaitForSingleObject(in.made_some, 2000);
            CHECK(RpcCancelThreadEx(caller, 1) == RPC_S_OK);
        });
    const Outcome o = guarded([&] { (void)CALL(kSum, h, &in.pipe, &wrong); });
    CHECK(o.raised == RPC_S_CALL_CANCELLED);
    RpcBindingSetOption(h, RPC_C_OPT_CALL_TIMEOUT, 0);
    SetEvent(g_gate);
    CloseHandle(caller);
    CloseHandle(in.made_some);
    CHECK(works(h));
}

// --- programs -------------------------------------------------------------------------------------------------------

std::vector<Endpoint> endpoints() { return own_endpoints(L"sync-pipes"); }

// A client in a process of its own, which ends in the middle of its call.
void client_dies(const Endpoint& way, const wchar_t* program) {
    std::wstring command = L"\"" + std::wstring(program) + L"\" " + way.protocol + L" " + way.endpoint + L" --dies";
    STARTUPINFOW start{};
    start.cb = sizeof start;
    PROCESS_INFORMATION process{};
    InterlockedExchange(&g_server_raised, 0);
    CHECK(CreateProcessW(nullptr, command.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &start, &process));
    CHECK(WaitForSingleObject(process.hProcess, kPatience) == WAIT_OBJECT_0);
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
    for (DWORD i = 0; i < kPatience / 10 && !g_server_raised; ++i) Sleep(10);
    CHECK(g_server_raised == RPC_S_CALL_FAILED);
}

int alone(long megabytes, const wchar_t* program) {
    for (const Endpoint& way : endpoints())
        if (!offer(way)) return 1;
    if (RpcServerRegisterIf(&iface.server, nullptr, nullptr) || RpcServerListen(1, 10, TRUE)) return std::printf("no server\n"), 1;
    for (const Endpoint& way : endpoints()) {
        std::printf("%ls\n", way.protocol.c_str());
        handle_t h = bind(way);
        if (!h) return std::printf("no binding\n"), 1;
        portions(h);
        both_ways(h);
        announced(h);
        refused(h);
        given_up(h, true);
        given_up(h, false);
        cancelled(h, false);
        if (way.protocol == L"ncacn_ip_tcp") cancelled(h, true);
        client_dies(way, program);
        stream(h, static_cast<LONG>(megabytes) * 262144 - 5);
        RpcBindingFree(&h);
    }
    return 0;
}

int serve(const std::wstring& protocol, bool whole) {
    const Endpoint way = endpoints()[protocol == L"lrpc" ? 0 : protocol == L"np" ? 1 : 2];
    if (whole) iface.serve_by_hand(whole_dispatch);
    if (!offer(way) || RpcServerRegisterIf(&iface.server, nullptr, nullptr)) return 1;
    std::printf("ready %ls %ls\n", way.protocol.c_str(), way.endpoint.c_str());
    return RpcServerListen(1, 10, FALSE) != RPC_S_OK;
}

int ask(const Endpoint& way, const std::wstring& how) {
    handle_t h = bind(way);
    if (!h) return std::printf("no binding\n"), 1;
    if (how == L"--dies") {
        Program in, out;
        in.total = 0x7fffffff;
        in.die_at = kFew;
        (void)guarded([&] { (void)CALL(kWatched, h, 1L, &in.pipe, &out.pipe); });
        return 1;
    }
    Bytes none, reply;
    if (how == L"--whole") {
        whole_client(h);
        CHECK(whole_call(h, kStop, none, reply) == 0);
        return 0;
    }
    portions(h);
    stream(h, kFew);
    if (how == L"--of-whole") {
        CHECK(works(h));
        CHECK(whole_call(h, kStop, none, reply) == 0);
        return 0;
    }
    both_ways(h);
    refused(h);
    whole_client(h);
    Program in;
    in.total = 0x7fffffff;
    const Outcome o = guarded([&] { (void)CALL(kDie, h, &in.pipe); });
    CHECK(o.raised == RPC_S_CALL_FAILED);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    describe();
    auto argument = [&](int i) { return i < argc ? std::wstring(argv[i], argv[i] + std::strlen(argv[i])) : std::wstring(); };
    const std::wstring first = argument(1);
    int result;
    if (first.compare(0, 2, L"nc") == 0) result = ask({first, argument(2)}, argument(3));
    else if (first == L"lrpc" || first == L"np" || first == L"tcp") result = serve(first, argument(2) == L"--whole");
    else result = alone(argc > 1 ? std::atol(argv[1]) : 64, argument(0).c_str());
    const int failed = checks::report("sync_pipes");
    return result != 0 || failed;
}
