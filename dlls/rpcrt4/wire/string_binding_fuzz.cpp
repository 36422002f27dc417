// Any text is parsed or refused; what is parsed and composed again is read back as the same fields.
#include <cstdlib>

#include "wire/string_binding.h"

using namespace rpc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    wire::StringBinding a, b;
    if (failed(wire::parse_string_binding({reinterpret_cast<const char*>(data), size}, a)) || a.protseq.empty()) return 0;
    // An option that an escape hid a comma or an equals sign in has lost it: that is the documented rule for every field.
    Str text;
    if (failed(wire::compose_string_binding(a.object.view(), a.protseq.view(), a.address.view(), a.endpoint.view(), {}, text)))
        abort();
    if (failed(wire::parse_string_binding(text.view(), b))) abort();
    if (!(a.object == b.object && a.protseq == b.protseq && a.address == b.address && a.endpoint == b.endpoint)) abort();
    return 0;
}
