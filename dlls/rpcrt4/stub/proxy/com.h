#pragma once
// COM as the proxy and stub code needs it: interfaces as C vtables, and the tables that MIDL and widl write
// (rpcproxy.h). Our own declarations, so that the room builds on both sides; abi/ checks them against the toolchain's
// headers.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::com {

using Hresult = int32_t;

constexpr Hresult hr(uint32_t code) {
    return static_cast<Hresult>(code);
}
constexpr bool bad(Hresult h) {
    return h < 0;
}
constexpr Hresult s_ok = 0, s_false = 1, e_notimpl = hr(0x80004001), e_nointerface = hr(0x80004002),
                  e_pointer = hr(0x80004003), e_fail = hr(0x80004005), e_unexpected = hr(0x8000ffff),
                  e_out_of_memory = hr(0x8007000e), e_invalidarg = hr(0x80070057), rpc_e_fault = hr(0x80010104),
                  rpc_e_invalid_method = hr(0x80010107), class_e_no_aggregation = hr(0x80040110),
                  class_e_not_available = hr(0x80040111), co_e_obj_not_connected = hr(0x800401fd),
                  rpc_e_version_mismatch = hr(0x80010110), rpc_e_server_fault = hr(0x80010105),
                  rpc_s_call_pending = hr(0x80010115), rpc_e_call_complete = hr(0x80010117);

// What an RPC status is as an HRESULT (NdrProxyErrorHandler): HRESULTs stay, anything else is a Win32 error.
constexpr Hresult to_hresult(Status status) {
    uint32_t value = code(status);
    if (value == 0 || (value & 0x80000000)) return hr(value);
    return hr((value & 0xffff) | 0x80070000);
}
// What a channel's failure is to the engine.
constexpr Status to_status(Hresult h) {
    return static_cast<Status>(static_cast<uint32_t>(h));
}

inline bool same(const GUID& a, const GUID& b) {
    return std::memcmp(&a, &b, sizeof(GUID)) == 0;
}

