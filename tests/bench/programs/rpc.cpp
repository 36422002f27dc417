// The operations over RPC. What MIDL would make from
//
//     interface bench {
//         void Null(handle_t h);
//         long Echo(handle_t h, [in] long count, [in, size_is(count)] byte* in, [out, size_is(count)] byte* out);
//         long In(handle_t h, [in] long count, [in, size_is(count)] byte* in);
//         long Out(handle_t h, [in] long count, [out, size_is(count)] byte* out);
//         long Control(handle_t h, [in] long what, [out] long* value);
//     }
#include "channel.h"
#include "usage.h"
#include "support/format.h"
#include "support/guard.h"
#include "support/stub.h"
#include <stdio.h>
#include <stdlib.h>

namespace bench {

constexpr format::String make_types() {
    format::String s;
    s.word(0);
    s.byte(0x1b), s.byte(0), s.word(1);  // 2: bytes, as many as the first parameter says
    s.byte(0x28), s.byte(0), s.word(format::kSlot), s.word(1);
    s.byte(0x02), s.byte(0x5b);
    return s;
}
static constexpr format::String types = make_types();

constexpr format::Proc describe(Op op) {
    using namespace format;
    constexpr unsigned short sized = kMustSize | kMustFree | kSimpleRef;
    constexpr Param bytes_in{sized | kIn, 2}, bytes_out{sized | kOut, 2};
    const auto number = static_cast<unsigned short>(op);
    switch (op) {
    case Op::echo: return {number, 4, {in_long, bytes_in, bytes_out, result_long}};
    case Op::in: return {number, 3, {in_long, bytes_in, result_long}};
    case Op::out: return {number, 3, {in_long, bytes_out, result_long}};
    case Op::control: return {number, 3, {in_long, out_long, result_long}};
    default: return {number, 0, {}};
    }
}

constexpr int kProcs = 5;
struct Table {
    std::array<unsigned char, 384> bytes{};
    std::array<unsigned short, kProcs> offsets{};
};
constexpr Table make_table() {
    Table table;
    unsigned at = 0;
    for (int p = 0; p < kProcs; ++p) {
        const auto string = format::make(describe(static_cast<Op>(p)), false);
        table.offsets[p] = static_cast<unsigned short>(at);
        for (unsigned i = 0; i < string.size; ++i) table.bytes[at++] = string.bytes[i];
        at = (at + 1) & ~1u;
    }
    return table;
}
static constexpr Table table = make_table();

static void* __RPC_USER allocate(size_t size) {
    note_allocation();
    return malloc(size);
}
static void __RPC_USER release(void* memory) { free(memory); }

#define BENCH_ID {{0x5d8d7f1c, 0x2b86, 0x4c5f, {0x8e, 0x0b, 0x71, 0x3a, 0x94, 0xc2, 0x60, 0x1d}}, {1, 0}}
#define NDR_SYNTAX {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}}

static RPC_CLIENT_INTERFACE client_interface = {
    sizeof(RPC_CLIENT_INTERFACE), BENCH_ID, NDR_SYNTAX, nullptr, 0, nullptr, 0, nullptr, 0};

static MIDL_STUB_DESC make_stub(void* interface_information) {
    MIDL_STUB_DESC desc{};
    desc.RpcInterfaceInformation = interface_information;
    desc.pfnAllocate = allocate;
    desc.pfnFree = release;
    desc.pFormatTypes = types;
    desc.fCheckBounds = 1;
    desc.Version = 0x50002;
    desc.MIDLVersion = 0x8000253;
    desc.mFlags = 1;
    return desc;
}

static void null_manager(handle_t) {}
static long echo_manager(handle_t, long count, const Byte* in, Byte* out) { return echo(count, in, out), count; }
static long in_manager(handle_t, long count, const Byte* in) { return take(count, in), count; }
static long out_manager(handle_t, long count, Byte* out) { return give(count, out), count; }
static long control_manager(handle_t, long what, long* value) { return *value = control(what), what; }

#define ROUTINE(function) reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(function))
static const SERVER_ROUTINE routines[] = {ROUTINE(null_manager), ROUTINE(echo_manager), ROUTINE(in_manager),
                                          ROUTINE(out_manager), ROUTINE(control_manager)};
static RPC_DISPATCH_FUNCTION dispatch_functions[] = {NdrServerCall2, NdrServerCall2, NdrServerCall2, NdrServerCall2,
                                                     NdrServerCall2, nullptr};
static RPC_DISPATCH_TABLE dispatch = {kProcs, dispatch_functions, 0};
static MIDL_STUB_DESC server_desc;
static MIDL_SERVER_INFO server_info = {&server_desc, routines, &table.bytes[0], &table.offsets[0], nullptr, nullptr, 0,
                                       nullptr};
static RPC_SERVER_INTERFACE server_interface = {sizeof(RPC_SERVER_INTERFACE), BENCH_ID, NDR_SYNTAX, &dispatch, 0,
                                                nullptr, nullptr, &server_info, 0x04000000};

static RPC_WSTR rpc(const std::wstring& s) { return reinterpret_cast<RPC_WSTR>(const_cast<wchar_t*>(s.c_str())); }
static std::wstring wide(const std::string& s) { return {s.begin(), s.end()}; }
static const wchar_t* sequence_of(const std::string& protocol) {
    return protocol == "lrpc" ? L"ncalrpc" : protocol == "np" ? L"ncacn_np" : L"ncacn_ip_tcp";
}

class RpcChannel : public Channel {
public:
    explicit RpcChannel(handle_t binding) : binding_(binding), desc_(make_stub(&client_interface)) {}
    ~RpcChannel() override { RpcBindingFree(&binding_); }

