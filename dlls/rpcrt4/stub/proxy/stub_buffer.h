#pragma once
// The standard stub of one interface, CStdStubBuffer: what the proxy DLL's IRpcStubBuffer methods are.
#include "stub/proxy/tables.h"

namespace rpc::com {

// *stub gets a reference. `server` may be null: Connect then gives it later.
Hresult create_stub(const Interface& entry, Unknown* server, FactoryBuffer& factory, StubBuffer** stub);

// What stands in front of a standard stub's vtable.
inline const StubHeader& header_of(const StubBuffer& stub) {
    return reinterpret_cast<const StubTable*>(reinterpret_cast<const uint8_t*>(stub.vtbl) - offsetof(StubTable, vtbl))
        ->header;
}
inline StdStub& std_stub(void* self) {
    return *static_cast<StdStub*>(self);
}

// IRpcStubBuffer, as CStdStubBuffer_* export it.
Hresult RPC_ENTRY stub_query(void* self, const GUID* iid, void** object);
uint32_t RPC_ENTRY stub_add_ref(void* self);
Hresult RPC_ENTRY stub_connect(void* self, Unknown* server);  // takes a reference to the server's interface
void RPC_ENTRY stub_disconnect(void* self);                   // gives it back
Hresult RPC_ENTRY stub_invoke(void* self, RPC_MESSAGE* message, Channel* channel);  // stub_call.cpp
void* RPC_ENTRY stub_is_iid_supported(void* self, const GUID* iid);
uint32_t RPC_ENTRY stub_count_refs(void* self);
Hresult RPC_ENTRY stub_debug_query(void* self, void** object);
void RPC_ENTRY stub_debug_release(void* self, void* object);

// NdrCStdStubBuffer_Release and NdrCStdStubBuffer2_Release; the last one frees the stub and gives `factory` its
// reference back. A server object that Disconnect left is given back then: Wine's COM counts on it.
uint32_t release_stub(StubBuffer& stub, FactoryBuffer* factory);

// The stub of the base interface that a delegating stub passes inherited methods to, or null.
StubBuffer* base_stub(StubBuffer& stub);

}  // namespace rpc::com
