#pragma once
// String bindings: ObjectUUID@ProtocolSequence:NetworkAddress[Endpoint,Option,...]. Source: documentation page "String
// Binding", C706 3.1. Text is UTF-8; every character of the syntax is ASCII.
#include <string_view>

#include "base/status.h"
#include "base/str.h"

namespace rpc::wire {

// The fields without their escapes; a field that is not there is empty. Options are as in the binding: `name=value`, comma
// between two, `endpoint=` taken out.
struct StringBinding {
    Str object;
    Str protseq;
    Str address;
    Str endpoint;
    Str options;
};

// Backslash makes the next character an ordinary one, in every field. invalid_string_binding: no colon, a bracket that is not
// closed or not the end, two endpoints, an element after the first that is neither an option nor empty, a backslash at the
// end, a control character. invalid_string_uuid: the object is no UUID. out_of_memory. `out` is then half filled.
Status parse_string_binding(std::string_view text, StringBinding& out);

// What parse_string_binding reads back as the same fields; those that are empty are left out, as is the colon when there is
// no protocol sequence. invalid_string_uuid: the object is neither empty nor a UUID. out_of_memory.
Status compose_string_binding(std::string_view object, std::string_view protseq, std::string_view address,
                              std::string_view endpoint, std::string_view options, Str& out);

}  // namespace rpc::wire
