// Null pointers to arrays that are said to have elements, where stubs are for target level 6.0 ([MS-RPCE] 3.1.1.5.3.3.1.2): by the
// exported routines, by a plan of an array's elements, and by the interpreters of both sides.
#include <cstring>
#include <initializer_list>

#include "checks.h"
#include "support/guard.h"
#include "support/stub.h"

namespace checks {

namespace {

constexpr unsigned long level_5 = 0x50002, level_6 = 0x60001;
constexpr unsigned char slot = sizeof(void*), deref = 0x54, early = 1;

// 2: short[], as many as the structure's first field says; 14: its unique pointer; 18: { long, such a pointer }; 34: six of those;
// 56, 68 and 72: short[] as many as the first parameter says, its unique pointer and a pointer to that; 76, 88 and 92: the same of
// what the first parameter points at.
const unsigned char types[] = {
    0x5b, 0x5c, 0x1b, 0x01, 0x02, 0x00, 0x18, 0x00, 0x00, 0x00, early, 0x00, 0x06, 0x5b,                      // 0
    0x12, 0x00, 0xf2, 0xff,                                                                                  // 14
#ifdef _WIN64
    0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0xf6, 0xff, 0x08, 0x39, 0x36, 0x5b, 0x5c, 0x5c, 0x5c, 0x5c,          // 18
#else
    0x1a, 0x03, 0x08, 0x00, 0x00, 0x00, 0xf6, 0xff, 0x08, 0x36, 0x5c, 0x5b, 0x5c, 0x5c, 0x5c, 0x5c,
#endif
    0x21, 0x03, 0x06, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00,          // 34
    0x4c, 0x00, 0xde, 0xff, 0x5c, 0x5b,
    0x1b, 0x01, 0x02, 0x00, 0x28, 0x00, 0x00, 0x00, early, 0x00, 0x06, 0x5b,                                 // 56
    0x12, 0x00, 0xf2, 0xff, 0x11, 0x14, 0xfa, 0xff,                                                          // 68
    0x1b, 0x01, 0x02, 0x00, 0x28, deref, 0x00, 0x00, 0x00, 0x00, 0x06, 0x5b,                                 // 76
    0x12, 0x00, 0xf2, 0xff, 0x11, 0x14, 0xfa, 0xff,                                                          // 88
    0x00};
constexpr unsigned structure = 18, six = 34, sized = 68, sized_later = 92;

using Unmarshall = unsigned char*(RPC_ENTRY*)(PMIDL_STUB_MESSAGE, unsigned char**, PFORMAT_STRING, unsigned char);

unsigned unmarshalled(Unmarshall routine, PFORMAT_STRING f, const Image& w, unsigned long version, bool client) {
    Message m(types);
    m.desc.Version = version;
    m.m.fHasNewCorrDesc = 1;
    m.m.IsClient = client;
    std::memcpy(buffer, w.bytes.data(), w.bytes.size());
    m.attach(buffer, w.bytes.size());
    unsigned char* data = nullptr;
    const long before = blocks;
    const Outcome o = guarded([&] { routine(&m.m, &data, f, 1); });
    if (!o.raised && f[0] != 0x12) release(data);
    expect(blocks == before, "null with a count", "memory is left");
    return o.raised;
}

void by_routines() {
    for (const bool client : {true, false}) {
        for (const unsigned n : {0u, 2u}) {
            const unsigned expected = n ? RPC_X_BAD_STUB_DATA : 0;
            const Image one = Image().u32(n).u32(0);
            Image all;
            for (unsigned i = 0; i < 6; ++i) all.u32(i == 4 ? n : 0).u32(0);
            expect(unmarshalled(NdrComplexStructUnmarshall, types + structure, one, level_6, client) == expected, "null with a count", "a field");
            expect(unmarshalled(NdrComplexArrayUnmarshall, types + six, all, level_6, client) == expected, "null with a count", "planned");
            expect(unmarshalled(NdrComplexStructUnmarshall, types + structure, one, level_5, client) == 0, "null with a count", "level 5.0");
            expect(unmarshalled(NdrComplexArrayUnmarshall, types + six, all, level_5, client) == 0, "null with a count", "planned, level 5.0");
            // A parameter of an -Os stub, which tells its frame where a size is to be looked up.
            LONG_PTR frame = static_cast<LONG_PTR>(n);
            Message m(types);
            m.desc.Version = level_6;
            m.m.fHasNewCorrDesc = 1;
            m.m.StackTop = reinterpret_cast<unsigned char*>(&frame);
            std::memset(buffer, 0, 4);
            m.attach(buffer, 4);
            unsigned char* data = nullptr;
            const Outcome o = guarded([&] { NdrPointerUnmarshall(&m.m, &data, types + sized, 0); });
            expect(o.raised == expected && !data, "null with a count", "a parameter");
        }
    }
}

// --- interpreted --------------------------------------------------------------------------------------------------------

enum Procedure { takes, gives, procedures };
unsigned char formats[procedures][64];
unsigned short offsets[procedures];
LONG given;

// void takes([in] long n, [in, unique, size_is(n)] short* a); void gives([out] long* n, [out, size_is(, *n)] short** a)
void describe(Procedure number, unsigned n, unsigned a, unsigned type) {
    unsigned char* p = formats[number];
    const auto word = [&](unsigned v) { *p++ = static_cast<unsigned char>(v), *p++ = static_cast<unsigned char>(v >> 8); };
    word(0x4832), word(0), word(0), word(number), word(2 * slot), word(8), word(8);
    word(0x0247), word(0x030a);  // both must size; extensions: robust descriptors, checked on both sides
    for (int i = 0; i < 4; ++i) word(0);
    word(n), word(0), word(0x08);
    word(a), word(slot), word(type);
    offsets[number] = static_cast<unsigned short>(formats[number] - formats[0]);
}

void manager_takes(LONG, short*) {}
void manager_gives(LONG* n, short** a) {
    *n = given;
    *a = nullptr;
}

void __RPC_STUB interpret(PRPC_MESSAGE message) { NdrServerCall2(message); }

#define TABLE_ID {{0x2b8ad1f5, 0x77c4, 0x43b1, {0x8e, 0x2a, 0x51, 0x0b, 0x6c, 0x9d, 0x3e, 0x17}}, {1, 0}}
#define NDR_SYNTAX {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}}
RPC_DISPATCH_FUNCTION functions[] = {interpret, interpret, nullptr};
RPC_DISPATCH_TABLE dispatch = {procedures, functions, 0};
SERVER_ROUTINE managers[] = {reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(manager_takes)),
                             reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(manager_gives))};
