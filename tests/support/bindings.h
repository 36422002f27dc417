#pragma once
// Binding handles from text and back, for programs that check with basics/check.h.
#include <windows.h>
#include <rpc.h>
#include <string>

#include "basics/check.h"

// RpcBindingFree is the caller's.
inline RPC_BINDING_HANDLE bind(const std::string& text) {
    RPC_BINDING_HANDLE handle = nullptr;
    CHECK_EQ(RpcBindingFromStringBindingA(reinterpret_cast<RPC_CSTR>(const_cast<char*>(text.c_str())), &handle), RPC_S_OK);
    return handle;
}

inline std::string text_of(RPC_BINDING_HANDLE handle) {
    RPC_CSTR text = nullptr;
    CHECK_EQ(RpcBindingToStringBindingA(handle, &text), RPC_S_OK);
    std::string out(text ? reinterpret_cast<char*>(text) : "");
    RpcStringFreeA(&text);
    return out;
}
