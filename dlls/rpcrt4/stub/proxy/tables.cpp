#include "stub/proxy/tables.h"

#include "stub/call_message.h"

namespace rpc::com {

namespace {

// The asynchronous twin of the interface at `index`, or null.
const GUID* async_twin(const ProxyFile& file, uint16_t index) {
    if (file.version < 6 || !file.async_iids) return nullptr;
    const GUID* iid = file.async_iids[index];
    return iid == reinterpret_cast<const GUID*>(~uintptr_t{0}) ? nullptr : iid;
}

// The interface whose twin `iid` is, or null.
const GUID* synchronous_twin(const ProxyFile& file, const GUID& iid) {
    if (file.version < 6 || !file.async_iids) return nullptr;
    for (uint16_t i = 0; i < file.size && file.proxies[i]; ++i) {
        const GUID* twin = async_twin(file, i);
        if (twin && file.stubs[i] && same(*twin, iid)) return file.stubs[i]->header.iid;
    }
    return nullptr;
}

}  // namespace

bool interface_at(const ProxyFile& file, uint16_t index, Interface& found) {
    if (index >= file.size || !file.proxies || !file.stubs) return false;
    found = Interface();
    found.file = &file;
    found.index = index;
    const void* proxy = file.proxies[index];
    found.stub = file.stubs[index];
    if (!proxy || !found.stub) return false;
    if (file.version == 1) {
        found.proxy = static_cast<const ProxyTable*>(proxy);
    } else {
        found.stubless = *static_cast<const MIDL_STUBLESS_PROXY_INFO* const*>(proxy);
        found.proxy = reinterpret_cast<const ProxyTable*>(static_cast<const uint8_t*>(proxy) + sizeof(void*));
    }
    found.base = file.base_iids ? file.base_iids[index] : nullptr;
    if (!found.proxy->iid || !found.stub->header.iid || found.method_count() < 3 || found.method_count() > method_limit)
        return false;
    found.async_iid = async_twin(file, index);
    found.sync_iid = synchronous_twin(file, *found.proxy->iid);
    return true;
}

bool find_interface(const ProxyFile* const* files, const GUID& iid, Interface& found) {
    for (; files && *files; ++files) {
        const ProxyFile& file = **files;
        for (uint16_t i = 0; i < file.size && file.proxies && file.proxies[i]; ++i)
            if (interface_at(file, i, found) && same(found.iid(), iid)) return true;
    }
    return false;
}

Hresult check_stub_version(const MIDL_STUB_DESC* desc) {
    return desc ? to_hresult(stub::check_version(*desc)) : s_ok;
}

const uint8_t* procedure_format(const uint8_t* strings, const uint16_t* offsets, uint32_t method) {
    if (!strings || !offsets || offsets[method] == 0xffff) return nullptr;
    return strings + offsets[method];
}

}  // namespace rpc::com
