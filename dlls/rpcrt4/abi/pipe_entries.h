#pragma once
// What managers find in a pipe's control structure.
namespace rpc::abi {

// Hands them to the interpreter; once, at process attach.
void install_pipe_entries();

}  // namespace rpc::abi