MIDL_STUB_DESC server_desc, client_desc;
MIDL_SERVER_INFO info = {&server_desc, managers, formats[0], offsets, nullptr, nullptr, 0, nullptr};
RPC_SERVER_INTERFACE server = {sizeof server, TABLE_ID, NDR_SYNTAX, &dispatch, 0, nullptr, nullptr, &info, 0x04000000};
RPC_CLIENT_INTERFACE client = {sizeof client, TABLE_ID, NDR_SYNTAX, nullptr, 0, nullptr, 0, nullptr, 0};
handle_t binding;

RPC_STATUS start() {
    static unsigned char sequence[] = "ncalrpc", endpoint[] = "ndr_pe_nulls";
    describe(takes, 0x48, 0x0b, sized);
    describe(gives, 0x2150, 0x2013, sized_later);
    server_desc = client_desc = stub_desc(types);
    server_desc.RpcInterfaceInformation = &server;
    client_desc.RpcInterfaceInformation = &client;
    client_desc.IMPLICIT_HANDLE_INFO.pPrimitiveHandle = &binding;
    unsigned char* text = nullptr;
    RPC_STATUS s = RpcServerUseProtseqEpA(sequence, 1, endpoint, nullptr);
    if (!s) s = RpcServerRegisterIf(&server, nullptr, nullptr);
    const RPC_STATUS listening = RpcServerListen(1, RPC_C_LISTEN_MAX_CALLS_DEFAULT, TRUE);  // another check may have begun it
    if (!s && listening != RPC_S_ALREADY_LISTENING) s = listening;
    if (!s) s = RpcStringBindingComposeA(nullptr, sequence, nullptr, endpoint, nullptr, &text);
    if (!s) s = RpcBindingFromStringBindingA(text, &binding);
    if (text) RpcStringFreeA(&text);
    return s;
}

void by_interpreters() {
    if (start() != RPC_S_OK) return expect(false, "null with a count", "no server");
    for (const unsigned long at_server : {level_5, level_6})
        for (const unsigned long at_client : {level_5, level_6})
            for (const LONG n : {0L, 2L}) {
                server_desc.Version = at_server;
                client_desc.Version = at_client;
                const auto refused = [&](unsigned long at) { return n && at == level_6 ? unsigned{RPC_X_BAD_STUB_DATA} : 0u; };
                Outcome o = guarded([&] { stub::sync_call(client_desc, formats[takes], reinterpret_cast<handle_t>(LONG_PTR{n}), static_cast<short*>(nullptr)); });
                expect(o.raised == refused(at_server), "null with a count", "an interpreted server");
                LONG size = -1;
                short* a = nullptr;
                given = n;
                o = guarded([&] { stub::sync_call(client_desc, formats[gives], reinterpret_cast<handle_t>(&size), &a); });
                expect(o.raised == refused(at_client) && !a && size == n, "null with a count", "an interpreted client");
            }
    RpcBindingFree(&binding);
    RpcServerUnregisterIf(&server, nullptr, TRUE);
}

}  // namespace

void null_counts() {
    by_routines();
    by_interpreters();
}

}  // namespace checks
