// async_stubs_server lrpc|np|tcp [--async|--sync [--builtin]]: serves tests/stubs' interface by the generated
// asynchronous stubs, or by synchronous ones. Ends when its client's end has run down the context handle that the
// client left open.
#include "stubs.h"
#include "stubs/programs/common.h"

static HANDLE run_down;

extern "C" {
extern RPC_IF_HANDLE sync_s_stubs_v1_0_s_ifspec;

void __RPC_USER Context_rundown(Context context) {
    last_rundown = *static_cast<LONG*>(context);
    HeapFree(GetProcessHeap(), 0, context);
    InterlockedIncrement(&rundowns);
    SetEvent(run_down);
}
}

int main(int argc, char** argv) {
    const bool sync = argc > 2 && !strcmp(argv[2], "--sync");
    pairing = sync ? "synchronous server" : "asynchronous server";
    char sequence[16], endpoint[64];
    const bool tcp = argc > 1 && !strcmp(argv[1], "tcp"), np = argc > 1 && !strcmp(argv[1], "np");
    strcpy(sequence, tcp ? "ncacn_ip_tcp" : np ? "ncacn_np" : "ncalrpc");
    if (tcp) {
        snprintf(endpoint, sizeof endpoint, "%lu", 20000 + GetCurrentProcessId() % 20000);
    } else {
        snprintf(endpoint, sizeof endpoint, "%sasync-stubs-%lu", np ? "\\pipe\\" : "", GetCurrentProcessId());
    }
    run_down = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    RPC_STATUS status =
        RpcServerUseProtseqEpA(reinterpret_cast<RPC_CSTR>(sequence), 10, reinterpret_cast<RPC_CSTR>(endpoint), nullptr);
    if (!status)
        status = RpcServerRegisterIf(sync ? sync_s_stubs_v1_0_s_ifspec : s_stubs_v1_0_s_ifspec, nullptr, nullptr);
    if (!status) status = RpcServerListen(1, 100, TRUE);
    if (status) return printf("no server: %ld\n", status), 1;
    printf("ready %s %s\n", sequence, endpoint);
    fflush(stdout);
    CHECK(WaitForSingleObject(run_down, 60000) == WAIT_OBJECT_0);
    CHECK(rundowns == 1 && last_rundown == 4711);
    if (argc <= 3 || strcmp(argv[3], "--builtin")) CHECK(allocations == 0);  // Wine's own loses some
    printf("%s: %d checks, %d failures\n", pairing, checks, failures);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), failures != 0);
    return 1;
}
