// Context handles as stubs of every age handle them (headers; C706 14.2.8 has the 20 bytes): all routines of either side, in one
// process, the server's within a call.
#include <cstring>
#include <initializer_list>

#include "checks.h"
#include "support/guard.h"

namespace checks {

namespace {

constexpr size_t wire_size = 20;
constexpr unsigned nca_s_fault_context_mismatch = 0x1c00001a;
unsigned char opened[wire_size];  // what the server told last
int run_down;

void __RPC_USER rundown(void*) { ++run_down; }

enum Procedure { open, close, first_age, second_age, third_age, procedures };

// A new handle, its value, its 20 bytes; found again, closed by a null value.
void of_age(unsigned age, PRPC_MESSAGE message) {
    const unsigned long local = NDR_LOCAL_DATA_REPRESENTATION;
    unsigned char none[wire_size] = {}, wire[wire_size];
    int object;
    const char* const name = age == 0 ? "NDRSContext*" : age == 1 ? "NDRSContext*Ex" : "NDRSContext*2";
    const auto unmarshal = [&](void* from) {
        NDR_SCONTEXT c = nullptr;
        const Outcome o = guarded([&] {
            c = age == 0   ? NDRSContextUnmarshall(from, local)
                : age == 1 ? NDRSContextUnmarshallEx(message->Handle, from, local)
                           : NDRSContextUnmarshall2(message->Handle, from, local, nullptr, 0);
        });
        expect(!o.raised && c, name, "Unmarshall");
        return c;
    };
    const auto marshal = [&](NDR_SCONTEXT c) {
        std::memset(wire, 0xcc, sizeof wire);
        const Outcome o = guarded([&] {
            if (age == 0) NDRSContextMarshall(c, wire, rundown);
            else if (age == 1) NDRSContextMarshallEx(message->Handle, c, wire, rundown);
            else NDRSContextMarshall2(message->Handle, c, wire, rundown, nullptr, 0);
        });
        expect(!o.raised, name, "Marshall");
    };
    NDR_SCONTEXT c = unmarshal(none);
    if (!c) return;
    expect(*NDRSContextValue(c) == nullptr, name, "a new handle is null");
    *NDRSContextValue(c) = &object;
    marshal(c);
    expect(std::memcmp(wire, none, 4) == 0 && std::memcmp(wire, none, wire_size) != 0, name, "no attributes, and an identifier");
    c = unmarshal(wire);
    if (!c) return;
    expect(*NDRSContextValue(c) == &object, name, "the handle is found again");
    *NDRSContextValue(c) = nullptr;
    unsigned char old[wire_size];
    std::memcpy(old, wire, sizeof old);
    marshal(c);
    expect(std::memcmp(wire, none, wire_size) == 0, name, "a closed handle is null on the wire");
    const Outcome o = guarded([&] { NDRSContextUnmarshallEx(message->Handle, old, local); });
    expect(o.raised == nca_s_fault_context_mismatch, name, "a closed handle is unknown");
}

// open: [out] Context, close: [in, out] Context, as -Os stubs without type formats do it.
void __RPC_STUB dispatch(PRPC_MESSAGE message) {
    static int object;
    MIDL_STUB_DESC desc = stub_desc(sample::format);
    MIDL_STUB_MESSAGE m;
    NdrServerInitializeNew(message, &m, &desc);
    NDR_SCONTEXT c = nullptr;
    const bool has_reply = message->ProcNum < first_age;
    if (!has_reply) of_age(message->ProcNum - first_age, message);
    if (message->ProcNum == open) {
        const unsigned char type[] = {0x30, 0x30, 0x00, 0x00};
        c = NdrContextHandleInitialize(&m, type);
        *NDRSContextValue(c) = &object;
    }
    if (message->ProcNum == close) {
        c = NdrServerContextUnmarshall(&m);
        expect(*NDRSContextValue(c) == &object, "NdrServerContextUnmarshall", "the server's value");
        *NDRSContextValue(c) = nullptr;
    }
    m.BufferLength = 1;
    NdrContextHandleSize(&m, nullptr, nullptr);
    expect(m.BufferLength == 4 + wire_size, "NdrContextHandleSize", "20 bytes behind a gap");
    m.BufferLength = has_reply ? wire_size : 0;
    NdrGetBuffer(&m, m.BufferLength, nullptr);
    if (c) NdrServerContextMarshall(&m, c, rundown);
    message->BufferLength = static_cast<unsigned>(m.Buffer - static_cast<unsigned char*>(message->Buffer));
    if (c) std::memcpy(opened, message->Buffer, wire_size);
}

#define TABLE_ID {{0x5c7e0d21, 0x19ab, 0x4d72, {0xa3, 0x0f, 0x66, 0x12, 0x8d, 0x24, 0xe5, 0x90}}, {1, 0}}
#define NDR_SYNTAX {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}}
RPC_DISPATCH_FUNCTION functions[] = {dispatch, dispatch, dispatch, dispatch, dispatch, nullptr};
RPC_DISPATCH_TABLE table = {procedures, functions, 0};
RPC_SERVER_INTERFACE server = {sizeof server, TABLE_ID, NDR_SYNTAX, &table, 0, nullptr, nullptr, nullptr, 0};
RPC_CLIENT_INTERFACE client = {sizeof client, TABLE_ID, NDR_SYNTAX, nullptr, 0, nullptr, 0, nullptr, 0};
handle_t binding;

RPC_STATUS start() {
    static unsigned char sequence[] = "ncalrpc", endpoint[] = "ndr_pe_contexts";
    unsigned char* text = nullptr;
    RPC_STATUS s = RpcServerUseProtseqEpA(sequence, 1, endpoint, nullptr);
    if (!s) s = RpcServerRegisterIf(&server, nullptr, nullptr);
    const RPC_STATUS listening = RpcServerListen(1, RPC_C_LISTEN_MAX_CALLS_DEFAULT, TRUE);
    if (!s && listening != RPC_S_ALREADY_LISTENING) s = listening;
    if (!s) s = RpcStringBindingComposeA(nullptr, sequence, nullptr, endpoint, nullptr, &text);
    if (!s) s = RpcBindingFromStringBindingA(text, &binding);
    if (text) RpcStringFreeA(&text);
    return s;
}

// A call of an [auto_handle] stub: the request is one context handle, or nothing. The reply's bytes go to `reply`.
Outcome call(Procedure number, const unsigned char* request, unsigned char* reply, handle_t h) {
    MIDL_STUB_DESC desc = stub_desc(sample::format);
    desc.RpcInterfaceInformation = &client;
    RPC_MESSAGE rpc = {};
    MIDL_STUB_MESSAGE m;
    return guarded([&] {
        NdrClientInitializeNew(&rpc, &m, &desc, number);
        NdrNsGetBuffer(&m, request ? wire_size : 0, h);
        if (request) std::memcpy(m.Buffer, request, wire_size), m.Buffer += wire_size;
        NdrNsSendReceive(&m, m.Buffer, &h);
        expect(m.BufferEnd - m.BufferStart == (reply ? int{wire_size} : 0), "NdrNsSendReceive", "the reply");
        if (reply) std::memcpy(reply, m.Buffer, wire_size);
        NdrFreeBuffer(&m);
    });
}

}  // namespace

void context_routines() {
    if (start() != RPC_S_OK) return expect(false, "context handles", "no server");
    Outcome o = call(open, nullptr, nullptr, nullptr);
    expect(o.raised == RPC_S_NAME_SERVICE_UNAVAILABLE, "NdrNsGetBuffer", "without a handle there is no server to find");
    for (const Procedure age : {first_age, second_age, third_age}) {
        o = call(age, nullptr, nullptr, binding);
        expect(!o.raised, "NDRSContext*", "the call");
    }

    unsigned char reply[wire_size] = {}, wire[wire_size] = {}, none[wire_size] = {};
    o = call(open, nullptr, reply, binding);
    expect(!o.raised && std::memcmp(reply, opened, wire_size) == 0, "NdrServerContextMarshall", "what the client gets");
    NDR_CCONTEXT c = nullptr;
    o = guarded([&] { NDRCContextUnmarshall(&c, binding, reply, NDR_LOCAL_DATA_REPRESENTATION); });
    expect(!o.raised && c, "NDRCContextUnmarshall", "a handle");
    o = guarded([&] { NDRCContextMarshall(c, wire); });
    expect(!o.raised && std::memcmp(wire, reply, wire_size) == 0, "NDRCContextMarshall", "the server's bytes");
    RPC_BINDING_HANDLE own = nullptr;
    o = guarded([&] { own = NDRCContextBinding(c); });
    expect(!o.raised && own && own != binding, "NDRCContextBinding", "a binding of its own");
    if (own) o = call(close, wire, reply, own);
    expect(!o.raised && std::memcmp(reply, none, wire_size) == 0, "NdrServerContextMarshall", "a closed handle");
    o = guarded([&] { NDRCContextUnmarshall(&c, binding, reply, NDR_LOCAL_DATA_REPRESENTATION); });
    expect(!o.raised && !c, "NDRCContextUnmarshall", "a closed handle is gone");
    o = guarded([&] { NDRCContextMarshall(nullptr, wire); });
    expect(!o.raised && std::memcmp(wire, none, wire_size) == 0, "NDRCContextMarshall", "null");
    // From a big-endian server: attributes and the identifier's numbers are turned ([C706] 14.2.8).
    const unsigned char big[wire_size] = {0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8};
    const unsigned char little[wire_size] = {0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0xbc, 0x9a, 0xf0, 0xde, 1, 2, 3, 4, 5, 6, 7, 8};
    c = nullptr;
    o = guarded([&] {
        NDRCContextUnmarshall(&c, binding, const_cast<unsigned char*>(big), NDR_BIG_ENDIAN);
        NDRCContextMarshall(c, wire);
        NDRCContextUnmarshall(&c, binding, none, NDR_BIG_ENDIAN);
    });
    expect(!o.raised && !c && std::memcmp(wire, little, wire_size) == 0, "NDRCContextUnmarshall", "big-endian");
    expect(run_down == 0, "context handles", "what was closed is run down");
    RpcBindingFree(&binding);
    RpcServerUnregisterIf(&server, nullptr, TRUE);
}

}  // namespace checks
