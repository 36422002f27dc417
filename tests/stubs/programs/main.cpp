// stubs: every kind of parameter through the stubs that widl makes, client and server in one process over ncalrpc, in
// every pairing of interpreted and inline stubs; and a client process that leaves an open context handle behind.
//   stubs                                  all of it
//   stubs lrpc|np|tcp serve Oicf|Os|Oi     the server alone; says "ready SEQUENCE ENDPOINT", ends when a client has left its handle
//   stubs SEQUENCE ENDPOINT drive|drive-inline|drive-inline-Oi    a client of every kind, or the inline one, also
//                                          of a server of -Oi; against Wine's own
#include "common.h"

#include "Oicf/stubs.h"

int failures, checks;
volatile long allocations, rundowns, last_rundown;
const char* pairing = "";
long widl_leaves;

extern "C" {
extern RPC_IF_HANDLE Os_s_stubs_v1_0_s_ifspec;
RPC_IF_HANDLE All_server_interface(void);  // x64
extern RPC_IF_HANDLE Oi_s_stubs_v1_0_s_ifspec;  // x86

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

static handle_t bind(const wchar_t* endpoint, const wchar_t* sequence = L"ncalrpc") {
    RPC_WSTR text = nullptr;
    handle_t h = nullptr;
    wchar_t address[] = L"127.0.0.1";
    RPC_WSTR where = wcscmp(sequence, L"ncacn_ip_tcp") ? nullptr : (RPC_WSTR)address;
    if (RpcStringBindingComposeW(nullptr, (RPC_WSTR)sequence, where, (RPC_WSTR)endpoint, nullptr, &text)) return nullptr;
    RpcBindingFromStringBindingW(text, &h);
    RpcStringFreeW(&text);
    return h;
}

static void run_pairing(const char* name, const wchar_t* endpoint, void (*client)(handle_t), const wchar_t* sequence = L"ncalrpc") {
    pairing = name;
    handle_t h = bind(endpoint, sequence);
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

// ---- the two sides as two programs -----------------------------------------------------------------------------------

static int serve(const char* protocol, const char* kind) {
    const bool lrpc = !strcmp(protocol, "lrpc"), np = !strcmp(protocol, "np"), inlined = !strcmp(kind, "Os");
    const wchar_t* sequence = lrpc ? L"ncalrpc" : np ? L"ncacn_np" : L"ncacn_ip_tcp";
    wchar_t endpoint[64];
    const unsigned long id = GetCurrentProcessId();
    if (lrpc) swprintf(endpoint, 64, L"stubs-pair-%lu", id);
    else if (np) swprintf(endpoint, 64, L"\\pipe\\stubs-pair-%lu", id);
    else swprintf(endpoint, 64, L"%lu", 20000 + id % 20000);
    RPC_STATUS status = RpcServerUseProtseqEpW((RPC_WSTR)sequence, 10, (RPC_WSTR)endpoint, nullptr);
    RPC_IF_HANDLE face = inlined ? Os_s_stubs_v1_0_s_ifspec : Oicf_s_stubs_v1_0_s_ifspec;
#ifndef _WIN64
    if (!strcmp(kind, "Oi")) face = Oi_s_stubs_v1_0_s_ifspec;
#endif
    if (!status) status = RpcServerRegisterIf(face, nullptr, nullptr);
    if (!status) status = RpcServerListen(1, 100, TRUE);
    if (status) return printf("no server: %ld\n", status), 1;
    printf("ready %ls %ls\n", sequence, endpoint);
    fflush(stdout);
    pairing = "server";
    for (int i = 0; i < 1200 && !rundowns; ++i) Sleep(50);
    CHECK(rundowns == 1 && last_rundown == 4711);
    return failures != 0;
}

static int drive(const char* sequence_name, const char* endpoint_name, bool interpreted, bool with_ranges) {
    knows_ranges = with_ranges;
    wchar_t sequence[64], endpoint[64];
    peer_is_builtin = true;
    swprintf(sequence, 64, L"%hs", sequence_name);
    swprintf(endpoint, 64, L"%hs", endpoint_name);
    if (interpreted) run_pairing("interpreted client", endpoint, run_interpreted, sequence);
#ifndef _WIN64
    if (interpreted) run_pairing("-Oi client", endpoint, run_oi, sequence);
#endif
    run_pairing("inline client", endpoint, run_inline, sequence);
    handle_t h = bind(endpoint, sequence);
    pairing = "leaves";
    CHECK(interpreted ? open_interpreted(h, 4711) : open_inline(h, 4711));
    printf("%d checks, %d failures\n", checks, failures);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), failures != 0);  // with an open handle
    return 2;
}

#ifdef _WIN64
#define THIRD "NdrClientCall3"
static void run_third(handle_t h) { run_all(h); }
#else
#define THIRD "-Oi"
static void run_third(handle_t h) { run_oi(h); }
#endif

int main(int argc, char** argv) {
    wchar_t endpoint[64];
    if (argc == 3 && !strcmp(argv[1], "leave")) {
        swprintf(endpoint, 64, L"%hs", argv[2]);
        return leave(endpoint);
    }
    if (argc == 4 && !strcmp(argv[2], "serve")) return serve(argv[1], argv[3]);
    if (argc == 4 && (!strcmp(argv[3], "drive") || !strncmp(argv[3], "drive-inline", 12)))
        return drive(argv[1], argv[2], !strcmp(argv[3], "drive"), strcmp(argv[3], "drive-inline-Oi"));
    swprintf(endpoint, 64, L"stubs-test-%lu", GetCurrentProcessId());
    wchar_t protocol[] = L"ncalrpc";
    RPC_STATUS status = RpcServerUseProtseqEpW((RPC_WSTR)protocol, 10, (RPC_WSTR)endpoint, nullptr);
    if (status) return printf("no endpoint: %ld\n", status), 1;
    struct {
        RPC_IF_HANDLE interface_handle;
        const char* names[3];
    } servers[] = {
        {Oicf_s_stubs_v1_0_s_ifspec,
         {"interpreted client, interpreted server", "inline client, interpreted server", THIRD " client, interpreted server"}},
        {Os_s_stubs_v1_0_s_ifspec,
         {"interpreted client, inline server", "inline client, inline server", THIRD " client, inline server"}},
#ifdef _WIN64
        {All_server_interface(),
         {"interpreted client, NdrServerCallAll", "inline client, NdrServerCallAll", THIRD " client, NdrServerCallAll"}},
#else
        {Oi_s_stubs_v1_0_s_ifspec, {"interpreted client, -Oi server", "inline client, -Oi server", THIRD " client, -Oi server"}},
#endif
    };
    for (int server = 0; server < (int)(sizeof servers / sizeof *servers); ++server) {
        status = RpcServerRegisterIf(servers[server].interface_handle, nullptr, nullptr);
        if (!status && server == 0) status = RpcServerListen(1, 100, TRUE);
        if (status) return printf("no server: %ld\n", status), 1;
        widl_leaves = server == 1;
        knows_ranges = sizeof(void*) == 8 || server != 2;
        run_pairing(servers[server].names[0], endpoint, run_interpreted);
        run_pairing(servers[server].names[1], endpoint, run_inline);
        run_pairing(servers[server].names[2], endpoint, run_third);
        if (server == 0) check_rundown(endpoint);
        RpcServerUnregisterIf(servers[server].interface_handle, nullptr, TRUE);
    }
    printf("%d checks, %d failures\n", checks, failures);
    return failures != 0;
}
