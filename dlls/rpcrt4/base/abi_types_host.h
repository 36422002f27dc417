#pragma once
// Host builds only: what the Windows headers declare for stubs, by the same names. Facts of the ABI; `unsigned long` there
// is 32 bits. Only what portable rooms use.
#include <cstddef>
#include <cstdint>

using RPC_STATUS = int32_t;
using RPC_BINDING_HANDLE = void*;
using handle_t = RPC_BINDING_HANDLE;
using RPC_IF_HANDLE = void*;
using RPC_MGR_EPV = void;
using HANDLE = void*;
using HWND = void*;
using DWORD = uint32_t;
using UINT = unsigned int;
using DWORD_PTR = uintptr_t;
using ULONG_PTR = uintptr_t;
using LONG_PTR = intptr_t;
using INT_PTR = intptr_t;
using ULONG = uint32_t;

#define RPC_ENTRY
#define RPC_VAR_ENTRY
#define __RPC_API
#define __RPC_USER
#define __RPC_STUB

struct GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
};
using UUID = GUID;

struct RPC_VERSION {
    uint16_t MajorVersion;
    uint16_t MinorVersion;
};

struct RPC_SYNTAX_IDENTIFIER {
    GUID SyntaxGUID;
    RPC_VERSION SyntaxVersion;
};
using PRPC_SYNTAX_IDENTIFIER = RPC_SYNTAX_IDENTIFIER*;

struct RPC_MESSAGE {
    RPC_BINDING_HANDLE Handle;
    uint32_t DataRepresentation;
    void* Buffer;
    unsigned int BufferLength;
    unsigned int ProcNum;
    PRPC_SYNTAX_IDENTIFIER TransferSyntax;
    void* RpcInterfaceInformation;
    void* ReservedForRuntime;
    void* ManagerEpv;
    void* ImportContext;
    uint32_t RpcFlags;
};
using PRPC_MESSAGE = RPC_MESSAGE*;

#define RPC_NCA_FLAGS_DEFAULT 0x00000000
#define RPC_NCA_FLAGS_IDEMPOTENT 0x00000001
#define RPC_NCA_FLAGS_BROADCAST 0x00000002
#define RPC_NCA_FLAGS_MAYBE 0x00000004
#define RPC_BUFFER_COMPLETE 0x00001000
#define RPC_BUFFER_PARTIAL 0x00002000
#define RPC_BUFFER_EXTRA 0x00004000
#define RPC_BUFFER_ASYNC 0x00008000
#define RPC_BUFFER_NONOTIFY 0x00010000
#define RPCFLG_MESSAGE 0x01000000U
#define RPCFLG_HAS_MULTI_SYNTAXES 0x02000000U
#define RPCFLG_HAS_CALLBACK 0x04000000U
#define RPCFLG_AUTO_COMPLETE 0x08000000U
#define RPCFLG_LOCAL_CALL 0x10000000U
#define RPCFLG_INPUT_SYNCHRONOUS 0x20000000U
#define RPCFLG_ASYNCHRONOUS 0x40000000U
#define RPCFLG_NON_NDR 0x80000000U
#define RPC_FLAGS_VALID_BIT 0x00008000
#define RPC_INTERFACE_HAS_PIPES 0x0001
#define RPC_CONTEXT_HANDLE_DEFAULT_FLAGS 0x00000000U
#define RPC_CONTEXT_HANDLE_SERIALIZE 0x10000000U
#define RPC_CONTEXT_HANDLE_DONT_SERIALIZE 0x20000000U

using RPC_DISPATCH_FUNCTION = void (*)(PRPC_MESSAGE);
struct RPC_DISPATCH_TABLE {
    unsigned int DispatchTableCount;
    RPC_DISPATCH_FUNCTION* DispatchTable;
    LONG_PTR Reserved;
};
using PRPC_DISPATCH_TABLE = RPC_DISPATCH_TABLE*;

struct RPC_PROTSEQ_ENDPOINT {
    unsigned char* RpcProtocolSequence;
    unsigned char* Endpoint;
};
using PRPC_PROTSEQ_ENDPOINT = RPC_PROTSEQ_ENDPOINT*;

