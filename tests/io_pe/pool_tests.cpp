// The threads of the pool.
#include "io/completion_port_win.h"
#include "peers.h"

struct Blocker final : Work {
    void run() override {
        ++running;
        WaitForSingleObject(go, 30000);
        --running;
    }
    static inline HANDLE go = nullptr;
    static inline std::atomic<int> running{0};
};

ONCE(blocked_work_starves_nobody) {
    CHECK_STATUS(start_executor(), Status::ok);
    Blocker::go = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    static Blocker blockers[100];
    for (Blocker& b : blockers) submit(b);
    for (int i = 0; i < 1500 && Blocker::running < 100; ++i) Sleep(10);
    CHECK(Blocker::running == 100);
    CHECK(executor_threads() >= 101);
    SetEvent(Blocker::go);
    for (int i = 0; i < 1500 && Blocker::running != 0; ++i) Sleep(10);
    CHECK(Blocker::running == 0);
}

struct ShortWork final : Work {
    void run() override { ++runs; }
    static inline std::atomic<int> runs{0};
};

// A crowd of short work puts several threads at the port, which then run what comes without calling another first: when it
// blocks, all the same nobody waits for it.
ONCE(work_that_blocks_in_a_crowd_starves_nobody) {
    CHECK_STATUS(start_executor(), Status::ok);
    static ShortWork briefs[3000];
    for (ShortWork& b : briefs) submit(b);
    for (int i = 0; i < 1500 && ShortWork::runs < 3000; ++i) Sleep(10);
    CHECK(ShortWork::runs == 3000);
    Blocker::go = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    static Blocker blockers[60];
    for (Blocker& b : blockers) submit(b);
    for (int i = 0; i < 1500 && Blocker::running < 60; ++i) Sleep(10);
    CHECK(Blocker::running == 60);
    SetEvent(Blocker::go);
    for (int i = 0; i < 1500 && Blocker::running != 0; ++i) Sleep(10);
    CHECK(Blocker::running == 0);
}

// Threads that were started for blocked work serve again: ordinary traffic needs no further ones.
ONCE(idle_threads_serve_again) {
    const Protocol* protocol = protocol_at(0);
    EchoServer server(*protocol);
    NEED(server.acceptor);
    std::vector<Ref<Stream>> clients;
    for (int i = 0; i < 30; ++i) clients.push_back(connect(*protocol, server.endpoint()));
    const unsigned before = executor_threads();
    for (int round = 0; round < 3; ++round)
        for (Ref<Stream>& s : clients) CHECK(s && !failed(send(*s, "x")) && receive(*s, 1) == "x");
    CHECK(executor_threads() <= before + 2);
    CHECK(server.ends == 0);
}
