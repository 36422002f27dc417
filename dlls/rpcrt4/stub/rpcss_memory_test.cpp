#include "stub/rpcss_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>

#include "stub/fake_runtime.h"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"

namespace rpc::stub {
namespace {

using test::Bytes;
using test::Header;
using test::Interface;
using test::procedure;

void* allocate(size_t size) {
    void* memory = nullptr;
    EXPECT_EQ(rpcss::allocate(size, memory), Status::ok);
    return memory;
}

// Every test on a thread of its own: the state of a thread is what is tested. Leaks and double frees are the
// sanitizer's.
template <class F>
void on_a_thread(F f) {
    std::thread(f).join();
}

TEST(RpcSsMemory, NothingWithoutAnEnvironment) {
    on_a_thread([] {
        void* memory = &memory;
        EXPECT_EQ(rpcss::allocate(1, memory), Status::invalid_arg);
        EXPECT_EQ(memory, nullptr);
        EXPECT_EQ(rpcss::free(&memory), Status::invalid_arg);
        EXPECT_EQ(rpcss::free(nullptr), Status::ok);
        void* handle = &handle;
        EXPECT_EQ(rpcss::thread_handle(handle), Status::ok);
        EXPECT_EQ(handle, nullptr);
        rpcss::disable();
    });
}

TEST(RpcSsMemory, FreesByItselfAndByDisable) {
    on_a_thread([] {
        ASSERT_EQ(rpcss::enable(), Status::ok);
        void* blocks[300];
        for (int i = 0; i < 300; ++i) {
            blocks[i] = allocate(static_cast<size_t>(i));
            EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks[i]) % 16, 0u);
            std::memset(blocks[i], i, static_cast<size_t>(i));
        }
        for (int i = 0; i < 300; i += 2) EXPECT_EQ(rpcss::free(blocks[i]), Status::ok);
        EXPECT_EQ(rpcss::free(blocks[0]), Status::invalid_arg) << "twice";
        int foreign = 0;
        EXPECT_EQ(rpcss::free(&foreign), Status::invalid_arg);
        EXPECT_EQ(static_cast<uint8_t*>(blocks[299])[298], 299 - 256);
        rpcss::disable();
        EXPECT_EQ(rpcss::free(blocks[1]), Status::invalid_arg);
    });
}

TEST(RpcSsMemory, PairsNest) {
    on_a_thread([] {
        ASSERT_EQ(rpcss::enable(), Status::ok);
        ASSERT_EQ(rpcss::enable(), Status::ok);
        auto* memory = static_cast<char*>(allocate(4));
        rpcss::disable();
        std::memcpy(memory, "abc", 4);
        EXPECT_NE(allocate(1), nullptr);
        rpcss::disable();
        void* more;
        EXPECT_EQ(rpcss::allocate(1, more), Status::invalid_arg);
    });
}

TEST(RpcSsMemory, SizesThatCannotBe) {
    on_a_thread([] {
        ASSERT_EQ(rpcss::enable(), Status::ok);
        void* memory;
        EXPECT_EQ(rpcss::allocate(SIZE_MAX, memory), Status::out_of_memory);
        EXPECT_EQ(rpcss::allocate(SIZE_MAX - 8, memory), Status::out_of_memory);
        rpcss::disable();
    });
}

TEST(RpcSsMemory, ThreadsShareByHandle) {
    on_a_thread([] {
        ASSERT_EQ(rpcss::enable(), Status::ok);
        void* handle = nullptr;
        ASSERT_EQ(rpcss::thread_handle(handle), Status::ok);
        ASSERT_NE(handle, nullptr);
        void *theirs = nullptr, *mine = allocate(8);
        on_a_thread([&] {
            ASSERT_EQ(rpcss::set_thread_handle(handle), Status::ok);
            void* same = nullptr;
            EXPECT_EQ(rpcss::thread_handle(same), Status::ok);
            EXPECT_EQ(same, handle);
            theirs = allocate(8);
            EXPECT_EQ(rpcss::free(mine), Status::ok);
        });
        std::memset(theirs, 1, 8);  // outlives the thread that allocated it
        EXPECT_EQ(rpcss::free(theirs), Status::ok);
        rpcss::disable();
        EXPECT_EQ(rpcss::set_thread_handle(handle), Status::invalid_arg) << "ended";
        int foreign = 0;
        EXPECT_EQ(rpcss::set_thread_handle(&foreign), Status::invalid_arg);
    });
}