struct RPC_SERVER_INTERFACE {
    unsigned int Length;
    RPC_SYNTAX_IDENTIFIER InterfaceId;
    RPC_SYNTAX_IDENTIFIER TransferSyntax;
    PRPC_DISPATCH_TABLE DispatchTable;
    unsigned int RpcProtseqEndpointCount;
    PRPC_PROTSEQ_ENDPOINT RpcProtseqEndpoint;
    void* DefaultManagerEpv;
    void const* InterpreterInfo;
    unsigned int Flags;
};
using PRPC_SERVER_INTERFACE = RPC_SERVER_INTERFACE*;

struct RPC_CLIENT_INTERFACE {
    unsigned int Length;
    RPC_SYNTAX_IDENTIFIER InterfaceId;
    RPC_SYNTAX_IDENTIFIER TransferSyntax;
    PRPC_DISPATCH_TABLE DispatchTable;
    unsigned int RpcProtseqEndpointCount;
    PRPC_PROTSEQ_ENDPOINT RpcProtseqEndpoint;
    ULONG_PTR Reserved;
    void const* InterpreterInfo;
    unsigned int Flags;
};
using PRPC_CLIENT_INTERFACE = RPC_CLIENT_INTERFACE*;

enum RPC_NOTIFICATION_TYPES {
    RpcNotificationTypeNone,
    RpcNotificationTypeEvent,
    RpcNotificationTypeApc,
    RpcNotificationTypeIoc,
    RpcNotificationTypeHwnd,
    RpcNotificationTypeCallback
};
enum RPC_ASYNC_EVENT {
    RpcCallComplete,
    RpcSendComplete,
    RpcReceiveComplete,
    RpcClientDisconnect,
    RpcClientCancel
};
#define RPC_C_NOTIFY_ON_SEND_COMPLETE 0x1

struct _RPC_ASYNC_STATE;
typedef void RPCNOTIFICATION_ROUTINE(struct _RPC_ASYNC_STATE* pAsync, void* Context, RPC_ASYNC_EVENT Event);
using PFN_RPCNOTIFICATION_ROUTINE = RPCNOTIFICATION_ROUTINE*;

union RPC_ASYNC_NOTIFICATION_INFO {
    struct {
        PFN_RPCNOTIFICATION_ROUTINE NotificationRoutine;
        HANDLE hThread;
    } APC;
    struct {
        HANDLE hIOPort;
        DWORD dwNumberOfBytesTransferred;
        DWORD_PTR dwCompletionKey;
        void* lpOverlapped;
    } IOC;
    struct {
        void* hWnd;
        UINT Msg;
    } HWND;
    HANDLE hEvent;
    PFN_RPCNOTIFICATION_ROUTINE NotificationRoutine;
};

struct _RPC_ASYNC_STATE {
    unsigned int Size;
    uint32_t Signature;
    int32_t Lock;
    uint32_t Flags;
    void* StubInfo;
    void* UserInfo;
    void* RuntimeInfo;
    RPC_ASYNC_EVENT Event;
    RPC_NOTIFICATION_TYPES NotificationType;
    RPC_ASYNC_NOTIFICATION_INFO u;
    LONG_PTR Reserved[4];
};
using RPC_ASYNC_STATE = _RPC_ASYNC_STATE;
using PRPC_ASYNC_STATE = RPC_ASYNC_STATE*;
#define RPC_ASYNC_VERSION_1_0 sizeof(RPC_ASYNC_STATE)

#define NDR_CHAR_REP_MASK 0x0000000FU
#define NDR_INT_REP_MASK 0x000000F0U
#define NDR_FLOAT_REP_MASK 0x0000FF00U
#define NDR_LITTLE_ENDIAN 0x00000010U
#define NDR_BIG_ENDIAN 0x00000000U
#define NDR_IEEE_FLOAT 0x00000000U
#define NDR_VAX_FLOAT 0x00000100U
#define NDR_IBM_FLOAT 0x00000300U
#define NDR_ASCII_CHAR 0x00000000U
#define NDR_EBCDIC_CHAR 0x00000001U
#define NDR_LOCAL_DATA_REPRESENTATION 0x00000010U

