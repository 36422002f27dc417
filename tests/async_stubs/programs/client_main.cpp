// async_stubs_client SEQUENCE ENDPOINT [--sync|--builtin]: every kind of parameter through the generated asynchronous
// stubs, or through widl's own ones, to the server that async_stubs_server is.
#include <string>
#include "client.h"

int main(int argc, char** argv) {
    if (argc < 3) return printf("async_stubs_client SEQUENCE ENDPOINT [--sync|--builtin]\n"), 2;
    const bool sync = argc > 3 && !strcmp(argv[3], "--sync");
    const bool builtin = argc > 3 && !strcmp(argv[3], "--builtin");
    pairing = sync ? "synchronous client" : "asynchronous client";
    RPC_CSTR text = nullptr;
    handle_t h = nullptr;
    RPC_STATUS status = RpcStringBindingComposeA(nullptr, reinterpret_cast<RPC_CSTR>(argv[1]), nullptr,
                                                 reinterpret_cast<RPC_CSTR>(argv[2]), nullptr, &text);
    if (!status) status = RpcBindingFromStringBindingA(text, &h);
    if (status) return printf("no binding: %ld\n", status), 1;
    const unsigned raised = guarded([&] { sync ? run_sync(h) : run_async(h, builtin); }).raised;
    if (raised) {
        ++failures;
        printf("FAIL %s: raised %u\n", pairing, raised);
    }
    RpcStringFreeA(&text);
    RpcBindingFree(&h);
    CHECK(allocations == 0);
    printf("%s: %d checks, %d failures\n", pairing, checks, failures);
    fflush(stdout);
    // The end of the process runs the open context handle down.
    TerminateProcess(GetCurrentProcess(), failures != 0);
    return 1;
}
