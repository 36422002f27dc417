#include "stub/proxy/factory.h"

namespace rpc::com {

namespace {
Hresult (*registered)(const GUID&, FactoryBuffer**) = nullptr;
Hresult (*synchronizer)(Unknown*, Unknown**) = nullptr;
}  // namespace

void set_registered_factory(Hresult (*find)(const GUID&, FactoryBuffer**)) {
    registered = find;
}

Hresult registered_factory(const GUID& iid, FactoryBuffer** found) {
    *found = nullptr;
    return registered ? registered(iid, found) : e_nointerface;
}

void set_synchronizer(Hresult (*make)(Unknown* outer, Unknown** inner)) {
    synchronizer = make;
}

Hresult make_synchronizer(Unknown* outer, Unknown** inner) {
    *inner = nullptr;
    return synchronizer ? synchronizer(outer, inner) : e_nointerface;
}

}  // namespace rpc::com
