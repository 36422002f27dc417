/* Interface groups: what rpcdce.h of Windows 8 and later has and mingw-w64's lacks. Include it after <rpc.h>. Names, values and layouts
 * are Windows'; tests/abi_layout checks them.
 * Source: the documentation pages of the functions and structures, which say how to use them. */
#ifndef RPCGROUP_H
#define RPCGROUP_H

#include <rpc.h>

#pragma pack(push, 8)
#ifdef __cplusplus
extern "C" {
#endif

typedef void *RPC_INTERFACE_GROUP, **PRPC_INTERFACE_GROUP;

/* IsGroupIdle: TRUE, nobody has used the group for its idle period; FALSE, somebody does again. */
typedef void(RPC_ENTRY *RPC_INTERFACE_GROUP_IDLE_CALLBACK_FN)(RPC_INTERFACE_GROUP IfGroup, void *IdleCallbackContext,
                                                              unsigned long IsGroupIdle);

#define RPCGROUP_TEMPLATES_(suffix, text)                                 \
    typedef struct {                                                      \
        unsigned long Version; /* 0 */                                    \
        text ProtSeq;                                                     \
        text Endpoint; /* NULL: a dynamic one */                          \
        void *SecurityDescriptor;                                         \
        unsigned long Backlog;                                            \
    } RPC_ENDPOINT_TEMPLATE##suffix, *PRPC_ENDPOINT_TEMPLATE##suffix;     \
    typedef struct {                                                      \
        unsigned long Version; /* 0 */                                    \
        RPC_IF_HANDLE IfSpec;                                             \
        UUID *MgrTypeUuid;                                                \
        RPC_MGR_EPV *MgrEpv;                                              \
        unsigned int Flags;                                               \
        unsigned int MaxCalls;                                            \
        unsigned int MaxRpcSize;                                          \
        RPC_IF_CALLBACK_FN *IfCallback;                                   \
        UUID_VECTOR *UuidVector;                                          \
        text Annotation;                                                  \
        void *SecurityDescriptor;                                         \
    } RPC_INTERFACE_TEMPLATE##suffix, *PRPC_INTERFACE_TEMPLATE##suffix;
RPCGROUP_TEMPLATES_(A, RPC_CSTR)
RPCGROUP_TEMPLATES_(W, RPC_WSTR)
#undef RPCGROUP_TEMPLATES_

RPC_STATUS RPC_ENTRY RpcServerInterfaceGroupCreateA(RPC_INTERFACE_TEMPLATEA *Interfaces, unsigned long NumIfs,
                                                    RPC_ENDPOINT_TEMPLATEA *Endpoints, unsigned long NumEndpoints,
                                                    unsigned long IdlePeriod,
                                                    RPC_INTERFACE_GROUP_IDLE_CALLBACK_FN IdleCallbackFn,
                                                    void *IdleCallbackContext, PRPC_INTERFACE_GROUP IfGroup);
RPC_STATUS RPC_ENTRY RpcServerInterfaceGroupCreateW(RPC_INTERFACE_TEMPLATEW *Interfaces, unsigned long NumIfs,
                                                    RPC_ENDPOINT_TEMPLATEW *Endpoints, unsigned long NumEndpoints,
                                                    unsigned long IdlePeriod,
                                                    RPC_INTERFACE_GROUP_IDLE_CALLBACK_FN IdleCallbackFn,
                                                    void *IdleCallbackContext, PRPC_INTERFACE_GROUP IfGroup);
RPC_STATUS RPC_ENTRY RpcServerInterfaceGroupActivate(RPC_INTERFACE_GROUP IfGroup);
RPC_STATUS RPC_ENTRY RpcServerInterfaceGroupDeactivate(RPC_INTERFACE_GROUP IfGroup, unsigned long ForceDeactivation);
RPC_STATUS RPC_ENTRY RpcServerInterfaceGroupClose(RPC_INTERFACE_GROUP IfGroup);
RPC_STATUS RPC_ENTRY RpcServerInterfaceGroupInqBindings(RPC_INTERFACE_GROUP IfGroup, RPC_BINDING_VECTOR **BindingVector);

#ifdef UNICODE
typedef RPC_ENDPOINT_TEMPLATEW RPC_ENDPOINT_TEMPLATE, *PRPC_ENDPOINT_TEMPLATE;
typedef RPC_INTERFACE_TEMPLATEW RPC_INTERFACE_TEMPLATE, *PRPC_INTERFACE_TEMPLATE;
#define RpcServerInterfaceGroupCreate RpcServerInterfaceGroupCreateW
#else
typedef RPC_ENDPOINT_TEMPLATEA RPC_ENDPOINT_TEMPLATE, *PRPC_ENDPOINT_TEMPLATE;
typedef RPC_INTERFACE_TEMPLATEA RPC_INTERFACE_TEMPLATE, *PRPC_INTERFACE_TEMPLATE;
#define RpcServerInterfaceGroupCreate RpcServerInterfaceGroupCreateA
#endif

#ifdef __cplusplus
}
#endif
#pragma pack(pop)

#endif