    unsigned call(Op op, long count, const Byte* in, Byte* out) override {
        long done = 0;
        const Outcome outcome = guarded([&] {
            const unsigned char* proc = format_of(op);
            switch (op) {
            case Op::echo: done = stub::sync_call(desc_, proc, binding_, count, in, out); break;
            case Op::in: done = stub::sync_call(desc_, proc, binding_, count, in); break;
            case Op::out: done = stub::sync_call(desc_, proc, binding_, count, out); break;
            default: stub::sync_call(desc_, proc, binding_); done = count;
            }
        });
        return outcome.raised ? outcome.raised : done == count ? 0 : ERROR_INVALID_DATA;
    }
    unsigned control(long what, long* value) override {
        return guarded([&] { stub::sync_call(desc_, format_of(Op::control), binding_, what, value); }).raised;
    }

private:
    static const unsigned char* format_of(Op op) { return &table.bytes[table.offsets[static_cast<long>(op)]]; }
    handle_t binding_;
    MIDL_STUB_DESC desc_;
};

static std::unique_ptr<Channel> connect(const Endpoint& endpoint, bool alone) {
    const std::wstring sequence = sequence_of(endpoint.protocol), name = wide(endpoint.name), address = L"127.0.0.1";
    RPC_WSTR text = nullptr;
    handle_t binding = nullptr;
    RPC_STATUS status = RpcStringBindingComposeW(nullptr, rpc(sequence),
                                                 endpoint.protocol == "tcp" ? rpc(address) : nullptr, rpc(name),
                                                 nullptr, &text);
    if (!status) status = RpcBindingFromStringBindingW(text, &binding);
    if (text) RpcStringFreeW(&text);
    if (!status && alone) status = RpcBindingSetOption(binding, RPC_C_OPT_UNIQUE_BINDING, TRUE);
    if (!status) return std::make_unique<RpcChannel>(binding);
    fprintf(stderr, "bench_rpc: no binding to %s: status %ld\n", endpoint.protocol.c_str(), status);
    return nullptr;
}

std::unique_ptr<Channel> connect_rpc(const Endpoint& endpoint) { return connect(endpoint, false); }
std::unique_ptr<Channel> connect_rpc_alone(const Endpoint& endpoint) { return connect(endpoint, true); }

bool serve_rpc(Endpoint& endpoint) {
    const std::string id = std::to_string(GetCurrentProcessId());
    if (endpoint.name.empty())
        endpoint.name = endpoint.protocol == "lrpc" ? "bench-" + id
                        : endpoint.protocol == "np" ? "\\pipe\\bench-" + id
                                                    : std::to_string(free_port());
    server_desc = make_stub(&server_interface);
    const std::wstring sequence = sequence_of(endpoint.protocol), name = wide(endpoint.name);
    RPC_STATUS status = RpcServerUseProtseqEpW(rpc(sequence), RPC_C_PROTSEQ_MAX_REQS_DEFAULT, rpc(name), nullptr);
    static bool listening;
    if (!status && !listening) {
        status = RpcServerRegisterIf(&server_interface, nullptr, nullptr);
        if (!status) status = RpcServerListen(1, RPC_C_LISTEN_MAX_CALLS_DEFAULT, TRUE);
        listening = !status;
    }
    if (status) fprintf(stderr, "bench_rpc: cannot serve %s: status %ld\n", endpoint.protocol.c_str(), status);
    return !status;
}

}  // namespace bench
