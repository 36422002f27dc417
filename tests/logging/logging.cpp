// The log: off, it writes nothing; on, its first line says who we are and every call has a line on either side.
//   logging off | path | wine | shared | trace
// The environment is read once, so each way is a process of its own. `shared` has several processes write to one file.
#include <rpc.h>
#include <rpcdcep.h>
#include <rpcndr.h>
#include <windows.h>

#include <cctype>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "refused.h"
#include "support/guard.h"

namespace {

constexpr RPC_SYNTAX_IDENTIFIER interface_id = {{0x10F6C0DE, 0x1065, 0x0001, {1, 2, 3, 4, 5, 6, 7, 8}}, {1, 0}};
constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}},
                                       {2, 0}};

void __stdcall answer_nothing(PRPC_MESSAGE message) {
    message->BufferLength = 0;
    I_RpcGetBuffer(message);
}

int failures = 0;
void check(bool holds, const char* what) {
    std::printf("%s  %s\n", holds ? "ok    " : "FAILED", what);
    failures += !holds;
}

RPC_DISPATCH_FUNCTION functions[] = {answer_nothing, nullptr};
RPC_DISPATCH_TABLE table = {1, functions, 0};
RPC_SERVER_INTERFACE server = {sizeof server, interface_id, ndr, &table, 0, nullptr, nullptr, nullptr, 0};
RPC_CLIENT_INTERFACE client = {sizeof client, interface_id, ndr, nullptr, 0, nullptr, 0, nullptr, 0};

// A server in this process, and a binding to it.
RPC_BINDING_HANDLE serve() {
    char endpoint[64], text[96];
    std::snprintf(endpoint, sizeof endpoint, "logging_%lu", GetCurrentProcessId());
    std::snprintf(text, sizeof text, "ncalrpc:[%s]", endpoint);
    check(RpcServerUseProtseqEpA((RPC_CSTR) "ncalrpc", 10, (RPC_CSTR)endpoint, nullptr) == RPC_S_OK, "an endpoint");
    check(RpcServerRegisterIfEx(&server, nullptr, nullptr, RPC_IF_AUTOLISTEN, 10, nullptr) == RPC_S_OK, "an interface");
    RPC_BINDING_HANDLE binding = nullptr;
    check(RpcBindingFromStringBindingA((RPC_CSTR)text, &binding) == RPC_S_OK, "a binding");
    return binding;
}
bool call(RPC_BINDING_HANDLE binding) {
    RPC_MESSAGE message = {};
    message.Handle = binding;
    message.RpcInterfaceInformation = &client;
    const bool done = I_RpcGetBuffer(&message) == RPC_S_OK && I_RpcSendReceive(&message) == RPC_S_OK;
    I_RpcFreeBuffer(&message);
    return done;
}
// When this returns, the server has written its lines too.
void end(RPC_BINDING_HANDLE binding) {
    RpcBindingFree(&binding);
    RpcServerUnregisterIf(&server, nullptr, TRUE);
}

// ---- several processes, one file ----

constexpr int writers = 3;
constexpr int calls_each = 60;

DWORD WINAPI half(void* binding) {
    DWORD done = 0;
    for (int i = 0; i < calls_each / 2; ++i) done += call(binding);
    return done;
}

// `logging writer`: calls from two threads at once, into the log that the parent named.
int write_much() {
    RPC_BINDING_HANDLE binding = serve();
    HANDLE thread = CreateThread(nullptr, 0, half, binding, 0, nullptr);
    DWORD done = half(binding), others = 0;
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &others);
    CloseHandle(thread);
    end(binding);
    return failures != 0 || done + others != calls_each;
}

void run_writers(const char* program) {
    HANDLE processes[writers] = {};
    int started = 0;
    for (HANDLE& process : processes) {
        char command[MAX_PATH + 16];
        std::snprintf(command, sizeof command, "\"%s\" writer", program);
        STARTUPINFOA startup = {};
        startup.cb = sizeof startup;
        PROCESS_INFORMATION info;
        if (!CreateProcessA(nullptr, command, nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup, &info)) break;
        CloseHandle(info.hThread);
        process = info.hProcess;
        ++started;
    }
    check(started == writers, "all writers run");
    for (int i = 0; i < started; ++i) {
        DWORD status = 1;
        WaitForSingleObject(processes[i], INFINITE);
        GetExitCodeProcess(processes[i], &status);
        CloseHandle(processes[i]);
        check(status == 0, "a writer made its calls");
    }
}

// Every line is whole, and none is missing.
void check_lines(const char* log) {
    int bad = 0, clients = 0, servers = 0;
    for (const char* line = log; *line;) {
        const char* after = std::strchr(line, '\n');
        const std::string_view text(line, after ? static_cast<size_t>(after - line) : std::strlen(line));
        bad += !after || text.substr(0, 7) != "rpcrt4:" || text.find("rpcrt4:", 7) != text.npos;
        const bool ended = text.size() > 3 && text.substr(text.size() - 3) == " ms";
        clients += ended && text.find(": client call ") != text.npos;
        servers += ended && text.find(": server call ") != text.npos;
        if (bad == 1 && after) std::printf("        %.*s\n", static_cast<int>(text.size()), line), ++bad;
        line = after ? after + 1 : line + text.size();
    }
    check(bad == 0, "every line is whole");
    check(clients == writers * calls_each, "one line for every call of a client");
    check(servers == writers * calls_each, "one line for every call of a server");
}