constexpr GUID iid_unknown = {0x00000000, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
constexpr GUID iid_rpc_proxy_buffer = {0xd5f56a34, 0x593b, 0x101a, {0xb5, 0x69, 0x08, 0x00, 0x2b, 0x2d, 0xbf, 0x7a}};
constexpr GUID iid_rpc_stub_buffer = {0xd5f56afc, 0x593b, 0x101a, {0xb5, 0x69, 0x08, 0x00, 0x2b, 0x2d, 0xbf, 0x7a}};
constexpr GUID iid_ps_factory_buffer = {0xd5f569d0, 0x593b, 0x101a, {0xb5, 0x69, 0x08, 0x00, 0x2b, 0x2d, 0xbf, 0x7a}};
constexpr GUID iid_async_rpc_channel_buffer = {
    0xa5029fb6, 0x3c34, 0x11d1, {0x9c, 0x99, 0x00, 0xc0, 0x4f, 0xb9, 0x98, 0xaa}};
constexpr GUID iid_call_factory = {0x1c733a30, 0x2a1c, 0x11ce, {0xad, 0xe5, 0x00, 0xaa, 0x00, 0x44, 0x77, 0x3d}};
constexpr GUID iid_synchronize = {0x00000030, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
constexpr GUID iid_rpc_channel_buffer2 = {0x594f31d0, 0x7f19, 0x11d0, {0xb1, 0x94, 0x00, 0xa0, 0xc9, 0x0d, 0xc8, 0xbf}};

// --- interfaces -----------------------------------------------------------------------------------------------------

struct UnknownVtbl {
    Hresult(RPC_ENTRY* QueryInterface)(void* self, const GUID* iid, void** object);
    uint32_t(RPC_ENTRY* AddRef)(void* self);
    uint32_t(RPC_ENTRY* Release)(void* self);
};

// Any interface pointer.
struct Unknown {
    const UnknownVtbl* vtbl;
    Hresult query(const GUID& iid, void** object) { return vtbl->QueryInterface(this, &iid, object); }
    uint32_t add_ref() { return vtbl->AddRef(this); }
    uint32_t release() { return vtbl->Release(this); }
};

// IRpcChannelBuffer. The message is an RPCOLEMESSAGE, which is an RPC_MESSAGE by another name.
struct ChannelVtbl {
    UnknownVtbl unknown;
    Hresult(RPC_ENTRY* GetBuffer)(void* self, RPC_MESSAGE* message, const GUID* iid);
    Hresult(RPC_ENTRY* SendReceive)(void* self, RPC_MESSAGE* message, uint32_t* status);
    Hresult(RPC_ENTRY* FreeBuffer)(void* self, RPC_MESSAGE* message);
    Hresult(RPC_ENTRY* GetDestCtx)(void* self, uint32_t* context, void** data);
    Hresult(RPC_ENTRY* IsConnected)(void* self);
    Hresult(RPC_ENTRY* GetProtocolVersion)(void* self, uint32_t* version);  // IRpcChannelBuffer2 and later
};
struct Channel {
    const ChannelVtbl* vtbl;
    Unknown* unknown() { return reinterpret_cast<Unknown*>(this); }
};

// ISynchronize
struct SynchronizeVtbl {
    UnknownVtbl unknown;
    Hresult(RPC_ENTRY* Wait)(void* self, uint32_t flags, uint32_t milliseconds);
    Hresult(RPC_ENTRY* Signal)(void* self);
    Hresult(RPC_ENTRY* Reset)(void* self);
};
struct Synchronize {
    const SynchronizeVtbl* vtbl;
};

// IAsyncRpcChannelBuffer, an IRpcChannelBuffer2.
struct AsyncChannelVtbl {
    ChannelVtbl channel;
    Hresult(RPC_ENTRY* Send)(void* self, RPC_MESSAGE* message, Synchronize* done, uint32_t* status);
    Hresult(RPC_ENTRY* Receive)(void* self, RPC_MESSAGE* message, uint32_t* status);
    Hresult(RPC_ENTRY* GetDestCtxEx)(void* self, RPC_MESSAGE* message, uint32_t* context, void** data);
};
struct AsyncChannel {
    const AsyncChannelVtbl* vtbl;
    Channel* plain() { return reinterpret_cast<Channel*>(this); }
};

// ICallFactory
struct CallFactoryVtbl {
    UnknownVtbl unknown;
    Hresult(RPC_ENTRY* CreateCall)(void* self, const GUID* iid, Unknown* outer, const GUID* wanted, void** object);
};
struct CallFactory {
    const CallFactoryVtbl* vtbl;
};

struct ProxyBufferVtbl {
    UnknownVtbl unknown;
    Hresult(RPC_ENTRY* Connect)(void* self, Channel* channel);
    void(RPC_ENTRY* Disconnect)(void* self);
};
struct ProxyBuffer {
    const ProxyBufferVtbl* vtbl;
    Unknown* unknown() { return reinterpret_cast<Unknown*>(this); }
};

struct StubBufferVtbl {
    UnknownVtbl unknown;
    Hresult(RPC_ENTRY* Connect)(void* self, Unknown* server);
    void(RPC_ENTRY* Disconnect)(void* self);
    Hresult(RPC_ENTRY* Invoke)(void* self, RPC_MESSAGE* message, Channel* channel);
    void*(RPC_ENTRY* IsIIDSupported)(void* self, const GUID* iid);
    uint32_t(RPC_ENTRY* CountRefs)(void* self);
    Hresult(RPC_ENTRY* DebugServerQueryInterface)(void* self, void** object);
    void(RPC_ENTRY* DebugServerRelease)(void* self, void* object);
};
struct StubBuffer {
    const StubBufferVtbl* vtbl;
    Unknown* unknown() { return reinterpret_cast<Unknown*>(this); }
};

struct FactoryVtbl {
    UnknownVtbl unknown;
    Hresult(RPC_ENTRY* CreateProxy)(void* self, Unknown* outer, const GUID* iid, ProxyBuffer** buffer, void** object);
    Hresult(RPC_ENTRY* CreateStub)(void* self, const GUID* iid, Unknown* server, StubBuffer** stub);
};
struct FactoryBuffer {
    const FactoryVtbl* vtbl;
    Unknown* unknown() { return reinterpret_cast<Unknown*>(this); }
};

// --- what the compilers write
// -----------------------------------------------------------------------------------------

// CInterfaceProxyVtbl, from its piid on; before that the interpreted modes have their MIDL_STUBLESS_PROXY_INFO.
struct ProxyTable {
    const GUID* iid;
    void* methods[1];
};

using StubFunction = void(__RPC_STUB*)(StubBuffer* stub, Channel* channel, RPC_MESSAGE* message, uint32_t* phase);

// CInterfaceStubHeader: stands in front of a stub's vtable.
struct StubHeader {
    const GUID* iid;
    const MIDL_SERVER_INFO* server_info;
    uint32_t method_count;
    const StubFunction* dispatch;  // null: everything is interpreted
};
// CInterfaceStubVtbl
struct StubTable {
    StubHeader header;
    StubBufferVtbl vtbl;
};

// ProxyFileInfo
struct ProxyFile {
    const void* const* proxies;  // CInterfaceProxyVtbl*, a null at the end
    const StubTable* const* stubs;
    const char* const* names;
    const GUID* const* base_iids;  // null, or for each interface its base in another file, or null
    const void* lookup;            // their search routine; ours needs none
    uint16_t size;
    uint16_t version;  // 1: -Os, no proxy information; 2 interpreted; 6 with asynchronous interfaces
    // Version 6: for each interface its asynchronous twin; -1 where it is one itself, null where there is none.
    const GUID* const* async_iids;
    intptr_t filler[3];
};

// CStdStubBuffer: `server` is what inline stubs read.
struct StdStub {
    const StubBufferVtbl* vtbl;
    int32_t refs;
    Unknown* server;
    const CallFactoryVtbl* call_factory_vtbl;  // null without an asynchronous twin
    const GUID* async_iid;
    FactoryBuffer* factory;
    const void* release_marshal_buffers_vtbl;
};

// CStdPSFactoryBuffer: the proxy DLL's own, zero at start.
struct StdFactory {
    const FactoryVtbl* vtbl;
    int32_t refs;
    const ProxyFile* const* files;
    int32_t filler;
};

// A request's method, which may carry RPC_FLAGS_VALID_BIT.
inline uint32_t method_of(const RPC_MESSAGE& message) {
    return message.ProcNum & ~uint32_t{0x8000};
}

// --- small helpers
// ----------------------------------------------------------------------------------------------------

// Reference counts that live in other modules' structures.
inline int32_t increment(int32_t& counter) {
    return std::atomic_ref<int32_t>(counter).fetch_add(1) + 1;
}
inline int32_t decrement(int32_t& counter) {
    return std::atomic_ref<int32_t>(counter).fetch_sub(1) - 1;
}

// Releases what *p holds, once.
template <class T>
void drop(T*& p) {
    T* was = p;
    p = nullptr;
    if (was) reinterpret_cast<Unknown*>(was)->release();
}

}  // namespace rpc::com
