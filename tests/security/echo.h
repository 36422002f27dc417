#pragma once
// An interface without a stub: requests and replies are raw bytes, so that any peer can speak it.
//   0: the request comes back   1: who the client is, as text   2: impersonates, tells the status and who it is then;
//   forgets to revert 3: whether the thread still acts for a client   4: the server ends
#define SECURITY_WIN32
#include <rpc.h>
#include <rpcasync.h>
#include <rpcndr.h>
#include <windows.h>

#include <string>

namespace echo {

extern RPC_SERVER_INTERFACE server;         // 1c5a6d2e-7b40-4f19-9a55-3f8e0d6c2b71 1.0
extern RPC_SERVER_INTERFACE secure_server;  // 2c5a6d2e-...: the same functions, for registrations with flags
extern RPC_CLIENT_INTERFACE client, secure_client;
extern HANDLE stop;  // set by 4

// One synchronous call: the outcome, and the reply's bytes.
RPC_STATUS call(RPC_BINDING_HANDLE binding, unsigned opnum, const std::string& request, std::string* reply = nullptr,
                RPC_CLIENT_INTERFACE& iface = client);
RPC_BINDING_HANDLE bind(const char* sequence, const char* endpoint);

}  // namespace echo

// The parts of the program.
int test_sspi(int argc, char** argv);
int test_api();
int test_pair(int argc, char** argv);
int run_server(int argc, char** argv);
int run_client(int argc, char** argv);
int run_many(int argc, char** argv);