TEST(RpcSsMemory, SharersFindAnEndedEnvironmentGone) {
    on_a_thread([] {
        ASSERT_EQ(rpcss::enable(), Status::ok);
        void* handle = nullptr;
        ASSERT_EQ(rpcss::thread_handle(handle), Status::ok);
        on_a_thread([&] {
            ASSERT_EQ(rpcss::set_thread_handle(handle), Status::ok);
            rpcss::disable();
        });
        void* memory;
        EXPECT_EQ(rpcss::allocate(1, memory), Status::invalid_arg);
        ASSERT_EQ(rpcss::enable(), Status::ok) << "one of its own";
        EXPECT_NE(allocate(1), nullptr);
        rpcss::disable();
    });
}

TEST(RpcSsMemory, SavedAndRestored) {
    on_a_thread([] {
        ASSERT_EQ(rpcss::enable(), Status::ok);
        void *saved = nullptr, *memory = allocate(4);
        ASSERT_EQ(rpcss::thread_handle(saved), Status::ok);
        ASSERT_EQ(rpcss::set_thread_handle(nullptr), Status::ok);
        ASSERT_EQ(rpcss::enable(), Status::ok);
        void* other = nullptr;
        ASSERT_EQ(rpcss::thread_handle(other), Status::ok);
        EXPECT_NE(other, saved);
        EXPECT_EQ(rpcss::free(memory), Status::invalid_arg);
        rpcss::disable();
        ASSERT_EQ(rpcss::set_thread_handle(saved), Status::ok);
        EXPECT_EQ(rpcss::free(memory), Status::ok);
        rpcss::disable();
    });
}

TEST(RpcSsMemory, AThreadThatEndsFreesWhatNobodyShares) {
    on_a_thread([] {
        ASSERT_EQ(rpcss::enable(), Status::ok);
        void* handle = nullptr;
        ASSERT_EQ(rpcss::thread_handle(handle), Status::ok);
        (void)allocate(100);
    });
}

TEST(RpcSsMemory, ManyThreadsOneEnvironment) {
    on_a_thread([] {
        ASSERT_EQ(rpcss::enable(), Status::ok);
        void* handle = nullptr;
        ASSERT_EQ(rpcss::thread_handle(handle), Status::ok);
        auto work = [&] {
            ASSERT_EQ(rpcss::set_thread_handle(handle), Status::ok);
            for (int i = 0; i < 1000; ++i) {
                void* memory = allocate(16);
                std::memset(memory, i, 16);
                if (i % 3) EXPECT_EQ(rpcss::free(memory), Status::ok);
            }
        };
        std::thread a(work), b(work), c(work);
        a.join(), b.join(), c.join();
        rpcss::disable();
    });
}

// --- client routines ------------------------------------------------------------------------------------------------

long client_blocks;
void* count_allocate(size_t size) {
    return ++client_blocks, std::malloc(size);
}
void count_free(void* p) {
    --client_blocks, std::free(p);
}

TEST(RpcSsMemory, ClientRoutines) {
    on_a_thread([] {
        rpcss::Allocate old_allocate = nullptr;
        rpcss::Free old_free = nullptr;
        EXPECT_EQ(rpcss::swap_client_alloc_free(nullptr, count_free, nullptr, nullptr), Status::invalid_arg);
        EXPECT_EQ(rpcss::swap_client_alloc_free(count_allocate, nullptr, nullptr, nullptr), Status::invalid_arg);
        void* heap = rpcss::client_allocate(8);  // by default the heap's
        ASSERT_EQ(rpcss::swap_client_alloc_free(count_allocate, count_free, &old_allocate, &old_free), Status::ok);
        old_free(heap);
        void* mine = rpcss::client_allocate(8);
        EXPECT_EQ(client_blocks, 1);
        rpcss::client_free(mine);
        EXPECT_EQ(client_blocks, 0);
        rpcss::Allocate mine_allocate = nullptr;
        rpcss::Free mine_free = nullptr;
        ASSERT_EQ(rpcss::swap_client_alloc_free(old_allocate, old_free, &mine_allocate, &mine_free), Status::ok);
        EXPECT_EQ(mine_allocate, count_allocate);
        EXPECT_EQ(mine_free, count_free);
        heap = rpcss::client_allocate(8);
        // Where the package is enabled, its own pair; memory from before goes back where it came from.
        ASSERT_EQ(rpcss::enable(), Status::ok);
        void* there = rpcss::client_allocate(8);
        EXPECT_EQ(rpcss::free(there), Status::ok);
        rpcss::client_free(heap);
        rpcss::client_free(nullptr);
        (void)rpcss::client_allocate(8);  // disable frees it
        rpcss::disable();
        EXPECT_EQ(client_blocks, 0);
    });
}

