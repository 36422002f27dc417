// Options and timeouts of binding handles. Sources: the documentation page of each function.
#include "abi/binding_vector.h"
#include "base/guard.h"
#include "io/http_credentials.h"

using namespace rpc;
using abi::client_binding;
using abi::to_rpc;

namespace {

template <class F>
RPC_STATUS with_binding(RPC_BINDING_HANDLE handle, F f) {
    Ref<runtime::Binding> binding;
    Status status = client_binding(handle, binding);
    return to_rpc(failed(status) ? status : f(*binding));
}

// RPC_C_OPT_COOKIE_AUTH_DESCRIPTOR, which mingw-w64's rpcdcep.h lacks.
struct CookieAuth {
    unsigned long size;  // of the text, in bytes; the zero at its end may count
    char* text;
};
constexpr unsigned long longest_cookie = 65536;

// A null `descriptor` takes the cookie away (inferred).
Status set_cookie(runtime::Binding& binding, const void* descriptor) {
    if (!binding.protocol().takes_http_credentials) return Status::cannot_support;
    if (!descriptor) return binding.set_http_cookie(nullptr), Status::ok;
    CookieAuth given;
    if (!copy_guarded(&given, descriptor, sizeof given) || given.size > longest_cookie) return Status::invalid_arg;
    auto cookie = make_ref<io::HttpCookie>();
    Buffer bytes;
    if (!cookie || !bytes.resize(given.size)) return Status::out_of_memory;
    if (given.size != 0 && !copy_guarded(bytes.data(), given.text, given.size)) return Status::invalid_arg;
    std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    text = text.substr(0, text.find('\0'));
    const bool valid = io::cookie_valid(text), kept = valid && cookie->text.assign(text);
    if (!bytes.empty()) SecureZeroMemory(bytes.data(), bytes.size());
    if (kept) binding.set_http_cookie(std::move(cookie));
    return kept ? Status::ok : valid ? Status::out_of_memory : Status::invalid_arg;
}

}  // namespace

// RPC_C_OPT_x: what each value means is the documentation page "Binding Option Constants". RPC_C_OPT_COOKIE_AUTH: the value is the address of
// an RPC_C_OPT_COOKIE_AUTH_DESCRIPTOR, read now; over ncacn_http alone. RPC_S_INVALID_ARG: it cannot be read, or is no cookie.
RPC_EXPORT(RPC_STATUS, RpcBindingSetOption)(RPC_BINDING_HANDLE hBinding, unsigned long option, ULONG_PTR optionValue) {
    return with_binding(hBinding, [&](runtime::Binding& b) {
        if (option == runtime::binding_option::cookie_auth) return set_cookie(b, reinterpret_cast<const void*>(optionValue));
        return b.set_option(option, optionValue);
    });
}

RPC_EXPORT(RPC_STATUS, RpcBindingInqOption)
(RPC_BINDING_HANDLE hBinding, unsigned long option, ULONG_PTR* pOptionValue) {
    return with_binding(hBinding, [&](runtime::Binding& b) {
        uintptr_t value = 0;
        RPC_TRY(b.inquire_option(option, value));
        return copy_guarded(pOptionValue, &value, sizeof value) ? Status::ok : Status::invalid_arg;
    });
}
