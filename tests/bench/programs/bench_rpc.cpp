// bench_rpc serve rpc|raw lrpc|np|tcp            prints "ready ENDPOINT", serves until a client says quit
// bench_rpc drive rpc|raw lrpc|np|tcp ENDPOINT   a client that takes commands, one a line, and answers each with a line
// bench_rpc smoke rpc|raw                        both in one process: every operation a few times, over every protocol
// bench_rpc allocations rpc                      likewise: that calls of base types make none
//
// Commands:  run OP COUNT CLIENTS    makes COUNT calls on each of CLIENTS connections: "took MICROSECONDS"
//            usage                   "usage" and threads, handles, heap bytes of the client, then of the server
//            count                   counts allocations of rpcrt4.dll from now on, on both sides: "counting"
//            allocations             "allocations CLIENT SERVER"
//            idle COUNT              COUNT clients connect and stay: "idle" and threads, memory in KiB of the server, before and
//                                    with them
//            busy COUNT WARM THEN    COUNT clients call without a pause for WARM + THEN milliseconds: "busy" and calls, lost
//                                    ones, the first one's failure, threads, handles and heap bytes of the server after WARM, and at the end
//            quit                    ends both
// A command that fails answers "failed STATUS". OP is null, echo, in or out.
#include "channel.h"
#include "load.h"
#include "usage.h"
#include "support/threads.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <algorithm>
#include <vector>

namespace bench {

struct Kind {
    const char* name;
    std::unique_ptr<Channel> (*connect)(const Endpoint&);
    bool (*serve)(Endpoint&);
};
static constexpr Kind kinds[] = {{"rpc", connect_rpc, serve_rpc}, {"raw", connect_raw, serve_raw}};

struct Operation {
    const char* name;
    Op op;
    long count;
};
static constexpr Operation operations[] = {
    {"null", Op::null, 0}, {"echo", Op::echo, kEcho}, {"in", Op::in, kBulk}, {"out", Op::out, kBulk}};

// One connection with its buffers.
struct Client {
    std::unique_ptr<Channel> channel;
    Pages in = make_pages(kBulk), out = make_pages(kBulk);
    unsigned failure = 0;

    Client() { memset(&in[0], 0x33, kBulk); }

    // Each call's answer is checked, as far as that costs nothing that could be measured.
    unsigned call(const Operation& o, Byte mark) {
        if (o.op == Op::echo) in[kEcho - 1] = mark;
        if (o.op == Op::out) out[kBulk - 1] = 0;
        if (const unsigned status = channel->call(o.op, o.count, &in[0], &out[0])) return status;
        if (o.op == Op::echo && memcmp(&in[0], &out[0], kEcho)) return ERROR_CRC;
        if (o.op == Op::out && !given(kBulk, &out[0])) return ERROR_CRC;
        return 0;
    }
    void run(const Operation& o, long count) {
        failure = 0;
        for (long i = 0; i < count && !failure; ++i) failure = call(o, static_cast<Byte>(i));
    }
};

class Driver {
public:
    Driver(const Kind& kind, const Endpoint& endpoint) : kind_(kind), endpoint_(endpoint) {}

    // Microseconds, or -1 with `status`.
    double run(const Operation& o, long count, int clients, unsigned* status) {
        while (static_cast<int>(clients_.size()) < clients) {
            auto client = std::make_unique<Client>();
            client->channel = kind_.connect(endpoint_);
            if (!client->channel) return *status = ERROR_CONNECTION_REFUSED, -1;
            if ((*status = client->call(operations[0], 0))) return -1;  // a binding connects at its first call
            clients_.push_back(std::move(client));
        }
        const double took = clients == 1 ? timed([&] { clients_[0]->run(o, count); }) : together(o, count, clients);
        for (int i = 0; i < clients; ++i)
            if ((*status = clients_[i]->failure)) return -1;
        return took;
    }
    Channel* any() {
        unsigned status;
        return run(operations[0], 1, 1, &status) < 0 ? nullptr : clients_[0]->channel.get();
    }