TEST(RpcSsMemory, StubMessages) {
    on_a_thread([] {
        MIDL_STUB_MESSAGE message{};
        rpcss::sensitize_client(message);
        EXPECT_EQ(message.pfnAllocate, nullptr) << "disabled: the stub's own";
        ASSERT_EQ(rpcss::enable_for(message), Status::ok);
        void* memory = message.pfnAllocate(5);
        EXPECT_NE(memory, nullptr);
        message.pfnFree(memory);
        int foreign = 0;
        message.pfnFree(&foreign);  // a manager's own memory stays its own
        MIDL_STUB_MESSAGE client{};
        rpcss::sensitize_client(client);
        EXPECT_EQ(client.pfnAllocate, &rpcss::client_allocate);
        rpcss::disable();
        EXPECT_EQ(message.pfnAllocate(5), nullptr);
    });
}

TEST(RpcSsMemory, EveryAllocationFailsOnce) {
    on_a_thread([] {
        bool left = true;
        for (long n = 1; left; ++n) {
            ASSERT_LT(n, 100);
            mem_fail_nth(n);
            void* handle = nullptr;
            Status s = rpcss::enable();
            if (!failed(s)) {
                for (int i = 0; i < 20 && !failed(s); ++i) {
                    void* memory = nullptr;
                    s = rpcss::allocate(10, memory);
                    EXPECT_EQ(memory == nullptr, failed(s));
                }
                if (!failed(s)) s = rpcss::thread_handle(handle);
            }
            left = mem_fail_nth_pending();
            mem_fail_nth(0);
            EXPECT_TRUE(s == Status::out_of_memory || s == Status::ok) << code(s);
            rpcss::disable();
        }
    });
}

// --- the interpreter ------------------------------------------------------------------------------------------------

// int32_t f([in, out, string, unique] char** text): the manager replaces the text by one of its own, reversed.
constexpr uint16_t string_type = 2;
const Bytes types{0x5b, 0x5c, 0x12, 0x00, 0x02, 0x00, 0x22, 0x5c};  // FC_UP to FC_C_CSTRING

void* environment_seen;
int32_t replace(void*, char** text) {
    EXPECT_EQ(rpcss::thread_handle(environment_seen), Status::ok);
    EXPECT_NE(environment_seen, nullptr);
    void* memory = nullptr;
    EXPECT_EQ(rpcss::allocate(64, memory), Status::ok);
    std::string reversed(*text);
    std::reverse(reversed.begin(), reversed.end());
    *text = std::strcpy(static_cast<char*>(memory), reversed.c_str());
    (void)allocate(1000);                    // for the stub to free
    EXPECT_EQ(rpcss::enable(), Status::ok);  // and not disabled again
    return 5;
}

RPC_ASYNC_STATE* parked;
char** parked_text;
void replace_async(RPC_ASYNC_STATE* async, void* handle, char** text) {
    (void)replace(handle, text);
    parked = async;
    parked_text = text;
}

Header header(uint8_t opt_flags, uint16_t slots, uint8_t handle_slot) {
    Header h;
    h.oi_flags = 0x48 | 0x02;  // Oi_RPCSS_ALLOC_USED
    h.slots = slots;
    h.explicit_handle = {0x32, 0, handle_slot, 0};
    h.opt_flags = opt_flags;
    return h;
}

class RpcSsCall : public testing::Test {
protected:
    RpcSsCall() : face(types) {
        face.add(procedure(0, header(0x44, 3, 0), {{0x201b, 1, string_type}, {0x70, 2, 8}}), &replace);
        face.add(procedure(1, header(0xc4, 4, 1), {{0x201b, 2, string_type}, {0x70, 3, 8}}), &replace_async);
        fake::server = fake::Server();
        fake::server.face = face.face();
        fake::server.dispatch = server_call;
        Interface::allocations() = 0;
        text = static_cast<char*>(face.desc().pfnAllocate(4));
        std::memcpy(text, "abc", 4);
        state.Size = sizeof state;
        state.Signature = 0x43595341;
    }
    ~RpcSsCall() override {
        face.desc().pfnFree(text);
        EXPECT_EQ(Interface::allocations(), 0);
        EXPECT_EQ(fake::calls_alive, 0);
    }
    Status call() {
        Slot args[] = {reinterpret_cast<Slot>(&fake::binding), reinterpret_cast<Slot>(&text)};
        return client_call(face.desc(), face.format(0), args, result);
    }

    Interface face;
    char* text;
    uint64_t result = 0;
    RPC_ASYNC_STATE state{};
};

TEST_F(RpcSsCall, ManagersHaveAnEnvironmentThatEndsWithTheCall) {
    ASSERT_EQ(call(), Status::ok);
    EXPECT_EQ(result, 5u);
    EXPECT_STREQ(text, "cba");
    EXPECT_EQ(rpcss::set_thread_handle(environment_seen), Status::invalid_arg);
    void* handle = &handle;
    EXPECT_EQ(rpcss::thread_handle(handle), Status::ok);
    EXPECT_EQ(handle, nullptr);
}

