#include "refused.h"

#include <rpcndr.h>

#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "support/guard.h"
#include "support/stub.h"

// The characters are those that compilers write into their output's comments: FC_SYSTEM_HANDLE, FC_CSARRAY.
const Refused refused_lines[4] = {
    {"format character 0x3c at offset 2 of the type format string", "a client's [system_handle] is told by its character and place"},
    {"format character 0xba at offset 8 of the type format string", "a client's [cs_char] array too"},
    {"format character 0x3c at offset 18 of the type format string", "a server's [system_handle] too"},
    {"format character 0xba at offset 24 of the type format string", "a server's [cs_char] array too"},
};

namespace {

constexpr unsigned char slot = sizeof(void*);
// A number for the kind of handle and its access mask; an array as large as the first parameter.
const unsigned char client_types[] = {0, 0, 0x3c, 2, 0, 0, 0, 0, 0xba, 0, 1, 0, 0x28, 0, 0, 0, 0x5b};
unsigned char server_types[sizeof client_types + 16];

enum Procedure { handle, array, procedures };
enum Form { refused, number };  // as it is described, or as a long, to have something sent
unsigned char formats[2][2][procedures][48];  // of client and server

// void p([in] long n, [in] TYPE v), with an implicit handle.
void describe(bool server, Form form, Procedure p) {
    unsigned char* at = formats[server][form][p];
    const auto word = [&](unsigned v) { *at++ = static_cast<unsigned char>(v), *at++ = static_cast<unsigned char>(v >> 8); };
    word(0x4832), word(0), word(0), word(p), word(2 * slot), word(8), word(0);
    word(0x0243), word(0x000a);  // both must size
    for (int i = 0; i < 4; ++i) word(0);
    word(0x48), word(0), word(0x08);
    if (form == number) word(0x48), word(slot), word(0x08);
    else word(p == handle ? 0x8b : 0x0b), word(slot), word((server ? 16u : 0u) + (p == handle ? 2 : 8));
}

bool entered;
void manager(LONG, LONG) { entered = true; }
void __RPC_STUB interpret(PRPC_MESSAGE message) { NdrServerCall2(message); }
void* __RPC_USER allocate(size_t n) { return std::malloc(n); }
void __RPC_USER release(void* p) { std::free(p); }

#define TABLE_ID {{0x3e9a7b10, 0x0c44, 0x4a5e, {0xb1, 0x88, 0x27, 0x5d, 0x60, 0x9f, 0xe2, 0x3b}}, {1, 0}}
#define NDR_SYNTAX {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}}
RPC_DISPATCH_FUNCTION functions[] = {interpret, interpret, nullptr};
RPC_DISPATCH_TABLE table = {procedures, functions, 0};
SERVER_ROUTINE managers[] = {reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(manager)),
                             reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(manager))};
const unsigned short offsets[] = {0, sizeof formats[0][0][0]};
MIDL_STUB_DESC client_desc, server_desc;
MIDL_SERVER_INFO info = {&server_desc, managers, formats[1][refused][0], offsets, nullptr, nullptr, 0, nullptr};
RPC_SERVER_INTERFACE server = {sizeof server, TABLE_ID, NDR_SYNTAX, &table, 0, nullptr, nullptr, &info, 0x04000000};
RPC_CLIENT_INTERFACE client = {sizeof client, TABLE_ID, NDR_SYNTAX, nullptr, 0, nullptr, 0, nullptr, 0};
handle_t binding;

RPC_STATUS start() {
    unsigned char sequence[] = "ncalrpc", endpoint[] = "logging_refused", text[] = "ncalrpc:[logging_refused]";
    for (const bool side : {false, true})
        for (const Form form : {refused, number})
            for (const Procedure p : {handle, array}) describe(side, form, p);
    std::memcpy(server_types + 16, client_types, sizeof client_types);
    client_desc.pfnAllocate = allocate;
    client_desc.pfnFree = release;
    client_desc.Version = 0x50002;
    server_desc = client_desc;
    client_desc.RpcInterfaceInformation = &client;
    client_desc.pFormatTypes = client_types;
    client_desc.IMPLICIT_HANDLE_INFO.pPrimitiveHandle = &binding;
    server_desc.RpcInterfaceInformation = &server;
    server_desc.pFormatTypes = server_types;
    RPC_STATUS s = RpcServerUseProtseqEpA(sequence, 1, endpoint, nullptr);
    if (!s) s = RpcServerRegisterIfEx(&server, nullptr, nullptr, RPC_IF_AUTOLISTEN, 10, nullptr);
    if (!s) s = RpcBindingFromStringBindingA(text, &binding);
    return s;
}

}  // namespace

void meet_refused_types(void (*check)(bool holds, const char* what)) {
    if (start() != RPC_S_OK) return check(false, "a server of refused types");
    LONG value[2] = {};
    for (const Procedure p : {handle, array}) {
        Outcome o = guarded([&] { stub::sync_call(client_desc, formats[0][refused][p], reinterpret_cast<handle_t>(LONG_PTR{1}), &value[0]); });
        check(o.raised == RPC_X_BAD_STUB_DATA, "a client refuses a type that is described nowhere");
        o = guarded([&] { stub::sync_call(client_desc, formats[0][number][p], reinterpret_cast<handle_t>(LONG_PTR{1}), 1L); });
        check(o.raised == RPC_X_BAD_STUB_DATA, "a server refuses it");
    }
    check(!entered, "no manager is called");
    RpcBindingFree(&binding);
    RpcServerUnregisterIf(&server, nullptr, TRUE);
}