using NDR_CCONTEXT = void*;
struct _NDR_SCONTEXT {
    void* pad[2];
    void* userContext;
};
using NDR_SCONTEXT = _NDR_SCONTEXT*;
#define NDRSContextValue(hContext) (&(hContext)->userContext)
#define cbNDRContext 20
using NDR_RUNDOWN = void (*)(void* context);
using NDR_NOTIFY_ROUTINE = void (*)();
using NDR_NOTIFY2_ROUTINE = void (*)(unsigned char flag);

struct _MIDL_STUB_MESSAGE;
struct _MIDL_STUB_DESC;
struct _FULL_PTR_XLAT_TABLES;
struct IRpcChannelBuffer;
struct NDR_ALLOC_ALL_NODES_CONTEXT;
struct NDR_POINTER_QUEUE_STATE;
struct _NDR_PROC_CONTEXT;

using RPC_BUFPTR = unsigned char*;
using RPC_LENGTH = uint32_t;
using EXPR_EVAL = void (*)(struct _MIDL_STUB_MESSAGE*);
using PFORMAT_STRING = const unsigned char*;

struct ARRAY_INFO {
    int32_t Dimension;
    uint32_t* BufferConformanceMark;
    uint32_t* BufferVarianceMark;
    uint32_t* MaxCountArray;
    uint32_t* OffsetArray;
    uint32_t* ActualCountArray;
};
using PARRAY_INFO = ARRAY_INFO*;

using PNDR_ASYNC_MESSAGE = struct _NDR_ASYNC_MESSAGE*;
using PNDR_CORRELATION_INFO = struct _NDR_CORRELATION_INFO*;

struct CS_STUB_INFO {
    uint32_t WireCodeset;
    uint32_t DesiredReceivingCodeset;
    void* CSArrayInfo;
};

struct _MIDL_STUB_MESSAGE {
    PRPC_MESSAGE RpcMsg;
    unsigned char* Buffer;
    unsigned char* BufferStart;
    unsigned char* BufferEnd;
    unsigned char* BufferMark;
    uint32_t BufferLength;
    uint32_t MemorySize;
    unsigned char* Memory;
    unsigned char IsClient;
    unsigned char Pad;
    unsigned short uFlags2;
    int ReuseBuffer;
    struct NDR_ALLOC_ALL_NODES_CONTEXT* pAllocAllNodesContext;
    struct NDR_POINTER_QUEUE_STATE* pPointerQueueState;
    int IgnoreEmbeddedPointers;
    unsigned char* PointerBufferMark;
    unsigned char fBufferValid;
    unsigned char uFlags;
    unsigned short UniquePtrCount;
    ULONG_PTR MaxCount;
    uint32_t Offset;
    uint32_t ActualCount;
    void* (*pfnAllocate)(size_t);
    void (*pfnFree)(void*);
    unsigned char* StackTop;
    unsigned char* pPresentedType;
    unsigned char* pTransmitType;
    handle_t SavedHandle;
    const struct _MIDL_STUB_DESC* StubDesc;
    struct _FULL_PTR_XLAT_TABLES* FullPtrXlatTables;
    uint32_t FullPtrRefId;
    uint32_t PointerLength;
    int fInDontFree : 1;
    int fDontCallFreeInst : 1;
    int fInOnlyParam : 1;
    int fHasReturn : 1;
    int fHasExtensions : 1;
    int fHasNewCorrDesc : 1;
    int fIsOicfServer : 1;
    int fHasMemoryValidateCallback : 1;
    int fUnused : 8;
    int fUnused2 : 16;
    uint32_t dwDestContext;
    void* pvDestContext;
    NDR_SCONTEXT* SavedContextHandles;
    int32_t ParamNumber;
    struct IRpcChannelBuffer* pRpcChannelBuffer;
    PARRAY_INFO pArrayInfo;
    uint32_t* SizePtrCountArray;
    uint32_t* SizePtrOffsetArray;
    uint32_t* SizePtrLengthArray;
    void* pArgQueue;
    uint32_t dwStubPhase;
    void* LowStackMark;
    PNDR_ASYNC_MESSAGE pAsyncMsg;
    PNDR_CORRELATION_INFO pCorrInfo;
    unsigned char* pCorrMemory;
    void* pMemoryList;
    CS_STUB_INFO* pCSInfo;
    unsigned char* ConformanceMark;
    unsigned char* VarianceMark;
    INT_PTR Unused;
    struct _NDR_PROC_CONTEXT* pContext;
    void* pUserMarshalList;
    INT_PTR Reserved51_2;
    INT_PTR Reserved51_3;
    INT_PTR Reserved51_4;
    INT_PTR Reserved51_5;
};
using MIDL_STUB_MESSAGE = _MIDL_STUB_MESSAGE;
using PMIDL_STUB_MESSAGE = MIDL_STUB_MESSAGE*;

