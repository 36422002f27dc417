#pragma once
// Whether this process sends extended error information to its clients: the machine's policy "Propagation of extended error
// information". Sources: documentation page "Enabling Extended Error Information", the policy's definition (RPC.admx).
#include <cstdint>
#include <string_view>

#include "base/str.h"

namespace rpc::runtime {

// Does what the policy says, at the first call; later ones cost one load. Any thread.
void apply_error_policy();

struct ErrorPolicy {
    enum Mode : uint32_t { off = 0, on_with_exceptions = 1, off_with_exceptions = 2, on = 3 };
    uint32_t mode = off;
    Str exceptions;  // beginnings of command lines, separated by blanks, in double quotes where they have some themselves
};
// What the policy means for a process; case does not matter, and neither does a quote around the program's name.
bool propagates(const ErrorPolicy& policy, std::string_view command_line);

// From the system (error_policy_win.cpp, error_policy_host.cpp). What cannot be read is off.
void read_error_policy(ErrorPolicy& policy, Str& command_line);

}  // namespace rpc::runtime