TEST_F(RpcSsCall, TheThreadsOwnEnvironmentComesBack) {
    ASSERT_EQ(rpcss::enable(), Status::ok);
    void *before = nullptr, *after = nullptr;
    ASSERT_EQ(rpcss::thread_handle(before), Status::ok);
    char* sensitive = static_cast<char*>(allocate(4));
    std::memcpy(sensitive, "abc", 4);
    std::swap(text, sensitive);
    ASSERT_EQ(call(), Status::ok);  // the client half allocates where its thread's package is enabled
    EXPECT_NE(environment_seen, before);
    ASSERT_EQ(rpcss::thread_handle(after), Status::ok);
    EXPECT_EQ(after, before);
    EXPECT_STREQ(text, "cba");
    EXPECT_EQ(rpcss::free(text), Status::ok);
    text = sensitive;
    rpcss::disable();
}

TEST_F(RpcSsCall, AnAsynchronousCallTakesItsEnvironmentToWhereItEnds) {
    fake::server.dispatch = async_server_call;
    Slot args[] = {reinterpret_cast<Slot>(&state), reinterpret_cast<Slot>(&fake::binding),
                   reinterpret_cast<Slot>(&text)};
    ASSERT_EQ(async_client_call(face.desc(), face.format(1), args), Status::ok);
    void* handle = &handle;
    EXPECT_EQ(rpcss::thread_handle(handle), Status::ok);
    EXPECT_EQ(handle, nullptr) << "the dispatching thread has its own back";
    EXPECT_STREQ(*parked_text, "cba");
    on_a_thread([] {
        int32_t answer = 6;
        EXPECT_EQ(fake::complete(parked, &answer), Status::ok);
    });
    int32_t answer = 0;
    ASSERT_EQ(fake::complete(&state, &answer), Status::ok);
    EXPECT_EQ(answer, 6);
    EXPECT_STREQ(text, "cba");
    EXPECT_EQ(rpcss::set_thread_handle(environment_seen), Status::invalid_arg);
}

TEST_F(RpcSsCall, AnAbortedCallFreesItToo) {
    fake::server.dispatch = async_server_call;
    Slot args[] = {reinterpret_cast<Slot>(&state), reinterpret_cast<Slot>(&fake::binding),
                   reinterpret_cast<Slot>(&text)};
    ASSERT_EQ(async_client_call(face.desc(), face.format(1), args), Status::ok);
    ASSERT_EQ(fake::abort(parked, Status(1234)), Status::ok);
    EXPECT_EQ(fake::complete(&state, nullptr), Status(1234));
    EXPECT_EQ(rpcss::set_thread_handle(environment_seen), Status::invalid_arg);
}

TEST_F(RpcSsCall, BadRequestsLeaveNothing) {
    Bytes bad{1, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 'a', 'b', 'c', 0};
    fake::server.replace_request = &bad;
    EXPECT_NE(call(), Status::ok);
    fake::server.dispatch = async_server_call;
    Slot args[] = {reinterpret_cast<Slot>(&state), reinterpret_cast<Slot>(&fake::binding),
                   reinterpret_cast<Slot>(&text)};
    ASSERT_EQ(async_client_call(face.desc(), face.format(1), args), Status::ok);
    EXPECT_NE(fake::complete(&state, nullptr), Status::ok);
    void* handle = &handle;
    EXPECT_EQ(rpcss::thread_handle(handle), Status::ok);
    EXPECT_EQ(handle, nullptr);
}

TEST_F(RpcSsCall, EveryAllocationFailsOnce) {
    for (bool left = true; left;) {
        static long n = 0;
        ASSERT_LT(++n, 100);
        char* before = text;
        // The manager's own checks are of the good case.
        face.info().DispatchTable = nullptr;
        static const SERVER_ROUTINE quiet[] = {reinterpret_cast<SERVER_ROUTINE>(+[](void*, char** t) {
            void* memory = nullptr;
            Status s = rpcss::allocate(8, memory);
            if (failed(s)) return 0;
            std::strcpy(static_cast<char*>(memory), "xyz");
            *t = static_cast<char*>(memory);
            return 1;
        })};
        face.info().DispatchTable = quiet;
        mem_fail_nth(n);
        Status s = call();
        left = mem_fail_nth_pending();
        mem_fail_nth(0);
        EXPECT_TRUE(s == Status::ok || s == Status::out_of_memory) << code(s);
        EXPECT_EQ(text, before);
    }
}

}  // namespace
}  // namespace rpc::stub
