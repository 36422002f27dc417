#include "base/error_record.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/os.h"

namespace rpc {
namespace {

TEST(ErrorRecord, IsOfThisProcessAndMoment) {
    clear_thread_errors();
    const uint64_t before = os::system_time();
    note_error(ErrorComponent::runtime, 1722, detected::bind_refused, {7u, std::string_view("h\xc3\xb6st")});
    const ErrorChain* chain = thread_errors(false);
    ASSERT_TRUE(chain && chain->size() == 1);
    const ErrorRecord& r = *(*chain)[0];
    EXPECT_EQ(r.component, 2u);
    EXPECT_EQ(r.status, 1722u);
    EXPECT_EQ(r.location, 701u);
    EXPECT_EQ(r.process_id, os::process_id());
    EXPECT_GE(r.time, before);
    EXPECT_LE(r.time, os::system_time());
    ASSERT_EQ(r.param_count, 2);
    EXPECT_EQ(r.params[0].number, 7u);
    ASSERT_EQ(r.params[1].type, ErrorParamType::utf16);
    ASSERT_EQ(r.params[1].text.size(), 5 * sizeof(char16_t));
    EXPECT_EQ(memcmp(r.params[1].text.data(), u"h\u00f6st", 5 * sizeof(char16_t)), 0);
}

TEST(ErrorRecord, TheChainIsItsThreads) {
    clear_thread_errors();
    note_error(ErrorComponent::runtime, 1, 0);
    size_t others = 99;
    std::thread([&] {
        others = thread_errors(false) ? 1 : 0;
        note_error(ErrorComponent::runtime, 2, 0);
        note_error(ErrorComponent::runtime, 3, 0);
    }).join();
    EXPECT_EQ(others, 0u);
    ASSERT_EQ(thread_errors(false)->size(), 1u);
    ErrorChain taken = take_thread_errors();
    EXPECT_EQ(taken.size(), 1u);
    EXPECT_TRUE(thread_errors(false)->empty());
    set_thread_errors(std::move(taken));
    EXPECT_EQ(thread_errors(false)->size(), 1u);
    set_thread_errors({});
    EXPECT_TRUE(thread_errors(false)->empty());
}

TEST(ErrorRecord, WithoutMemoryNothingIsNoted) {
    take_thread_errors();
    for (long n = 1;; ++n) {
        mem_fail_nth(n);
        note_error(ErrorComponent::runtime, 1, 0, {std::string_view("text")});
        const bool pending = mem_fail_nth_pending();
        mem_fail_nth(0);
        if (pending) break;
        EXPECT_TRUE(!thread_errors(false) || thread_errors(false)->empty());
    }
    EXPECT_EQ(thread_errors(false)->size(), 1u);
}

}  // namespace
}  // namespace rpc
