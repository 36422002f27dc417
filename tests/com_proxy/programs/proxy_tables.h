#pragma once
// rpcproxy.h in C++, where the headers declare no vtables.
#include <windows.h>

#include <objbase.h>

struct IRpcStubBufferVtbl {
    void* methods[10];
};
struct IPSFactoryBufferVtbl;
struct ICallFactoryVtbl;
struct IReleaseMarshalBuffersVtbl;
#include <rpcproxy.h>

#define STUB_METHODS                                                                                       \
    {                                                                                                      \
        (void*)CStdStubBuffer_QueryInterface, (void*)CStdStubBuffer_AddRef, (void*)CStdStubBuffer_Release, \
            (void*)CStdStubBuffer_Connect, (void*)CStdStubBuffer_Disconnect, (void*)CStdStubBuffer_Invoke, \
            (void*)CStdStubBuffer_IsIIDSupported, (void*)CStdStubBuffer_CountRefs,                         \
            (void*)CStdStubBuffer_DebugServerQueryInterface, (void*)CStdStubBuffer_DebugServerRelease      \
    }