using GENERIC_BINDING_ROUTINE = void* (*)(void*);
using GENERIC_UNBIND_ROUTINE = void (*)(void*, unsigned char*);
struct GENERIC_BINDING_ROUTINE_PAIR {
    GENERIC_BINDING_ROUTINE pfnBind;
    GENERIC_UNBIND_ROUTINE pfnUnbind;
};
struct GENERIC_BINDING_INFO {
    void* pObj;
    unsigned int Size;
    GENERIC_BINDING_ROUTINE pfnBind;
    GENERIC_UNBIND_ROUTINE pfnUnbind;
};
using PGENERIC_BINDING_INFO = GENERIC_BINDING_INFO*;

using XMIT_HELPER_ROUTINE = void (*)(PMIDL_STUB_MESSAGE);
struct XMIT_ROUTINE_QUINTUPLE {
    XMIT_HELPER_ROUTINE pfnTranslateToXmit;
    XMIT_HELPER_ROUTINE pfnTranslateFromXmit;
    XMIT_HELPER_ROUTINE pfnFreeXmit;
    XMIT_HELPER_ROUTINE pfnFreeInst;
};

using USER_MARSHAL_SIZING_ROUTINE = ULONG (*)(ULONG*, ULONG, void*);
using USER_MARSHAL_MARSHALLING_ROUTINE = unsigned char* (*)(ULONG*, unsigned char*, void*);
using USER_MARSHAL_UNMARSHALLING_ROUTINE = unsigned char* (*)(ULONG*, unsigned char*, void*);
using USER_MARSHAL_FREEING_ROUTINE = void (*)(ULONG*, void*);
struct USER_MARSHAL_ROUTINE_QUADRUPLE {
    USER_MARSHAL_SIZING_ROUTINE pfnBufferSize;
    USER_MARSHAL_MARSHALLING_ROUTINE pfnMarshall;
    USER_MARSHAL_UNMARSHALLING_ROUTINE pfnUnmarshall;
    USER_MARSHAL_FREEING_ROUTINE pfnFree;
};
enum USER_MARSHAL_CB_TYPE {
    USER_MARSHAL_CB_BUFFER_SIZE,
    USER_MARSHAL_CB_MARSHALL,
    USER_MARSHAL_CB_UNMARSHALL,
    USER_MARSHAL_CB_FREE
};
struct USER_MARSHAL_CB {
    uint32_t Flags;
    PMIDL_STUB_MESSAGE pStubMsg;
    PFORMAT_STRING pReserve;
    uint32_t Signature;
    USER_MARSHAL_CB_TYPE CBType;
    PFORMAT_STRING pFormat;
    PFORMAT_STRING pTypeFormat;
};
#define USER_CALL_IS_ASYNC 0x0100
#define USER_CALL_NEW_CORRELATION_DESC 0x0200

struct MALLOC_FREE_STRUCT {
    void* (*pfnAllocate)(size_t);
    void (*pfnFree)(void*);
};
struct COMM_FAULT_OFFSETS {
    short CommOffset;
    short FaultOffset;
};
struct NDR_CS_ROUTINES;

