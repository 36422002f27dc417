// Before widl's client stub: its calls go through NdrClientCall3, which MIDL's and Wine's x64 stubs use. What it names is the
// procedure's number in an interface described in NDR64 and in NDR 2.0; the first is not ours to interpret and says nothing.
#pragma once
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>

static MIDL_STUBLESS_PROXY_INFO* described_twice(const MIDL_STUB_DESC* desc, PFORMAT_STRING all, PFORMAT_STRING one) {
    static const RPC_SYNTAX_IDENTIFIER ndr20 = {
        {0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
    static RPC_SYNTAX_IDENTIFIER ndr64 = {
        {0x71710533, 0xbeba, 0x4937, {0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36}}, {1, 0}};
    static unsigned short offsets[64];
    static MIDL_SYNTAX_INFO syntaxes[2];
    static MIDL_STUBLESS_PROXY_INFO proxy;
    static MIDL_STUB_DESC untyped;
    offsets[*(const unsigned short*)(one + 6)] = (unsigned short)(one - all);
    untyped = *desc;
    untyped.pFormatTypes = 0;
    syntaxes[0].TransferSyntax = ndr64;
    syntaxes[1].TransferSyntax = ndr20;
    syntaxes[1].ProcString = all;
    syntaxes[1].FmtStringOffset = offsets;
    syntaxes[1].TypeString = desc->pFormatTypes;
    proxy.pStubDesc = &untyped;
    proxy.pTransferSyntax = &ndr64;
    proxy.nCount = 2;
    proxy.pSyntaxInfo = syntaxes;
    return &proxy;
}

#define NdrClientCall2(desc, format, ...)                                                                     \
    NdrClientCall3(described_twice(desc, __MIDL_ProcFormatString.Format, format),                             \
                   *(const unsigned short*)((format) + 6), 0 __VA_OPT__(, ) __VA_ARGS__)
