// What regsvr32 and COM ask of any DLL (documentation pages of DllGetClassObject, DllRegisterServer and DllInstall): rpcrt4.dll is the server
// of no class, so there is nothing to find and nothing to register.
#include "abi/proxy_types.h"

#include "abi/export.h"
#include "stub/proxy/com.h"

using namespace rpc;

RPC_EXPORT(HRESULT, DllGetClassObject)(REFCLSID, REFIID, LPVOID* ppv) {
    if (!ppv) return com::e_invalidarg;
    *ppv = nullptr;
    return com::class_e_not_available;
}

RPC_EXPORT(HRESULT, DllRegisterServer)() {
    return S_OK;
}

RPC_EXPORT(HRESULT, DllInstall)(BOOL, LPCWSTR) {
    return S_OK;
}
