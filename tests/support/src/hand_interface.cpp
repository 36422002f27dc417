#include "support/hand_interface.h"
#include <rpcasync.h>
#include <stdio.h>
#include <stdlib.h>
#include "support/format.h"

namespace hand {

static void* __RPC_USER allocate(size_t size) { return malloc(size ? size : 1); }
static void __RPC_USER release(void* block) { free(block); }
static void __RPC_STUB interpret(PRPC_MESSAGE message) { NdrServerCall2(message); }

void Procedures::add_routine(SERVER_ROUTINE manager, unsigned stack, std::initializer_list<Param> params, Binding binding) {
    const auto byte = [this](unsigned value) { formats.push_back(static_cast<unsigned char>(value)); };
    const auto word = [&byte](unsigned value) { byte(value), byte(value >> 8); };
    unsigned flags = 0x40;
    for (const Param& p : params) {
        if (p.attributes & format::kReturn) flags |= 0x04;
        if (p.attributes & format::kPipe) flags |= 0x08;
        if ((p.attributes & format::kMustSize) && (p.attributes & format::kIn)) flags |= 0x02;
    }
    offsets.push_back(static_cast<unsigned short>(formats.size()));
    byte(binding == Binding::of_the_call ? 0x34 : 0);  // FC_CALLBACK_HANDLE
    byte(0x48);                                        // rpc_flags present, new initialisation
    word(0), word(0);
    word(static_cast<unsigned>(managers.size()));
    word(stack);
    if (binding == Binding::explicit_handle) word(0x32), word(0);  // FC_BIND_PRIMITIVE, the first argument
    word(0), word(0);
    byte(flags);
    byte(static_cast<unsigned>(params.size()));
    word(0x0a);
    for (int i = 0; i < 4; ++i) word(0);
    for (const Param& p : params) word(p.attributes), word(p.offset), word(p.type);
    managers.push_back(manager);
}

void Interface::describe(const UUID& id, const unsigned char* types) {
    constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
    if (calls.managers.size() > most || callbacks.managers.size() > most) {
        printf("too many procedures\n");
        abort();
    }
    for (auto& f : functions_) f = interpret;
    server_table_ = {static_cast<unsigned>(calls.managers.size()), functions_, 0};
    client_table_ = {static_cast<unsigned>(callbacks.managers.size()), functions_, 0};

    server_desc = {};
    server_desc.RpcInterfaceInformation = &server;
    server_desc.pfnAllocate = allocate;
    server_desc.pfnFree = release;
    server_desc.pFormatTypes = types;
    server_desc.fCheckBounds = 1;
    server_desc.Version = 0x50002;
    server_desc.mFlags = 1;
    client_desc = server_desc;
    client_desc.RpcInterfaceInformation = &client;

    const auto info = [](MIDL_STUB_DESC& desc, Procedures& p) {
        return MIDL_SERVER_INFO{&desc, p.managers.data(), p.formats.data(), p.offsets.data(), nullptr, nullptr, 0, nullptr};
    };
    server_info_ = info(server_desc, calls);
    client_info_ = info(client_desc, callbacks);

    server = {};
    server.Length = sizeof server;
    server.InterfaceId = {id, {1, 0}};
    server.TransferSyntax = ndr;
    server.DispatchTable = &server_table_;
    server.InterpreterInfo = &server_info_;
    client = {};
    client.Length = sizeof client;
    client.InterfaceId = server.InterfaceId;
    client.TransferSyntax = ndr;
    if (callbacks.managers.empty()) return;
    client.DispatchTable = &client_table_;
    client.InterpreterInfo = &client_info_;
}

void Interface::serve_by_hand(RPC_DISPATCH_FUNCTION routine) {
    for (auto& f : functions_) f = routine;
    server.InterpreterInfo = nullptr;
}

}  // namespace hand
