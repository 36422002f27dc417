#pragma once
// Strings across the ABI: callers' ANSI (CP_ACP) and UTF-16, the core's UTF-8.
#include <windows.h>
#include <rpc.h>

#include <string_view>

#include "base/str.h"

namespace rpc::abi {

// A caller's terminated string. Null gives an empty one. invalid_arg: it cannot be read; out_of_memory.
Status read_text(const unsigned char* text, Str& out);
Status read_text(const unsigned short* text, Str& out);

// A string for the caller, who frees it with RpcStringFree; null `out` asks for none. out_of_memory, or invalid_arg when
// `out` cannot be written; *out is null then, if it can be.
Status write_text(std::string_view text, unsigned char** out);
Status write_text(std::string_view text, unsigned short** out);

// RpcStringFree: frees what write_text gave and stores null; a null string is allowed. invalid_arg: `text` cannot be used.
Status free_text(void** text);

}  // namespace rpc::abi
