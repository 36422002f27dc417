// The log: off, it writes nothing; on, its first line says who we are and every call has a line on either side.
//   logging off | path | wine
// The environment is read once, so each way is a process of its own.
#include <windows.h>
#include <rpc.h>
#include <rpcdcep.h>

#include <cctype>
#include <cstdio>
#include <cstring>

namespace {

constexpr RPC_SYNTAX_IDENTIFIER interface_id = {{0x10F6C0DE, 0x1065, 0x0001, {1, 2, 3, 4, 5, 6, 7, 8}}, {1, 0}};
constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}}, {2, 0}};

void __stdcall answer_nothing(PRPC_MESSAGE message) {
    message->BufferLength = 0;
    I_RpcGetBuffer(message);
}

int failures = 0;
void check(bool holds, const char* what) {
    std::printf("%s  %s\n", holds ? "ok    " : "FAILED", what);
    failures += !holds;
}

// One call within this process.
void make_call() {
    static RPC_DISPATCH_FUNCTION functions[] = {answer_nothing, nullptr};
    static RPC_DISPATCH_TABLE table = {1, functions, 0};
    static RPC_SERVER_INTERFACE server = {sizeof server, interface_id, ndr, &table, 0, nullptr, nullptr, nullptr, 0};
    static RPC_CLIENT_INTERFACE client = {sizeof client, interface_id, ndr, nullptr, 0, nullptr, 0, nullptr, 0};
    char endpoint[64], binding_text[96];
    std::snprintf(endpoint, sizeof endpoint, "logging_%lu", GetCurrentProcessId());
    std::snprintf(binding_text, sizeof binding_text, "ncalrpc:[%s]", endpoint);
    check(RpcServerUseProtseqEpA((RPC_CSTR) "ncalrpc", 10, (RPC_CSTR)endpoint, nullptr) == RPC_S_OK, "an endpoint");
    check(RpcServerRegisterIfEx(&server, nullptr, nullptr, RPC_IF_AUTOLISTEN, 10, nullptr) == RPC_S_OK, "an interface");
    RPC_BINDING_HANDLE binding = nullptr;
    check(RpcBindingFromStringBindingA((RPC_CSTR)binding_text, &binding) == RPC_S_OK, "a binding");
    RPC_MESSAGE message = {};
    message.Handle = binding;
    message.RpcInterfaceInformation = &client;
    check(I_RpcGetBuffer(&message) == RPC_S_OK && I_RpcSendReceive(&message) == RPC_S_OK, "a call");
    I_RpcFreeBuffer(&message);
    RpcBindingFree(&binding);
    RpcServerUnregisterIf(&server, nullptr, TRUE);
}

// The whole log, or nothing.
const char* read_log(const char* path) {
    static char text[65536];
    DWORD size = 0;
    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0, nullptr);
    if (file == INVALID_HANDLE_VALUE) return nullptr;
    ReadFile(file, text, sizeof text - 1, &size, nullptr);
    CloseHandle(file);
    text[size] = 0;
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    const char* mode = argc > 1 ? argv[1] : "";
    char path[MAX_PATH], folder[MAX_PATH];
    GetTempPathA(MAX_PATH, folder);
    std::snprintf(path, sizeof path, "%slogging_%s_%lu.txt", folder, mode, GetCurrentProcessId());
    DeleteFileA(path);
    SetEnvironmentVariableA("RPCRT4_LOG_PATH", path);
    SetEnvironmentVariableA("RPCRT4_LOG_LEVEL", std::strcmp(mode, "path") == 0 ? "debug" : nullptr);
    SetEnvironmentVariableA("WINEDEBUG", std::strcmp(mode, "wine") == 0 ? "-all,+rpc" : nullptr);
    make_call();
    const char* log = read_log(path);
    if (std::strcmp(mode, "off") == 0) {
        check(log == nullptr, "nothing was written");
        return failures != 0;
    }
    check(log != nullptr, "a log was written");
    if (!log) return 1;
    std::printf("%s", log);
    const char* end = std::strchr(log, '\n');
    char first[512] = "";
    for (size_t i = 0; end && log + i < end && i < sizeof first - 1; ++i)  // in lower case: Wine spells the name both ways
        first[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(log[i])));
    check(std::strstr(first, ": rpcrt4 ") != nullptr, "its first line names the version,");
    check(std::strstr(first, sizeof(void*) == 8 ? " x64 " : " x86 ") != nullptr, "the architecture,");
    check(std::strstr(first, ":\\") != nullptr && std::strstr(first, "rpcrt4.dll") != nullptr, "and the path of the DLL");
    check(std::strstr(log, "client call 10f6c0de-1065-0001 opnum 0, ncalrpc:[logging_") != nullptr, "the client's line");
    check(std::strstr(log, "server call 10f6c0de-1065-0001 opnum 0, ncalrpc: status 0, ") != nullptr, "the server's line");
    DeleteFileA(path);
    return failures != 0;
}
