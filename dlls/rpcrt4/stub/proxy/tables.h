#pragma once
// Reading the tables of a proxy DLL. They are the DLL's constant data: never written, and looked at with a check where
// one is possible, since a broken table must cost its own interface only.
#include "stub/proxy/com.h"

namespace rpc::com {

// One interface of a proxy DLL.
struct Interface {
    const ProxyFile* file = nullptr;
    uint16_t index = 0;
    const ProxyTable* proxy = nullptr;
    const MIDL_STUBLESS_PROXY_INFO* stubless = nullptr;  // null in files of -Os
    const StubTable* stub = nullptr;
    const GUID* base = nullptr;  // the interface in another file that it is derived from, or null
    const GUID* async_iid = nullptr;  // [async_uuid]'s interface of Begin_ and Finish_ methods, or null
    const GUID* sync_iid = nullptr;   // where this is such an interface: the one whose calls it makes

    const GUID& iid() const { return *proxy->iid; }
    uint32_t method_count() const { return stub->header.method_count; }
    const char* name() const { return file->names ? file->names[index] : nullptr; }
};

// Methods of an interface, IUnknown's included, at most: what there are thunks for.
constexpr uint32_t method_limit = 3 + 1024;

// The entry at `index`, false when there is none or it is broken.
[[nodiscard]] bool interface_at(const ProxyFile& file, uint16_t index, Interface& found);
// The entry for an interface identifier in the null-terminated list of files. Neither searches with the files' own
// routines, which know neither every layout of the table nor that it may end early.
[[nodiscard]] bool find_interface(const ProxyFile* const* files, const GUID& iid, Interface& found);

// Methods of an asynchronous interface (documentation page "async_uuid attribute"): for each of the synchronous interface's its Begin_
// and its Finish_. Their order, and that their numbers are those of this interface, is what widl writes.
constexpr bool is_begin(uint32_t method) {
    return (method - 3) % 2 == 0;
}
constexpr uint32_t begin_method(uint32_t synchronous) {
    return 3 + 2 * (synchronous - 3);
}
constexpr uint32_t synchronous_method(uint32_t half) {
    return 3 + (half - 3) / 2;
}

// Whether what describes methods needs a later NDR than this one: the HRESULT of RPC_X_WRONG_STUB_VERSION then, else s_ok.
Hresult check_stub_version(const MIDL_STUB_DESC* desc);

// A method's procedure format string, null where the compiler left none (inline and inherited methods).
const uint8_t* procedure_format(const uint8_t* strings, const uint16_t* offsets, uint32_t method);
// Whether an object procedure has descriptors of -Oif and later, rather than those of -Oi (Oi_OBJ_USE_V2_INTERPRETER).
constexpr bool is_second_interpreter(const uint8_t* format) {
    return (format[1] & 0x20) != 0;
}

}  // namespace rpc::com
