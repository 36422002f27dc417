// Processes of their own that cases start: see child.h.
#include "child.h"
#include "runner.h"
#include "support/threads.h"
#include <memory>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vector>

static int serve() {
    if (!srv::start()) {
        printf("no server: %s\n", srv::why().c_str());
        return 1;
    }
    printf("ready %lu %u\n", GetCurrentProcessId(), srv::tcp_port());
    fflush(stdout);
    run_detached([] {
        if (!srv::wait_parked(Child::watched_key, nullptr, INFINITE)) return;
        puts("parked");
        fflush(stdout);
    });
    char byte;
    DWORD got = 0;
    (void)ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &got, nullptr);
    return 0;
}

static int hold(int argc, char** argv) {
    if (argc != 5) return 2;
    const auto protocol = static_cast<srv::Protocol>(atoi(argv[2]));
    handle_t binding = srv::bind_other(protocol, atoi(argv[0]), atoi(argv[1]));
    std::vector<std::unique_ptr<srv::Call>> calls;
    bool ok = binding;
    for (long i = 0; ok && i < atol(argv[3]); ++i) {
        calls.push_back(std::make_unique<srv::Call>());
        ok = calls.back()->hold(binding, atol(argv[4]) + i) == 0;
    }
    printf(ok ? "ready %lu 0\n" : "failed\n", GetCurrentProcessId());
    fflush(stdout);
    char byte;
    DWORD got = 0;
    (void)ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &got, nullptr);
    return ok ? 0 : 1;
}

int play_role(const char* name, int argc, char** argv) {
    die_quietly_of_crashes();
    if (!strcmp(name, "server")) return serve();
    if (!strcmp(name, "client")) return hold(argc, argv);
    fprintf(stderr, "no such role: %s\n", name);
    return 2;
}
