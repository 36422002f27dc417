// io_pe                       every test over every protocol
// io_pe -t TEXT               those whose name contains TEXT
// io_pe bench [PROTOCOL]      round trips and throughput, beside a bare loop over the same system calls
// io_pe die | serve P E       the other side of some tests
#include <cstdlib>

#include "io/completion_port_win.h"
#include "peers.h"

void bench(const char* protocol);

static int die(const Protocol& protocol, const char* endpoint) {
    Ref<Stream> s = connect(protocol, endpoint);
    if (!s || failed(send(*s, "x")) || receive(*s, 1) != "x") return 1;
    TerminateProcess(GetCurrentProcess(), 77);
    return 1;
}

static int serve(const Protocol& protocol, const char* endpoint) {
    EchoServer server(protocol, endpoint);
    if (failed(server.listened)) return 1;
    Sleep(600000);
    return 0;
}

static void run(const Test& test, const Protocol& protocol, const char* label, int& total, int& bad) {
    const LONG before = Test::failures;
    const ULONGLONG began = GetTickCount64();
    test.run(protocol);
    const bool passed = Test::failures == before;
    printf("%-6s %s %s (%u ms)\n", passed ? "ok" : "FAILED", label, test.name,
           static_cast<unsigned>(GetTickCount64() - began));
    fflush(stdout);
    ++total;
    bad += !passed;
}

int main(int argc, char** argv) {
    setvbuf(stdout, nullptr, _IONBF, 0);
    std::string_view command = argc > 1 ? argv[1] : "";
    if (command == "bench") return bench(argc > 2 ? argv[2] : nullptr), 0;
    if (argc > 3) {
        const Protocol* protocol = find_protocol(argv[2]);
        if (!protocol) return 2;
        return command == "die" ? die(*protocol, argv[3]) : serve(*protocol, argv[3]);
    }
    const char* only = command == "-t" && argc > 2 ? argv[2] : "";
    int total = 0, bad = 0;
    Test* in_order = nullptr;
    while (Test* t = Test::first) {
        Test::first = t->next;
        t->next = in_order;
        in_order = t;
    }
    for (Test* t = in_order; t; t = t->next) {
        if (!strstr(t->name, only)) continue;
        if (!t->per_protocol) run(*t, *protocol_at(0), "-", total, bad);
        // A protocol for clients alone has tests of its own, with the server that it needs.
        for (size_t i = 0; t->per_protocol && protocol_at(i); ++i)
            if (protocol_at(i)->listen) run(*t, *protocol_at(i), protocol_at(i)->name, total, bad);
    }
    printf("%d tests, %d failed, %u pool threads at the end\n", total, bad, rpc::io::executor_threads());
    return total == 0 || bad != 0;
}
