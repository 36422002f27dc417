#pragma once
// The class object of a proxy DLL: IPSFactoryBuffer over its list of proxy files (NdrDllGetClassObject).
#include "stub/proxy/tables.h"

namespace rpc::com {

// NdrDllGetClassObject: `clsid` must be `own`, or where that is null or another, an interface of the list. `factory` is
// the DLL's static structure, which this fills at the first call (any thread). *object gets a reference.
Hresult get_class_object(const GUID& clsid, const GUID& iid, void** object, const ProxyFile* const* files,
                         const GUID* own, StdFactory& factory);

// NdrDllCanUnloadNow: s_false while proxies, stubs or references to the class object exist.
Hresult can_unload(StdFactory& factory);

// The entry of an interface that this factory's own DLL has.
[[nodiscard]] bool own_interface(FactoryBuffer& self, const GUID& iid, Interface& found);

// The factory that makes proxies and stubs of an interface: this one, where its DLL has the interface, else the
// registered one. A reference goes to *found.
Hresult factory_for(FactoryBuffer& self, const GUID& iid, FactoryBuffer** found);

// The system's manual-reset event as an ISynchronize, aggregated by `outer`: *inner is its own IUnknown, with a reference.
// Host: what set_synchronizer gave.
Hresult make_synchronizer(Unknown* outer, Unknown** inner);
void set_synchronizer(Hresult (*make)(Unknown* outer, Unknown** inner));  // host builds only

// As registered with the system (CoGetPSClsid, CoGetClassObject). Host: what set_registered_factory gave.
Hresult registered_factory(const GUID& iid, FactoryBuffer** found);
void set_registered_factory(Hresult (*find)(const GUID& iid, FactoryBuffer** found));  // host builds only

}  // namespace rpc::com
