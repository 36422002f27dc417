#include "stub/proxy/factory.h"

namespace rpc::com {

namespace {
Hresult (*registered)(const GUID&, FactoryBuffer**) = nullptr;
}  // namespace

void set_registered_factory(Hresult (*find)(const GUID&, FactoryBuffer**)) {
    registered = find;
}

Hresult registered_factory(const GUID& iid, FactoryBuffer** found) {
    *found = nullptr;
    return registered ? registered(iid, found) : e_nointerface;
}

}  // namespace rpc::com
