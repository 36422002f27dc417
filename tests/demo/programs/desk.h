#pragma once
// What the demo's and the interoperation tests' programs share: the stubs of desk_stubs.idl, of both kinds, and how they speak.
#include "desk_async/desk_stubs.h"
// The same file for the synchronous stubs, whose names are others.
#undef __desk_stubs_h__
#undef __desk_INTERFACE_DEFINED__
#include "desk_sync/desk_stubs.h"

namespace desk {

// Prints a line with the time since the program started, at once.
[[gnu::format(gnu_printf, 1, 2)]] void say(const char* format, ...);
// Signalled by Stop.
extern HANDLE stopped;

// ncalrpc, ncacn_np or ncacn_ip_tcp for lrpc, np or tcp (or the long name itself); NULL for anything else.
const wchar_t* protocol_sequence(const char* name);

}  // namespace desk
