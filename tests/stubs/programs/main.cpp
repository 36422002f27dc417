// stubs: every kind of parameter through the stubs that widl makes, client and server in one process over ncalrpc, in
// every pairing of interpreted and inline stubs; and a client process that leaves an open context handle behind.
#include "common.h"

#include "Oicf/stubs.h"

int failures, checks;
volatile long allocations, rundowns, last_rundown;
const char* pairing = "";
long widl_leaves;

extern "C" {
extern RPC_IF_HANDLE Os_s_stubs_v1_0_s_ifspec;
RPC_IF_HANDLE All_server_interface(void);  // x64

void* __RPC_USER MIDL_user_allocate(size_t size) {
    InterlockedIncrement(&allocations);
    return HeapAlloc(GetProcessHeap(), 0, size);
}
void __RPC_USER MIDL_user_free(void* p) {
    if (!p) return;
    InterlockedDecrement(&allocations);
    HeapFree(GetProcessHeap(), 0, p);
}
void __RPC_USER Context_rundown(Context context) {
    last_rundown = *(LONG*)context;
    HeapFree(GetProcessHeap(), 0, context);
    InterlockedIncrement(&rundowns);
}
}

char* copy_text(const char* text) {
    auto p = (char*)MIDL_user_allocate(strlen(text) + 1);
    return strcpy(p, text);
}

static handle_t bind(const wchar_t* endpoint) {
    RPC_WSTR text = nullptr;
    handle_t h = nullptr;
    wchar_t protocol[] = L"ncalrpc";
    if (RpcStringBindingComposeW(nullptr, (RPC_WSTR)protocol, nullptr, (RPC_WSTR)endpoint, nullptr, &text)) return nullptr;
    RpcBindingFromStringBindingW(text, &h);
    RpcStringFreeW(&text);
    return h;
}

static void run_pairing(const char* name, const wchar_t* endpoint, void (*client)(handle_t)) {
    pairing = name;
    handle_t h = bind(endpoint);
    client(h);
    RpcBindingFree(&h);
    printf("%s: %d checks so far, %d failures\n", name, checks, failures);
    fflush(stdout);
}

// A client that dies with an open handle.
static int leave(const wchar_t* endpoint) {
    handle_t h = bind(endpoint);
    if (!open_interpreted(h, 4711)) return 1;
    TerminateProcess(GetCurrentProcess(), 7);
    return 2;
}

static void check_rundown(const wchar_t* endpoint) {
    pairing = "rundown";
    wchar_t command[MAX_PATH + 64], self[MAX_PATH];
    GetModuleFileNameW(nullptr, self, MAX_PATH);
    swprintf(command, MAX_PATH + 64, L"\"%ls\" leave %ls", self, endpoint);
    STARTUPINFOW start = {};
    start.cb = sizeof start;
    PROCESS_INFORMATION process;
    CHECK(CreateProcessW(self, command, nullptr, nullptr, FALSE, 0, nullptr, nullptr, &start, &process));
    CHECK(WaitForSingleObject(process.hProcess, 30000) == WAIT_OBJECT_0);
    DWORD code = 0;
    GetExitCodeProcess(process.hProcess, &code);
    CHECK(code == 7);
    for (int i = 0; i < 300 && !rundowns; ++i) Sleep(50);
    CHECK(rundowns == 1 && last_rundown == 4711);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
}

int main(int argc, char** argv) {
    wchar_t endpoint[64];
    if (argc == 3 && !strcmp(argv[1], "leave")) {
        swprintf(endpoint, 64, L"%hs", argv[2]);
        return leave(endpoint);
    }
    swprintf(endpoint, 64, L"stubs-test-%lu", GetCurrentProcessId());
    wchar_t protocol[] = L"ncalrpc";
    RPC_STATUS status = RpcServerUseProtseqEpW((RPC_WSTR)protocol, 10, (RPC_WSTR)endpoint, nullptr);
    if (status) return printf("no endpoint: %ld\n", status), 1;
    struct {
        RPC_IF_HANDLE interface_handle;
        const char* names[3];
    } servers[] = {
        {Oicf_s_stubs_v1_0_s_ifspec,
         {"interpreted client, interpreted server", "inline client, interpreted server", "NdrClientCall3, interpreted server"}},
        {Os_s_stubs_v1_0_s_ifspec,
         {"interpreted client, inline server", "inline client, inline server", "NdrClientCall3, inline server"}},
#ifdef _WIN64
        {All_server_interface(),
         {"interpreted client, NdrServerCallAll", "inline client, NdrServerCallAll", "NdrClientCall3, NdrServerCallAll"}},
#endif
    };
    for (int server = 0; server < (int)(sizeof servers / sizeof *servers); ++server) {
        status = RpcServerRegisterIf(servers[server].interface_handle, nullptr, nullptr);
        if (!status && server == 0) status = RpcServerListen(1, 100, TRUE);
        if (status) return printf("no server: %ld\n", status), 1;
        widl_leaves = server == 1;
        run_pairing(servers[server].names[0], endpoint, run_interpreted);
        run_pairing(servers[server].names[1], endpoint, run_inline);
#ifdef _WIN64
        run_pairing(servers[server].names[2], endpoint, run_all);
#endif
        if (server == 0) check_rundown(endpoint);
        RpcServerUnregisterIf(servers[server].interface_handle, nullptr, TRUE);
    }
    printf("%d checks, %d failures\n", checks, failures);
    return failures != 0;
}
