#pragma once
// From a type library's description of an interface (ITypeInfo) to the tables of its proxy and stub. Sources: the
// documentation pages of ITypeInfo, TYPEATTR, FUNCDESC and VARDESC, MIDL's page of the oleautomation attribute, and where
// those are silent what Wine's builtin sends.
#include "stub/proxy/automation.h"
#include "stub/proxy/type_tables.h"

namespace rpc::com {

// What stands for the interface `iid`. A dual interface counts as its vtable, a dispinterface as IDispatch. Nothing that
// the description says is trusted: it may be any program's.
//   E_NOTIMPL               a type that no automation interface may have
//   TYPE_E_BADMODULEKIND    no interface
//   TYPE_E_INVDATAREAD      the description contradicts itself, or is too large to be one
//   TYPE_E_CIRCULARTYPE     a type within itself, or types nested too deeply
//   any other               what the description answered
Hresult describe_interface(TypeInfo& info, const GUID& iid, TypeDescription& description);

// CreateProxyFromTypeInfo, CreateStubFromTypeInfo. As create_proxy and create_stub.
Hresult create_proxy_from_type_info(TypeInfo& info, Unknown* outer, const GUID& iid, ProxyBuffer** buffer,
                                    void** object);
Hresult create_stub_from_type_info(TypeInfo& info, const GUID& iid, Unknown* server, StubBuffer** stub);

// The types' own routines: oleaut32's, which this loads. Host: what set_type_runtime gave.
Hresult type_runtime(TypeRuntime& runtime);
void set_type_runtime(const TypeRuntime& runtime);  // host builds only

}  // namespace rpc::com
