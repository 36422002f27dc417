// widl's server stub, its procedures dispatched by NdrServerCallAll of an interface described in NDR64 and in NDR 2.0.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#define NdrServerCall2 NdrServerCallAll
#include "All/stubs_s.c"

static RPC_SYNTAX_IDENTIFIER ndr64 = {
    {0x71710533, 0xbeba, 0x4937, {0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36}}, {1, 0}};

RPC_IF_HANDLE All_server_interface(void) {
    static MIDL_SYNTAX_INFO syntaxes[2];
    static MIDL_SERVER_INFO info;
    static RPC_SERVER_INTERFACE face;
    static MIDL_STUB_DESC untyped;
    untyped = stubs_StubDesc;
    untyped.pFormatTypes = 0;
    face = stubs___RpcServerInterface;
    face.InterpreterInfo = &info;
    info.pStubDesc = &untyped;
    info.DispatchTable = stubs_ServerRoutineTable;
    info.pTransferSyntax = &ndr64;
    info.nCount = 2;
    info.pSyntaxInfo = syntaxes;
    syntaxes[0].TransferSyntax = ndr64;
    syntaxes[1].TransferSyntax = face.TransferSyntax;
    syntaxes[1].ProcString = __MIDL_ProcFormatString.Format;
    syntaxes[1].FmtStringOffset = stubs_FormatStringOffsetTable;
    syntaxes[1].TypeString = stubs_StubDesc.pFormatTypes;
    return &face;
}
