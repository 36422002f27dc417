// Each type as the last parameter of an interpreted procedure. The other side of the wire is the test itself: a dispatch routine
// that keeps the request and sends a given reply, and a client that sends given stub data.
#include <cstring>

#include "checks.h"
#include "support/guard.h"
#include "support/stub.h"

namespace checks {

namespace {

constexpr unsigned slot = sizeof(void*);
constexpr unsigned sizes = 4;  // parameters in front, all with the row's `max`: sample.idl's types look for it in several places
enum Procedure { send, fetch, both, procedures };
constexpr unsigned short in = 0x08, out = 0x10;  // PARAM_ATTRIBUTES, as the next three
constexpr unsigned short sized_and_freed = 0x03, base_type = 0x40, simple_ref = 0x100;

uint8_t formats[procedures][64];
unsigned short offsets[procedures];

bool is_pointer(uint8_t fc) { return fc >= 0x11 && fc <= 0x14; }

// void p([in] long n, [in] long n, [in] long n, [in] long n, [DIRECTIONS] T v), with an implicit handle.
void describe(Procedure number, unsigned short directions, PFORMAT_STRING type) {
    uint8_t* p = formats[number];
    const auto byte = [&](unsigned v) { *p++ = static_cast<uint8_t>(v); };
    const auto word = [&](unsigned v) { byte(v & 0xff), byte(v >> 8); };
    byte(0x32), byte(0x48);  // FC_BIND_PRIMITIVE; rpc flags, new set-up
    word(0), word(0);
    word(number);
    word((sizes + 1) * slot);
    word(8 * sizes), word(0);
    byte(0x43), byte(sizes + 1);  // both must size; extensions follow
    byte(0x0a), byte(0x00);  // no robust descriptors
    for (int i = 0; i < 4; ++i) word(0);
    for (unsigned i = 0; i < sizes; ++i) word(in | base_type), word(i * slot), word(0x08);
    const bool array = (type[0] >= 0x1b && type[0] <= 0x1f) || (type[0] >= 0x21 && type[0] <= 0x25);
    word(directions | sized_and_freed | (is_pointer(type[0]) || array ? 0 : simple_ref));
    word(sizes * slot);
    word(static_cast<unsigned>(type - sample::format));
    offsets[number] = static_cast<unsigned short>(formats[number] - formats[0]);
}

std::vector<uint8_t> request;
const Image* reply;

void __RPC_STUB keep(PRPC_MESSAGE message) {
    auto* data = static_cast<uint8_t*>(message->Buffer);
    request.assign(data, data + message->BufferLength);
    message->BufferLength = 0;
    I_RpcGetBuffer(message);
}
void __RPC_STUB give(PRPC_MESSAGE message) {
    message->BufferLength = static_cast<unsigned>(reply->bytes.size());
    if (I_RpcGetBuffer(message) == RPC_S_OK) std::memcpy(message->Buffer, reply->bytes.data(), reply->bytes.size());
}
void __RPC_STUB interpret(PRPC_MESSAGE message) { NdrServerCall2(message); }
void manager(LONG, LONG, LONG, LONG, void*) {}

#define TABLE_ID {{0x6f1f0c0a, 0x5a0e, 0x4e0c, {0x9b, 0x53, 0x1d, 0x2e, 0x77, 0x0a, 0x41, 0xc3}}, {1, 0}}
#define NDR_SYNTAX {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}}
RPC_DISPATCH_FUNCTION functions[] = {keep, give, interpret, nullptr};
RPC_DISPATCH_TABLE dispatch = {procedures, functions, 0};
SERVER_ROUTINE routines[] = {nullptr, nullptr, reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(manager))};
MIDL_STUB_DESC server_desc, client_desc;
MIDL_SERVER_INFO info = {&server_desc, routines, formats[0], offsets, nullptr, nullptr, 0, nullptr};
RPC_SERVER_INTERFACE server = {sizeof server, TABLE_ID, NDR_SYNTAX, &dispatch, 0, nullptr, nullptr, &info, 0x04000000};
RPC_CLIENT_INTERFACE client = {sizeof client, TABLE_ID, NDR_SYNTAX, nullptr, 0, nullptr, 0, nullptr, 0};
handle_t binding;

bool start() {
    static unsigned char sequence[] = "ncalrpc", endpoint[] = "ndr_pe_table";
    static bool started = [] {
        for (int p = 0; p < procedures; ++p) describe(static_cast<Procedure>(p), in, sample::format + sample::at_simple);
        server_desc = client_desc = stub_desc(sample::format);
        server_desc.RpcInterfaceInformation = &server;
        client_desc.RpcInterfaceInformation = &client;
        client_desc.IMPLICIT_HANDLE_INFO.pPrimitiveHandle = &binding;
        unsigned char* text = nullptr;
        RPC_STATUS s = RpcServerUseProtseqEpA(sequence, 1, endpoint, nullptr);
        if (!s) s = RpcServerRegisterIf(&server, nullptr, nullptr);
        if (!s) s = RpcServerListen(1, RPC_C_LISTEN_MAX_CALLS_DEFAULT, TRUE);
        if (!s) s = RpcStringBindingComposeA(nullptr, sequence, nullptr, endpoint, nullptr, &text);
        if (!s) s = RpcBindingFromStringBindingA(text, &binding);
        return s == RPC_S_OK;
    }();
    return started;
}

// The parameters in front, as many bytes as keep the image's alignment.
std::vector<uint8_t> with_sizes(const Image& w, ULONG_PTR max) {
    Image front;
    for (unsigned i = 0; i < sizes; ++i) front.u32(static_cast<uint32_t>(max));
    front.bytes.insert(front.bytes.end(), w.bytes.begin(), w.bytes.end());
    return front.bytes;
}

Outcome call(Procedure procedure, ULONG_PTR max, const void* memory) {
    const LONG n = static_cast<LONG>(max);
    return guarded([&] {
        stub::sync_call(client_desc, formats[procedure], reinterpret_cast<handle_t>(max), n, n, n, const_cast<void*>(memory));
    });
}

void client_sends(const Row& row) {
    describe(send, in, row.format);
    request.clear();
    Outcome o = call(send, row.max, row.memory);
    expect(!o.raised && request.size() >= 4 * sizes, row.name, "an interpreted client's request");
    if (!o.raised && request.size() >= 4 * sizes) same_image(row.name, &request[4 * sizes], request.size() - 4 * sizes, row.image);
}

// Into memory that says nothing of its sizes: not for types that have theirs within.
void client_receives(const Row& row) {
    const uint8_t fc = row.format[0];
    const bool conformant_structure = fc == 0x17 || fc == 0x18 || fc == 0x19, string = fc == 0x22 || fc == 0x25;
    if (conformant_structure || string || is_pointer(fc)) return;
    describe(fetch, out, row.format);
    reply = &row.image;
    alignas(16) static uint8_t memory[512];
    std::memset(memory, 0, sizeof memory);
    const long before = blocks;
    Outcome o = call(fetch, row.max, memory);
    expect(!o.raised, row.name, "an interpreted client raises at a reply");
    if (o.raised) return;
    Message m;
    m.attach(buffer, sizeof buffer);
    m.m.MaxCount = row.max;
    o = guarded([&] { row.routines.marshal(&m.m, memory, row.format); });
    expect(!o.raised, row.name, "what an interpreted client received");
    if (!o.raised) same_image(row.name, buffer, static_cast<size_t>(m.m.Buffer - buffer), row.image);
    m.m.MaxCount = row.max;
    if (row.routines.free) o = guarded([&] { row.routines.free(&m.m, memory, row.format); });
    expect(!o.raised && blocks == before, row.name, "an interpreted client's memory is left");
}

void server_returns(const Row& row) {
    describe(both, in | out, row.format);
    const std::vector<uint8_t> stub = with_sizes(row.image, row.max);
    const long before = blocks;
    RPC_MESSAGE m = {};
    m.Handle = binding;
    m.RpcInterfaceInformation = &client;
    m.ProcNum = both;
    m.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    m.BufferLength = static_cast<unsigned>(stub.size());
    RPC_STATUS s = I_RpcGetBuffer(&m);
    if (!s) std::memcpy(m.Buffer, stub.data(), stub.size());
    Outcome o = s ? Outcome{static_cast<unsigned>(s), 0} : guarded([&] { return I_RpcSendReceive(&m); });
    expect(o == 0, row.name, "an interpreted server answers");
    if (!(o == 0)) return;
    same_image(row.name, static_cast<uint8_t*>(m.Buffer), m.BufferLength, row.image);
    I_RpcFreeBuffer(&m);
    expect(blocks == before, row.name, "an interpreted server's memory is left");
}

}  // namespace

void check_interpreted(const Row& row) {
    if (!start()) return expect(false, row.name, "no server");
    client_sends(row);
    client_receives(row);
    server_returns(row);
}

}  // namespace checks