// A structure with a member that no description has, at offset 11; with an array behind its size, whose operator nothing says what it means, at 19.
void meet_unknown_type() {
    static const unsigned char types[] = {0,    0,    0x1a, 3, 8, 0,    0,    0,    0, 0, 0x08, 0xc1, 0x5c, 0x5b, 0x1b, 3, 4, 0,
                                          0x08, 0x74, 0xfc, 0xff, 0x08, 0x5b, 0x17, 3, 4, 0, 0xf2, 0xff, 0x08, 0x5b};
    MIDL_STUB_DESC desc = {};
    desc.pFormatTypes = types;
    MIDL_STUB_MESSAGE message = {};
    message.StubDesc = &desc;
    unsigned char memory[8] = {};
    const Outcome o = guarded([&] { NdrComplexStructBufferSize(&message, memory, types + 2); });
    check(o.raised == RPC_X_BAD_STUB_DATA, "an unknown format character is refused");
    const Outcome size = guarded([&] { NdrConformantStructBufferSize(&message, memory, types + 24); });
    check(size.raised == RPC_X_BAD_STUB_DATA, "an unknown operator is refused");
}

// The whole log, or nothing.
const char* read_log(const char* path) {
    static char text[262144];
    DWORD size = 0;
    HANDLE file =
        CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0, nullptr);
    if (file == INVALID_HANDLE_VALUE) return nullptr;
    ReadFile(file, text, sizeof text - 1, &size, nullptr);
    CloseHandle(file);
    text[size] = 0;
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    const char* mode = argc > 1 ? argv[1] : "";
    if (std::strcmp(mode, "writer") == 0) return write_much();
    const bool shared = std::strcmp(mode, "shared") == 0;
    char path[MAX_PATH], folder[MAX_PATH];
    GetTempPathA(MAX_PATH, folder);
    std::snprintf(path, sizeof path, "%slogging_%s_%lu.txt", folder, mode, GetCurrentProcessId());
    DeleteFileA(path);
    SetEnvironmentVariableA("RPCRT4_LOG_PATH", path);
    const bool trace = std::strcmp(mode, "trace") == 0;
    SetEnvironmentVariableA("RPCRT4_LOG_LEVEL", trace                                        ? "trace"
                                                : shared || std::strcmp(mode, "path") == 0 ? "debug"
                                                                                             : nullptr);
    SetEnvironmentVariableA("WINEDEBUG", std::strcmp(mode, "wine") == 0 ? "-all,+rpc" : nullptr);
    if (shared) {
        run_writers(argv[0]);
    } else {
        RPC_BINDING_HANDLE binding = serve();
        check(call(binding), "a call");
        end(binding);
        meet_unknown_type();
        meet_refused_types(check);
    }
    const char* log = read_log(path);
    if (std::strcmp(mode, "off") == 0) {
        check(log == nullptr, "nothing was written");
        return failures != 0;
    }
    check(log != nullptr, "a log was written");
    if (!log) return 1;
    if (shared) {
        check_lines(log);
        DeleteFileA(path);
        return failures != 0;
    }
    std::printf("%s", log);
    const char* end = std::strchr(log, '\n');
    char first[512] = "";
    for (size_t i = 0; end && log + i < end && i < sizeof first - 1;
         ++i)  // in lower case: Wine spells the name both ways
        first[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(log[i])));
    check(std::strstr(first, ": rpcrt4 ") != nullptr, "its first line names the version,");
    check(std::strstr(first, sizeof(void*) == 8 ? " x64 " : " x86 ") != nullptr, "the architecture,");
    check(std::strstr(first, ":\\") != nullptr && std::strstr(first, "rpcrt4.dll") != nullptr,
          "and the path of the DLL");
    check(std::strstr(log, "client call 10f6c0de-1065-0001 opnum 0, ncalrpc:[logging_") != nullptr,
          "the client's line");
    check(std::strstr(log, "server call 10f6c0de-1065-0001 opnum 0, ncalrpc: status 0, ") != nullptr,
          "the server's line");
    check(std::strstr(log, "format character 0xc1 at offset 11 of the type format string") != nullptr, "where the unknown character is");
    check(std::strstr(log, "format character 0x74 at offset 19 of the type format string") != nullptr, "where the unknown operator is");
    for (const Refused& r : refused_lines) check(std::strstr(log, r.line) != nullptr, r.what);
    const bool steps =
        std::strstr(log, ": call 1 client issued at ") && std::strstr(log, ": call 1 client completed at ") &&
        std::strstr(log, " server dispatched at ") && std::strstr(log, " server completed at ");
    check(steps == trace, trace ? "the steps of the call," : "no steps below trace");
    if (trace)
        check(std::strstr(log, " us: 10f6c0de-1065-0001 opnum 0, ncalrpc:[logging_") != nullptr, "and what it is");
    DeleteFileA(path);
    return failures != 0;
}