    unsigned idle(size_t count) {
        Crowd crowd;
        Channel* asking = any();
        long before[2], with[2];
        if (!asking) return ERROR_CONNECTION_REFUSED;
        unsigned status = inside(*asking, before);
        if (!status) status = gather(endpoint_, count, crowd);
        if (!status) status = inside(*asking, with);
        if (!status) printf("idle %ld %ld %ld %ld\n", before[0], before[1], with[0], with[1]);
        return status;
    }
    unsigned busy(size_t count, unsigned warm_up_ms, unsigned then_ms) {
        Crowd crowd;
        Endured e;
        Channel* asking = any();
        if (!asking) return ERROR_CONNECTION_REFUSED;
        unsigned status = gather(endpoint_, count, crowd);
        if (!status) status = endure(crowd, *asking, warm_up_ms, then_ms, e);
        if (!status)
            printf("busy %ld %ld %u %ld %ld %ld %ld %ld %ld\n", e.calls, e.lost, e.failure, e.early.threads, e.early.handles,
                   e.early.heap_bytes, e.late.threads, e.late.handles, e.late.heap_bytes);
        return status;
    }

private:
    static unsigned inside(Channel& asking, long (&threads_and_memory)[2]) {
        const unsigned status = asking.control(kThreads, &threads_and_memory[0]);
        return status ? status : asking.control(kMemory, &threads_and_memory[1]);
    }
    template <class Body>
    static double timed(Body body) {
        LARGE_INTEGER frequency, start, end;
        QueryPerformanceFrequency(&frequency);
        QueryPerformanceCounter(&start);
        body();
        QueryPerformanceCounter(&end);
        return (end.QuadPart - start.QuadPart) * 1e6 / frequency.QuadPart;
    }
    double together(const Operation& o, long count, int clients) {
        HANDLE go = CreateEventW(nullptr, TRUE, FALSE, nullptr);
        std::vector<HANDLE> threads;
        for (int i = 0; i < clients; ++i) {
            Client* client = clients_[i].get();
            threads.push_back(run_on_thread([=] {
                WaitForSingleObject(go, INFINITE);
                client->run(o, count);
            }));
        }
        Sleep(5);
        const double took = timed([&] {
            SetEvent(go);
            WaitForMultipleObjects(static_cast<DWORD>(threads.size()), threads.data(), TRUE, INFINITE);
        });
        for (HANDLE thread : threads) CloseHandle(thread);
        CloseHandle(go);
        return took;
    }
    const Kind& kind_;
    Endpoint endpoint_;
    std::vector<std::unique_ptr<Client>> clients_;
};

static unsigned show_usage(Channel* channel) {
    long server[3];
    for (long what : {kThreads, kHandles, kHeapBytes})
        if (const unsigned status = channel->control(what, &server[what])) return status;
    printf("usage %ld %ld %ld %ld %ld %ld\n", thread_count(), handle_count(), heap_bytes(), server[0], server[1],
           server[2]);
    return 0;
}
static unsigned show_allocations(Channel* channel) {
    long server;
    const long own = allocations();
    if (const unsigned status = channel->control(kAllocations, &server)) return status;
    printf("allocations %ld %ld\n", own, server);
    return 0;
}
static unsigned start_counting(Channel* channel) {
    long server;
    if (const unsigned status = channel->control(kCountAllocations, &server)) return status;
    if (!count_allocations() || !server) return ERROR_MOD_NOT_FOUND;
    printf("counting\n");
    return 0;
}

// The status of a command that is not quit.
static unsigned obey(Driver& driver, const char* line) {
    char op[16];
    long count;
    int clients;
    if (sscanf(line, "run %15s %ld %d", op, &count, &clients) == 3 && clients >= 1 && clients <= kClients) {
        for (const auto& o : operations) {
            if (strcmp(o.name, op)) continue;
            unsigned status = 0;
            const double took = driver.run(o, count, clients, &status);
            if (took >= 0) printf("took %.1f\n", took);
            return status;
        }
    }
    unsigned crowd, warm_up_ms, then_ms;
    if (sscanf(line, "idle %u", &crowd) == 1) return driver.idle(crowd);
    if (sscanf(line, "busy %u %u %u", &crowd, &warm_up_ms, &then_ms) == 3) return driver.busy(crowd, warm_up_ms, then_ms);
    Channel* channel = driver.any();
    if (!channel) return ERROR_CONNECTION_REFUSED;
    if (!strncmp(line, "usage", 5)) return show_usage(channel);
    if (!strncmp(line, "allocations", 11)) return show_allocations(channel);
    if (!strncmp(line, "count", 5)) return start_counting(channel);
    return ERROR_INVALID_FUNCTION;
}

static int drive(const Kind& kind, const Endpoint& endpoint) {
    Driver driver(kind, endpoint);
    char line[128];
    while (fgets(line, sizeof line, stdin)) {
        if (!strncmp(line, "quit", 4)) {
            long value;
            Channel* channel = driver.any();
            return channel && !channel->control(kStop, &value) ? 0 : 1;
        }
        if (const unsigned status = obey(driver, line)) printf("failed %u\n", status);
        fflush(stdout);
    }
    return 1;
}

static int serve(const Kind& kind, Endpoint endpoint) {
    stopped = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    if (!kind.serve(endpoint)) return 1;
    printf("ready %s\n", endpoint.name.c_str());
    fflush(stdout);
    WaitForSingleObject(stopped, INFINITE);
    Sleep(100);  // the answer to the quit is still on its way
    return 0;
}

// A call whose parameters are base types allocates on neither side, once its connection is warm. The least of several looks: threads of
// the pool that come and go allocate as well.
static bool allocates_nothing(Driver& driver) {
    if (!count_allocations()) return false;
    long least = LONG_MAX;
    for (int i = 0; i < 5 && least != 0; ++i) {
        const long before = allocations();
        unsigned status = 0;
        if (driver.run(operations[0], 200, 1, &status) < 0) return false;
        least = std::min(least, allocations() - before);
    }
    printf("%ld allocations in 200 calls\n", least);
    return least == 0;
}

// Client and server of every protocol in this process; the failures that `check` counts of each, and one for what cannot be served.
template <class Check>
static int over_every_protocol(const Kind& kind, Check check) {
    int failures = 0;
    stopped = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    for (const char* protocol : {"lrpc", "np", "tcp"}) {
        Endpoint endpoint{protocol, ""};
        if (!kind.serve(endpoint)) {
            ++failures;
            continue;
        }
        Driver driver(kind, endpoint);
        failures += check(driver, protocol);
    }
    printf("%d failures\n", failures);
    return failures ? 1 : 0;
}

static int check_allocations(const Kind& kind) {
    return over_every_protocol(kind, [](Driver& driver, const char*) {
        unsigned status = 0;
        return driver.run(operations[0], 200, 1, &status) < 0 || !allocates_nothing(driver) ? 1 : 0;
    });
}

static int smoke(const Kind& kind) {
    return over_every_protocol(kind, [&kind](Driver& driver, const char* protocol) {
        int failures = 0;
        for (const auto& o : operations) {
            for (int clients : {1, kClients}) {
                if (clients > 1 && o.count == kBulk) continue;
                unsigned status = 0;
                const bool ok = driver.run(o, 3, clients, &status) >= 0;
                printf("%s %s %s %s, %d at once: status %u\n", ok ? "ok    " : "FAILED", kind.name, protocol, o.name,
                       clients, status);
                failures += !ok;
            }
        }
        Channel* channel = driver.any();
        const bool usage = channel && !show_usage(channel);
        return failures + !usage;
    });
}

}  // namespace bench

int main(int argc, char** argv) {
    const bench::Kind* kind = nullptr;
    for (const auto& k : bench::kinds)
        if (argc > 2 && !strcmp(k.name, argv[2])) kind = &k;
    if (kind && argc == 3 && !strcmp(argv[1], "smoke")) return bench::smoke(*kind);
    if (kind && argc == 3 && !strcmp(argv[1], "allocations")) return bench::check_allocations(*kind);
    if (kind && argc == 4 && !strcmp(argv[1], "serve")) return bench::serve(*kind, {argv[3], ""});
    if (kind && argc == 5 && !strcmp(argv[1], "drive")) return bench::drive(*kind, {argv[3], argv[4]});
    fprintf(stderr, "usage: bench_rpc serve|drive|smoke|allocations rpc|raw [lrpc|np|tcp [ENDPOINT]]\n");
    return 2;
}