struct _MIDL_STUB_DESC {
    void* RpcInterfaceInformation;
    void* (*pfnAllocate)(size_t);
    void (*pfnFree)(void*);
    union {
        handle_t* pAutoHandle;
        handle_t* pPrimitiveHandle;
        PGENERIC_BINDING_INFO pGenericBindingInfo;
    } IMPLICIT_HANDLE_INFO;
    const NDR_RUNDOWN* apfnNdrRundownRoutines;
    const GENERIC_BINDING_ROUTINE_PAIR* aGenericBindingRoutinePairs;
    const EXPR_EVAL* apfnExprEval;
    const XMIT_ROUTINE_QUINTUPLE* aXmitQuintuple;
    const unsigned char* pFormatTypes;
    int fCheckBounds;
    uint32_t Version;
    MALLOC_FREE_STRUCT* pMallocFreeStruct;
    int32_t MIDLVersion;
    const COMM_FAULT_OFFSETS* CommFaultOffsets;
    const USER_MARSHAL_ROUTINE_QUADRUPLE* aUserMarshalQuadruple;
    const NDR_NOTIFY_ROUTINE* NotifyRoutineTable;
    ULONG_PTR mFlags;
    const NDR_CS_ROUTINES* CsRoutineTables;
    void* Reserved4;
    ULONG_PTR Reserved5;
};
using MIDL_STUB_DESC = _MIDL_STUB_DESC;
using PMIDL_STUB_DESC = const MIDL_STUB_DESC*;

using STUB_THUNK = void (*)(PMIDL_STUB_MESSAGE);
typedef int32_t (*SERVER_ROUTINE)();

struct MIDL_SYNTAX_INFO {
    RPC_SYNTAX_IDENTIFIER TransferSyntax;
    RPC_DISPATCH_TABLE* DispatchTable;
    PFORMAT_STRING ProcString;
    const unsigned short* FmtStringOffset;
    PFORMAT_STRING TypeString;
    const void* aUserMarshalQuadruple;
    ULONG_PTR pReserved1;
    ULONG_PTR pReserved2;
};
using PMIDL_SYNTAX_INFO = MIDL_SYNTAX_INFO*;

struct MIDL_SERVER_INFO {
    PMIDL_STUB_DESC pStubDesc;
    const SERVER_ROUTINE* DispatchTable;
    PFORMAT_STRING ProcString;
    const unsigned short* FmtStringOffset;
    const STUB_THUNK* ThunkTable;
    PRPC_SYNTAX_IDENTIFIER pTransferSyntax;
    ULONG_PTR nCount;
    PMIDL_SYNTAX_INFO pSyntaxInfo;
};
using PMIDL_SERVER_INFO = MIDL_SERVER_INFO*;

struct MIDL_STUBLESS_PROXY_INFO {
    PMIDL_STUB_DESC pStubDesc;
    PFORMAT_STRING ProcFormatString;
    const unsigned short* FormatStringOffset;
    PRPC_SYNTAX_IDENTIFIER pTransferSyntax;
    ULONG_PTR nCount;
    PMIDL_SYNTAX_INFO pSyntaxInfo;
};
using PMIDL_STUBLESS_PROXY_INFO = MIDL_STUBLESS_PROXY_INFO*;

union CLIENT_CALL_RETURN {
    void* Pointer;
    LONG_PTR Simple;
};

enum STUB_PHASE { STUB_UNMARSHAL, STUB_CALL_SERVER, STUB_MARSHAL, STUB_CALL_SERVER_NO_HRESULT };
enum PROXY_PHASE { PROXY_CALCSIZE, PROXY_GETBUFFER, PROXY_MARSHAL, PROXY_SENDRECEIVE, PROXY_UNMARSHAL };

enum XLAT_SIDE { XLAT_SERVER = 1, XLAT_CLIENT };
struct FULL_PTR_TO_REFID_ELEMENT {
    FULL_PTR_TO_REFID_ELEMENT* Next;
    void* Pointer;
    uint32_t RefId;
    unsigned char State;
};
using PFULL_PTR_TO_REFID_ELEMENT = FULL_PTR_TO_REFID_ELEMENT*;
struct _FULL_PTR_XLAT_TABLES {
    struct {
        void** XlatTable;
        unsigned char* StateTable;
        uint32_t NumberOfEntries;
    } RefIdToPointer;
    struct {
        PFULL_PTR_TO_REFID_ELEMENT* XlatTable;
        uint32_t NumberOfBuckets;
        uint32_t HashMask;
    } PointerToRefId;
    uint32_t NextRefId;
    XLAT_SIDE XlatSide;
};
using FULL_PTR_XLAT_TABLES = _FULL_PTR_XLAT_TABLES;
using PFULL_PTR_XLAT_TABLES = FULL_PTR_XLAT_TABLES*;
