/* Asynchronous RPC, extended error information and call attributes: stands in for the file of the same name in
 * mingw-w64, under the same include guard, so that <rpc.h> takes this one when it is found first. Everything declared
 * there is declared here; beyond it are what Windows has and mingw-w64 10 lacks: RpcClientDisconnect and
 * RpcClientCancel, the RPC_QUERY_ flags and call attributes of version 3, RpcExceptionFilter. Names, values and layouts
 * are Windows'; tests/abi_layout checks them.
 * Functions: documentation pages of the same names. Structures: their own pages. */
#ifndef __RPCASYNC_H__
#define __RPCASYNC_H__

#pragma pack(push, 8)
#ifdef __cplusplus
extern "C" {
#endif

/* ---- the state of an asynchronous call ------------------------------------------------------------------------- */

/* How the application wants to hear of events (RPC_ASYNC_STATE.NotificationType). */
typedef enum _RPC_NOTIFICATION_TYPES {
    RpcNotificationTypeNone = 0,
    RpcNotificationTypeEvent = 1,
    RpcNotificationTypeApc = 2,
    RpcNotificationTypeIoc = 3,
    RpcNotificationTypeHwnd = 4,
    RpcNotificationTypeCallback = 5
} RPC_NOTIFICATION_TYPES;

/* What happened (RPC_ASYNC_STATE.Event). */
typedef enum _RPC_ASYNC_EVENT {
    RpcCallComplete = 0,
    RpcSendComplete = 1,
    RpcReceiveComplete = 2,
    RpcClientDisconnect = 3,
    RpcClientCancel = 4
} RPC_ASYNC_EVENT;

struct _RPC_ASYNC_STATE;
typedef void RPC_ENTRY RPCNOTIFICATION_ROUTINE(struct _RPC_ASYNC_STATE *pAsync, void *Context, RPC_ASYNC_EVENT Event);
typedef RPCNOTIFICATION_ROUTINE *PFN_RPCNOTIFICATION_ROUTINE;

/* The members that RPC_ASYNC_STATE.u and RPC_ASYNC_NOTIFICATION_INFO have in common, one per notification type. */
#define RPCASYNC_NOTIFICATION_MEMBERS_                       \
    struct {                                                 \
        PFN_RPCNOTIFICATION_ROUTINE NotificationRoutine;     \
        HANDLE hThread;                                      \
    } APC;                                                   \
    struct {                                                 \
        HANDLE hIOPort;                                      \
        DWORD dwNumberOfBytesTransferred;                    \
        DWORD_PTR dwCompletionKey;                           \
        LPOVERLAPPED lpOverlapped;                           \
    } IOC;                                                   \
    struct {                                                 \
        HWND hWnd;                                           \
        UINT Msg;                                            \
    } HWND;                                                  \
    HANDLE hEvent;                                           \
    PFN_RPCNOTIFICATION_ROUTINE NotificationRoutine;

typedef struct _RPC_ASYNC_STATE {
    unsigned int Size;
    ULONG Signature;
    LONG Lock;
    ULONG Flags; /* RPC_C_NOTIFY_ON_SEND_COMPLETE */
    void *StubInfo;
    void *UserInfo; /* the application's own */
    void *RuntimeInfo;
    RPC_ASYNC_EVENT Event;
    RPC_NOTIFICATION_TYPES NotificationType;
    union {
        RPCASYNC_NOTIFICATION_MEMBERS_
    } u;
    LONG_PTR Reserved[4];
} RPC_ASYNC_STATE, *PRPC_ASYNC_STATE;

typedef union _RPC_ASYNC_NOTIFICATION_INFO {
    RPCASYNC_NOTIFICATION_MEMBERS_
} RPC_ASYNC_NOTIFICATION_INFO, *PRPC_ASYNC_NOTIFICATION_INFO;
#undef RPCASYNC_NOTIFICATION_MEMBERS_

#define RPC_ASYNC_VERSION_1_0 sizeof(RPC_ASYNC_STATE)
#define RPC_C_NOTIFY_ON_SEND_COMPLETE 0x1
#define RPC_C_INFINITE_TIMEOUT INFINITE

/* The binding handle of the call; valid from the start of the call until it is completed. */
#define RpcAsyncGetCallHandle(pAsync) (((PRPC_ASYNC_STATE)(pAsync))->RuntimeInfo)

RPCRTAPI RPC_STATUS RPC_ENTRY RpcAsyncInitializeHandle(PRPC_ASYNC_STATE pAsync, unsigned int Size);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcAsyncRegisterInfo(PRPC_ASYNC_STATE pAsync);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcAsyncGetCallStatus(PRPC_ASYNC_STATE pAsync);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcAsyncCompleteCall(PRPC_ASYNC_STATE pAsync, void *Reply);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcAsyncAbortCall(PRPC_ASYNC_STATE pAsync, ULONG ExceptionCode);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcAsyncCancelCall(PRPC_ASYNC_STATE pAsync, WINBOOL fAbort);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcAsyncCleanupThread(DWORD dwTimeout); /* declared by tradition; nothing exports it */

RPC_STATUS RPC_ENTRY I_RpcAsyncSetHandle(PRPC_MESSAGE Message, PRPC_ASYNC_STATE pAsync);
RPC_STATUS RPC_ENTRY I_RpcAsyncAbortCall(PRPC_ASYNC_STATE pAsync, ULONG ExceptionCode);

RPC_STATUS RPC_ENTRY RpcBindingBind(PRPC_ASYNC_STATE pAsync, RPC_BINDING_HANDLE Binding, RPC_IF_HANDLE IfSpec);
RPC_STATUS RPC_ENTRY RpcBindingUnbind(RPC_BINDING_HANDLE Binding);

/* ---- notifications on the server ------------------------------------------------------------------------------- */

/* Bits. */
typedef enum _RPC_NOTIFICATIONS {
    RpcNotificationCallNone = 0,
    RpcNotificationClientDisconnect = 1,
    RpcNotificationCallCancel = 2
} RPC_NOTIFICATIONS;

RPC_STATUS RPC_ENTRY RpcServerSubscribeForNotification(RPC_BINDING_HANDLE Binding, DWORD Notification,
                                                       RPC_NOTIFICATION_TYPES NotificationType,
                                                       RPC_ASYNC_NOTIFICATION_INFO *NotificationInfo);
RPC_STATUS RPC_ENTRY RpcServerUnsubscribeForNotification(RPC_BINDING_HANDLE Binding, RPC_NOTIFICATIONS Notification,
                                                         ULONG *NotificationsQueued);

/* ---- exceptions ------------------------------------------------------------------------------------------------ */

/* EXCEPTION_CONTINUE_SEARCH for the codes that are bugs of the process, EXCEPTION_EXECUTE_HANDLER for the others. */
int RPC_ENTRY I_RpcExceptionFilter(ULONG ExceptionCode);
int RPC_ENTRY RpcExceptionFilter(ULONG ExceptionCode);

/* ---- extended error information -------------------------------------------------------------------------------- */

#define RPC_EEINFO_VERSION 1
#define MaxNumberOfEEInfoParams 4

/* RPC_EXTENDED_ERROR_INFO.Flags */
#define EEInfoPreviousRecordsMissing 1
#define EEInfoNextRecordsMissing 2
#define EEInfoUseFileTime 4

/* RPC_EXTENDED_ERROR_INFO.GeneratingComponent, beyond the documented 1-10 */
#define EEInfoGCCOM 11
#define EEInfoGCFRS 12

typedef enum tagExtendedErrorParamTypes {
    eeptAnsiString = 1,
    eeptUnicodeString = 2,
    eeptLongVal = 3,
    eeptShortVal = 4,
    eeptPointerVal = 5,
    eeptNone = 6,
    eeptBinary = 7
} ExtendedErrorParamTypes;

typedef struct tagBinaryParam {
    void *Buffer;
    short Size;
} BinaryParam;

typedef struct tagRPC_EE_INFO_PARAM {
    ExtendedErrorParamTypes ParameterType;
    union {
        LPSTR AnsiString;
        LPWSTR UnicodeString;
        LONG LVal;
        short SVal;
        ULONGLONG PVal;
        BinaryParam BVal;
    } u;
} RPC_EE_INFO_PARAM;

typedef struct tagRPC_EXTENDED_ERROR_INFO {
    ULONG Version;
    LPWSTR ComputerName;
    ULONG ProcessID;
    union {
        SYSTEMTIME SystemTime;
        FILETIME FileTime; /* with EEInfoUseFileTime */
    } u;
    ULONG GeneratingComponent;
    ULONG Status;
    USHORT DetectionLocation;
    USHORT Flags;
    int NumberOfParameters;
    RPC_EE_INFO_PARAM Parameters[MaxNumberOfEEInfoParams];
} RPC_EXTENDED_ERROR_INFO;

typedef struct tagRPC_ERROR_ENUM_HANDLE {
    ULONG Signature;
    void *CurrentPos;
    void *Head;
} RPC_ERROR_ENUM_HANDLE;

RPCRTAPI RPC_STATUS RPC_ENTRY RpcErrorStartEnumeration(RPC_ERROR_ENUM_HANDLE *EnumHandle);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcErrorGetNextRecord(RPC_ERROR_ENUM_HANDLE *EnumHandle, WINBOOL CopyStrings,
                                                    RPC_EXTENDED_ERROR_INFO *ErrorInfo);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcErrorEndEnumeration(RPC_ERROR_ENUM_HANDLE *EnumHandle);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcErrorResetEnumeration(RPC_ERROR_ENUM_HANDLE *EnumHandle);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcErrorGetNumberOfRecords(RPC_ERROR_ENUM_HANDLE *EnumHandle, int *Records);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcErrorSaveErrorInfo(RPC_ERROR_ENUM_HANDLE *EnumHandle, PVOID *ErrorBlob,
                                                    size_t *BlobSize);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcErrorLoadErrorInfo(PVOID ErrorBlob, size_t BlobSize,
                                                    RPC_ERROR_ENUM_HANDLE *EnumHandle);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcErrorAddRecord(RPC_EXTENDED_ERROR_INFO *ErrorInfo);
RPCRTAPI void RPC_ENTRY RpcErrorClearInformation(void);

/* ---- authorization contexts and context handles ---------------------------------------------------------------- */

RPCRTAPI RPC_STATUS RPC_ENTRY RpcGetAuthorizationContextForClient(RPC_BINDING_HANDLE ClientBinding,
                                                                  WINBOOL ImpersonateOnReturn, PVOID Reserved1,
                                                                  PLARGE_INTEGER pExpirationTime, LUID Reserved2,
                                                                  DWORD Reserved3, PVOID Reserved4,
                                                                  PVOID *pAuthzClientContext);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcFreeAuthorizationContext(PVOID *pAuthzClientContext);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcSsContextLockExclusive(RPC_BINDING_HANDLE ServerBindingHandle, PVOID UserContext);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcSsContextLockShared(RPC_BINDING_HANDLE ServerBindingHandle, PVOID UserContext);

/* ---- call attributes ------------------------------------------------------------------------------------------- */

#define RPC_CALL_ATTRIBUTES_VERSION (1)

/* ...Flags of the call attributes: what to fill in */
#define RPC_QUERY_SERVER_PRINCIPAL_NAME (0x02)
#define RPC_QUERY_CLIENT_PRINCIPAL_NAME (0x04)
#define RPC_QUERY_CALL_LOCAL_ADDRESS (0x08)
#define RPC_QUERY_CLIENT_PID (0x10)
#define RPC_QUERY_IS_CLIENT_LOCAL (0x20)
#define RPC_QUERY_NO_AUTH_REQUIRED (0x40)
#define RPC_QUERY_CLIENT_ID (0x80)

typedef enum _RpcCallType {
    rctInvalid = 0,
    rctNormal = 1,
    rctTraining = 2,
    rctGuaranteed = 3
} RpcCallType;

typedef enum _RpcLocalAddressFormat {
    rlafInvalid = 0,
    rlafIPv4 = 1,
    rlafIPv6 = 2
} RpcLocalAddressFormat;

typedef enum _RpcCallClientLocality {
    rcclInvalid = 0,
    rcclLocal = 1,
    rcclRemote = 2,
    rcclClientUnknownLocality = 3
} RpcCallClientLocality;

/* Each version continues the one before. `text` is the character type of the names. */
#define RPCASYNC_ATTRIBUTES_V1_(text)          \
    unsigned int Version;                      \
    ULONG Flags;                               \
    ULONG ServerPrincipalNameBufferLength;     \
    text *ServerPrincipalName;                 \
    ULONG ClientPrincipalNameBufferLength;     \
    text *ClientPrincipalName;                 \
    ULONG AuthenticationLevel;                 \
    ULONG AuthenticationService;               \
    WINBOOL NullSession;

typedef struct tagRPC_CALL_ATTRIBUTES_V1_W {
    RPCASYNC_ATTRIBUTES_V1_(unsigned short)
} RPC_CALL_ATTRIBUTES_V1_W;
typedef struct tagRPC_CALL_ATTRIBUTES_V1_A {
    RPCASYNC_ATTRIBUTES_V1_(unsigned char)
} RPC_CALL_ATTRIBUTES_V1_A;

RPCRTAPI RPC_STATUS RPC_ENTRY RpcServerInqCallAttributesW(RPC_BINDING_HANDLE ClientBinding, void *RpcCallAttributes);
RPCRTAPI RPC_STATUS RPC_ENTRY RpcServerInqCallAttributesA(RPC_BINDING_HANDLE ClientBinding, void *RpcCallAttributes);

#ifdef UNICODE
#define RPC_CALL_ATTRIBUTES_V1 RPC_CALL_ATTRIBUTES_V1_W
#define RpcServerInqCallAttributes RpcServerInqCallAttributesW
#else
#define RPC_CALL_ATTRIBUTES_V1 RPC_CALL_ATTRIBUTES_V1_A
#define RpcServerInqCallAttributes RpcServerInqCallAttributesA
#endif
typedef RPC_CALL_ATTRIBUTES_V1 RPC_CALL_ATTRIBUTES;

#if _WIN32_WINNT >= 0x0600

typedef struct tagRPC_CALL_LOCAL_ADDRESS_V1_A {
    unsigned int Version;
    void *Buffer;
    ULONG BufferSize;
    RpcLocalAddressFormat AddressFormat;
} RPC_CALL_LOCAL_ADDRESS_V1_A, RPC_CALL_LOCAL_ADDRESS_A;
typedef struct tagRPC_CALL_LOCAL_ADDRESS_V1_W {
    unsigned int Version;
    void *Buffer;
    ULONG BufferSize;
    RpcLocalAddressFormat AddressFormat;
} RPC_CALL_LOCAL_ADDRESS_V1_W, RPC_CALL_LOCAL_ADDRESS_W;

/* KernelModeCaller is the documented name, KernelMode mingw-w64's. */
#define RPCASYNC_ATTRIBUTES_V2_(text, address)                               \
    RPCASYNC_ATTRIBUTES_V1_(text)                                            \
    __extension__ union { WINBOOL KernelModeCaller; WINBOOL KernelMode; };   \
    ULONG ProtocolSequence;                                                  \
    RpcCallClientLocality IsClientLocal;                                     \
    HANDLE ClientPID;                                                        \
    ULONG CallStatus;                                                        \
    RpcCallType CallType;                                                    \
    address *CallLocalAddress;                                               \
    unsigned short OpNum;                                                    \
    UUID InterfaceUuid;

typedef struct tagRPC_CALL_ATTRIBUTES_V2A {
    RPCASYNC_ATTRIBUTES_V2_(unsigned char, RPC_CALL_LOCAL_ADDRESS_A)
} RPC_CALL_ATTRIBUTES_V2_A, RPC_CALL_ATTRIBUTES_A;
typedef struct tagRPC_CALL_ATTRIBUTES_V2W {
    RPCASYNC_ATTRIBUTES_V2_(unsigned short, RPC_CALL_LOCAL_ADDRESS_W)
} RPC_CALL_ATTRIBUTES_V2_W, RPC_CALL_ATTRIBUTES_W;

typedef struct tagRPC_CALL_ATTRIBUTES_V3A {
    RPCASYNC_ATTRIBUTES_V2_(unsigned char, RPC_CALL_LOCAL_ADDRESS_A)
    ULONG ClientIdentifierBufferLength;
    unsigned char *ClientIdentifier;
} RPC_CALL_ATTRIBUTES_V3_A;
typedef struct tagRPC_CALL_ATTRIBUTES_V3W {
    RPCASYNC_ATTRIBUTES_V2_(unsigned short, RPC_CALL_LOCAL_ADDRESS_W)
    ULONG ClientIdentifierBufferLength;
    unsigned char *ClientIdentifier;
} RPC_CALL_ATTRIBUTES_V3_W;

#ifdef UNICODE
#define RPC_CALL_LOCAL_ADDRESS_V1 RPC_CALL_LOCAL_ADDRESS_V1_W
#define RPC_CALL_LOCAL_ADDRESS RPC_CALL_LOCAL_ADDRESS_W
#define RPC_CALL_ATTRIBUTES_V2 RPC_CALL_ATTRIBUTES_V2_W
#define RPC_CALL_ATTRIBUTES_V3 RPC_CALL_ATTRIBUTES_V3_W
#else
#define RPC_CALL_LOCAL_ADDRESS_V1 RPC_CALL_LOCAL_ADDRESS_V1_A
#define RPC_CALL_LOCAL_ADDRESS RPC_CALL_LOCAL_ADDRESS_A
#define RPC_CALL_ATTRIBUTES_V2 RPC_CALL_ATTRIBUTES_V2_A
#define RPC_CALL_ATTRIBUTES_V3 RPC_CALL_ATTRIBUTES_V3_A
#endif

/* declared by tradition; nothing exports it */
RPC_STATUS RPC_ENTRY RpcDiagnoseError(RPC_BINDING_HANDLE BindingHandle, RPC_IF_HANDLE IfSpec, RPC_STATUS RpcStatus,
                                      RPC_ERROR_ENUM_HANDLE *EnumHandle, ULONG Options, HWND ParentWindow);

#undef RPCASYNC_ATTRIBUTES_V2_
#endif
#undef RPCASYNC_ATTRIBUTES_V1_

#ifdef __cplusplus
}
#endif
#pragma pack(pop)
#endif
