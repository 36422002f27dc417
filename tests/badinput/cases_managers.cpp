// Manager routines that misbehave. The server is a process of its own: some of these end it, as the documentation of
// RpcExceptionFilter leaves them to the process. What must never happen is a client that waits for ever.
#include "conformance/bind.h"
#include "conformance/child.h"

using namespace srv;

struct Server {
    Child child{L"server"};
    handle_t binding = child.bind(Protocol::lrpc);
    ~Server() {
        if (binding) unbind(binding);
    }
};
#define SERVER(name)  \
    Server name;      \
    EXPECT(name.binding, "no server process: %s", name.child.ready().c_str())

// The outcome of Act for the client, by a synchronous or an asynchronous manager and stub.
static Outcome act(handle_t binding, bool async, Action action, long argument) {
    if (!async) {
        long value = 0;
        return sync_act(binding, action, argument, &value, kSync);
    }
    Call call;
    const Outcome issued = call.act(binding, action, argument);
    if (issued.raised) return issued;
    if (!call.wait(10000)) return {0, RPC_S_ASYNC_CALL_PENDING};
    return call.complete();
}

// The client gets `code` (0: any error), and the server goes on.
static Result survives(Action action, long argument, unsigned code) {
    SERVER(server);
    std::string seen;
    for (bool async : {false, true}) {
        const Outcome outcome = act(server.binding, async, action, argument);
        const unsigned status = outcome.status();
        EXPECT(status != 0 && status != RPC_S_ASYNC_CALL_PENDING && (!code || status == code), "%s manager: %s",
               async ? "asynchronous" : "synchronous", outcome.text().c_str());
        seen += (async ? ", " : "") + outcome.text();
        long c = 0;
        const Outcome next = sync_add(server.binding, 6, 7, &c);
        EXPECT(next == 42, "the next call: %s", next.text().c_str());
    }
    unsigned long ended = 0;
    EXPECT(!server.child.ended(0, &ended), "the server ended with %08lx", ended);
    return passed("%s", seen.c_str());
}

// The server process ends with `code`, and the client gets an error.
static Result ends_process(Action action, long argument, unsigned long code) {
    std::string seen;
    for (bool async : {false, true}) {
        SERVER(server);
        const Outcome outcome = act(server.binding, async, action, argument);
        const unsigned status = outcome.status();
        EXPECT(status != 0 && status != RPC_S_ASYNC_CALL_PENDING, "%s manager: %s",
               async ? "asynchronous" : "synchronous", outcome.text().c_str());
        unsigned long ended = 0;
        EXPECT(server.child.ended(5000, &ended), "%s manager: the process goes on", async ? "asynchronous" : "synchronous");
        EXPECT(ended == code, "the process ended with %08lx", ended);
        seen += (async ? ", " : "") + outcome.text();
    }
    return passed("process %08lx; client %s", code, seen.c_str());
}

CASE(70, "RPC:error-handling", "RpcRaiseException with a code of the program", kAlone | kSlow) {
    return survives(kRaise, static_cast<long>(0xe0001234), 0xe0001234);
}
CASE(71, "RPC:error-handling", "RpcRaiseException with RPC_S_ACCESS_DENIED", kAlone | kSlow) {
    return survives(kRaise, 5, 5);
}
CASE(72, "RPCE 3.3.3.5.1", "RpcRaiseException with 0: never a fault of 0", kAlone | kSlow) {
    return survives(kRaiseZero, 0, 0);
}
CASE(73, "RPC:error-handling", "a C++ exception of Microsoft's kind", kAlone | kSlow) {
    return survives(kRaiseNative, static_cast<long>(0xe06d7363), 0xe06d7363);
}
CASE(74, "RPC:error-handling", "a C++ exception of GCC's", kAlone | kSlow) {
    // On x64 it is a structured exception. On x86 it is none: GCC's runtime finds no handler and ends the process.
    return sizeof(void*) == 8 ? survives(kThrow, 7, 0) : ends_process(kThrow, 7, 3);
}
CASE(75, "RPCE 3.1.1.5.5", "an integer division by zero", kAlone | kSlow) {
    return survives(kRaiseNative, static_cast<long>(0xc0000094), 0);
}
CASE(76, "API:RpcExceptionFilter", "an access violation is the process's own", kAlone | kSlow) {
    return ends_process(kFault, 0, 0xc0000005);
}
CASE(77, "API:RpcExceptionFilter", "a stack overflow is the process's own", kAlone | kSlow) {
    return ends_process(kOverflowStack, 0, 0xc00000fd);
}
CASE(78, "API:RpcExceptionFilter", "a breakpoint is the process's own", kAlone | kSlow) {
    return ends_process(kRaiseNative, static_cast<long>(0x80000003), 0x80000003);
}
CASE(79, "API:RpcExceptionFilter", "a privileged instruction is the process's own", kAlone | kSlow) {
    return ends_process(kRaiseNative, static_cast<long>(0xc0000096), 0xc0000096);
}
CASE(80, "inf", "200 calls whose managers raise leave nothing behind", kAlone | kSlow) {
    SERVER(server);
    for (int i = 0; i < 100; ++i) {
        for (bool async : {false, true}) {
            const Outcome outcome = act(server.binding, async, kRaise, 5);
            EXPECT(outcome.status() == 5, "call %d: %s", i, outcome.text().c_str());
        }
    }
    long c = 0;
    EXPECT_IS(sync_add(server.binding, 6, 7, &c), 42);
    return passed("200");
}
