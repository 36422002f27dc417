// Handles: styles, resets, user routines, memory that runs out.
#include <gtest/gtest.h>

#include "stub/pickle.h"
#include "stub/pickle_test_rig.h"

namespace rpc::stub::pickle {
namespace {

using namespace test;

struct User {
    alignas(8) char buffer[256];
    std::vector<uint8_t> stream;
    size_t at = 0;
    unsigned smaller = 0, shift = 0;
    std::vector<unsigned> calls;
};

void alloc(void* state, char** buffer, unsigned* size) {
    auto* u = static_cast<User*>(state);
    u->calls.push_back(*size);
    *buffer = u->shift == 99 ? nullptr : u->buffer + u->shift;
    *size -= u->smaller;
}
void write(void* state, char* buffer, unsigned size) {
    auto* u = static_cast<User*>(state);
    u->calls.push_back(size);
    u->stream.insert(u->stream.end(), buffer, buffer + size);
}
void read(void* state, char** buffer, unsigned* size) {
    auto* u = static_cast<User*>(state);
    u->calls.push_back(*size);
    if (*size > u->stream.size() - u->at) {
        *size = 0;
        return;
    }
    std::memcpy(u->buffer, u->stream.data() + u->at, *size);
    u->at += *size;
    *buffer = u->buffer + u->shift;
    *size -= u->smaller;
}

Simple value{1, 2, 'x', 3};

TEST(PickleHandle, ArgumentsAreChecked) {
    alignas(8) char buffer[64];
    char* pointer = buffer;
    ULong32 encoded = 0;
    void* handle = &handle;
    EXPECT_EQ(encode_fixed_buffer(nullptr, 64, &encoded, &handle), Status::invalid_arg);
    EXPECT_EQ(handle, nullptr);
    EXPECT_EQ(encode_fixed_buffer(buffer, 64, nullptr, &handle), Status::invalid_arg);
    EXPECT_EQ(encode_fixed_buffer(buffer, 64, &encoded, nullptr), Status::invalid_arg);
    EXPECT_EQ(encode_fixed_buffer(buffer + 4, 56, &encoded, &handle), invalid_buffer);
    EXPECT_EQ(decode_buffer(nullptr, 64, &handle), Status::invalid_arg);
    EXPECT_EQ(decode_buffer(buffer + 1, 8, &handle), invalid_buffer);
    EXPECT_EQ(decode_buffer(buffer, 0x80000000, &handle), Status::invalid_arg);
    EXPECT_EQ(encode_dynamic_buffer(nullptr, &encoded, &handle), Status::invalid_arg);
    EXPECT_EQ(encode_dynamic_buffer(&pointer, nullptr, &handle), Status::invalid_arg);
    EXPECT_EQ(encode_incremental(nullptr, nullptr, write, &handle), Status::invalid_arg);
    EXPECT_EQ(encode_incremental(nullptr, alloc, nullptr, &handle), Status::invalid_arg);
    EXPECT_EQ(decode_incremental(nullptr, nullptr, &handle), Status::invalid_arg);
    size_t size = 0;
    RPC_SYNTAX_IDENTIFIER id;
    for (void* none : {static_cast<void*>(nullptr), static_cast<void*>(buffer)}) {
        EXPECT_EQ(free_handle(none), Status::invalid_arg);
        EXPECT_EQ(type_encode(none, simple(), &value), Status::invalid_arg);
        EXPECT_EQ(type_decode(none, simple(), &value), Status::invalid_arg);
        EXPECT_EQ(type_align_size(none, simple(), &value, size), Status::invalid_arg);
        EXPECT_EQ(simple_align_size(none, size), Status::invalid_arg);
        EXPECT_EQ(encoding_id(none, &id, &encoded), Status::invalid_arg);
        EXPECT_EQ(reset_buffer(none, HandleStyle::fixed_buffer, Action::encode, &pointer, 64, &encoded),
                  Status::invalid_arg);
        EXPECT_EQ(reset_incremental(none, nullptr, alloc, write, read, Action::encode), Status::invalid_arg);
    }
    ASSERT_EQ(encode_fixed_buffer(buffer, 64, &encoded, &handle), Status::ok);
    void* freed = handle;
    EXPECT_EQ(encoding_id(handle, nullptr, &encoded), Status::invalid_arg);
    EXPECT_EQ(reset_incremental(handle, nullptr, alloc, write, read, Action::encode), Status::invalid_arg);
    EXPECT_EQ(reset_buffer(handle, HandleStyle::incremental, Action::encode, &pointer, 64, &encoded),
              Status::invalid_arg);
    EXPECT_EQ(reset_buffer(handle, HandleStyle(7), Action::encode, &pointer, 64, &encoded), Status::invalid_arg);
    EXPECT_EQ(reset_buffer(handle, HandleStyle::fixed_buffer, Action(3), &pointer, 64, &encoded), Status::invalid_arg);
    EXPECT_EQ(free_handle(handle), Status::ok);
    EXPECT_EQ(free_handle(freed), Status::invalid_arg);
}

TEST(PickleHandle, TheActionMustFit) {
    alignas(8) char buffer[64] = {};
    char* pointer = buffer;
    ULong32 encoded = 0;
    void* handle = nullptr;
    size_t size = 0;
    Simple got{};
    ASSERT_EQ(encode_fixed_buffer(buffer, 64, &encoded, &handle), Status::ok);
    EXPECT_EQ(type_decode(handle, simple(), &got), Status::invalid_es_action);
    EXPECT_EQ(simple_decode(handle, &got, 4), Status::invalid_es_action);
    ASSERT_EQ(type_encode(handle, simple(), &value), Status::ok);
    ASSERT_EQ(reset_buffer(handle, HandleStyle::fixed_buffer, Action::decode, &pointer, encoded, nullptr), Status::ok);
    EXPECT_EQ(type_encode(handle, simple(), &value), Status::invalid_es_action);
    EXPECT_EQ(type_align_size(handle, simple(), &value, size), Status::invalid_es_action);
    EXPECT_EQ(simple_align_size(handle, size), Status::invalid_es_action);
    EXPECT_EQ(type_decode(handle, simple(), &got), Status::ok);
    EXPECT_EQ(got.h, 3);
    ASSERT_EQ(reset_buffer(handle, HandleStyle::fixed_buffer, Action::encode_ndr64, &pointer, 64, &encoded),
              Status::ok);
    EXPECT_EQ(type_encode(handle, simple(), &value), Status::unsupported_trans_syn);
    EXPECT_EQ(free_handle(handle), Status::ok);
}

TEST(PickleHandle, AFixedBufferIsNeverOverrun) {
    ULong32 encoded = 77;
    for (size_t size = 0; size <= 32; ++size) {
        alignas(8) char buffer[40];
        std::memset(buffer, 0x55, sizeof buffer);
        void* handle = nullptr;
        ASSERT_EQ(encode_fixed_buffer(buffer, static_cast<ULong32>(size), &encoded, &handle), Status::ok);
        EXPECT_EQ(type_encode(handle, simple(), &value), size < 32 ? invalid_buffer : Status::ok) << size;
        for (size_t i = size; i < sizeof buffer; ++i) EXPECT_EQ(buffer[i], 0x55);
        if (size < 32) EXPECT_EQ(encoded, 77u);
        EXPECT_EQ(simple_encode(handle, &desc(), &value, 4), size < 16 || size == 32 ? invalid_buffer : Status::ok);
        EXPECT_EQ(free_handle(handle), Status::ok);
        encoded = 77;
    }
}

TEST(PickleHandle, ADynamicBufferGrows) {
    char* buffer = nullptr;
    ULong32 encoded = 0;
    void* handle = nullptr;
    ASSERT_EQ(encode_dynamic_buffer(&buffer, &encoded, &handle), Status::ok);
    EXPECT_EQ(buffer, nullptr);
    ASSERT_EQ(type_encode(handle, simple(), &value), Status::ok);
    EXPECT_EQ(encoded, 32u);
    int32_t number = 5;
    ASSERT_EQ(simple_encode(handle, &desc(), &number, 4), Status::ok);
    EXPECT_EQ(encoded, 40u);
    EXPECT_EQ(Heap::blocks, 1) << "the one before is given back";
    EXPECT_EQ(simple_encode(handle, nullptr, &number, 4), Status::invalid_arg) << "no allocator";
    char* whole = buffer;
    ASSERT_EQ(reset_buffer(handle, HandleStyle::dynamic_buffer, Action::encode, &buffer, 0, &encoded), Status::ok);
    ASSERT_EQ(simple_encode(handle, &desc(), &number, 4), Status::ok);
    EXPECT_EQ(encoded, 16u);
    EXPECT_NE(buffer, whole);
    EXPECT_EQ(Heap::blocks, 2) << "what was returned stays the caller's";
    Heap::release(buffer);
    ASSERT_EQ(reset_buffer(handle, HandleStyle::dynamic_buffer, Action::decode, &whole, 40, nullptr), Status::ok);
    Simple got{};
    EXPECT_EQ(type_decode(handle, simple(), &got), Status::ok);
    EXPECT_EQ(got.b, 2);
    EXPECT_EQ(free_handle(handle), Status::ok);
    Heap::release(whole);
    EXPECT_EQ(Heap::blocks, 0);
}

TEST(PickleHandle, IncrementalStreams) {
    User u;
    void* handle = nullptr;
    ASSERT_EQ(encode_incremental(&u, alloc, write, &handle), Status::ok);
    ASSERT_EQ(type_encode(handle, simple(), &value), Status::ok);
    int32_t number = 5;
    ASSERT_EQ(simple_encode(handle, &desc(), &number, 4), Status::ok);
    char16_t text[] = u"q", *s = text;
    int32_t b = 2, c = 3;
    uint64_t result = 0;
    Slot args[] = {0, 1, reinterpret_cast<Slot>(&b), reinterpret_cast<Slot>(&c), reinterpret_cast<Slot>(&s)};
    ASSERT_EQ(procedure(handle, desc(), both_ways().data(), args, Style::oif, nullptr, result), Status::ok);
    EXPECT_EQ(u.calls, (std::vector<unsigned>{32, 32, 8, 8, 88, 88}));
    EXPECT_EQ(u.stream.size(), 128u);

    u.calls.clear();
    EXPECT_EQ(reset_incremental(handle, nullptr, nullptr, nullptr, nullptr, Action::decode), Status::invalid_arg);
    ASSERT_EQ(reset_incremental(handle, nullptr, nullptr, nullptr, read, Action::decode), Status::ok)
        << "the rest as before";
    Simple got{};
    ASSERT_EQ(type_decode(handle, simple(), &got), Status::ok);
    EXPECT_EQ(got.h, 3);
    number = 0;
    ASSERT_EQ(simple_decode(handle, &number, 4), Status::ok);
    EXPECT_EQ(number, 5);
    RPC_SYNTAX_IDENTIFIER id{};
    ULong32 which = 0;
    ASSERT_EQ(encoding_id(handle, &id, &which), Status::ok);
    ASSERT_EQ(encoding_id(handle, &id, &which), Status::ok) << "read once";
    EXPECT_EQ(which, 7u);
    EXPECT_EQ(type_decode(handle, simple(), &got), Status::invalid_es_action) << "a procedure comes next";
    // Two [in] longs and a string are decoded as two [out] longs and the string.
    ASSERT_EQ(procedure(handle, desc(), both_ways().data(), args, Style::oif, nullptr, result), Status::ok);
    EXPECT_EQ(b, 1);
    EXPECT_EQ(c, 2);
    EXPECT_EQ(u.calls, (std::vector<unsigned>{8, 8, 16, 8, 56, 32}));
    EXPECT_EQ(encoding_id(handle, &id, &which), invalid_buffer) << "the end";
    EXPECT_EQ(free_handle(handle), Status::ok);
}

TEST(PickleHandle, UserRoutinesThatMisbehave) {
    User u;
    void* handle = nullptr;
    ASSERT_EQ(encode_incremental(&u, alloc, write, &handle), Status::ok);
    u.smaller = 8;
    EXPECT_EQ(type_encode(handle, simple(), &value), invalid_buffer);
    u.smaller = 0, u.shift = 4;
    EXPECT_EQ(type_encode(handle, simple(), &value), invalid_buffer);
    u.shift = 99;
    EXPECT_EQ(type_encode(handle, simple(), &value), Status::out_of_memory);
    u.shift = 0;
    EXPECT_TRUE(u.stream.empty());
    EXPECT_EQ(type_encode(handle, simple(), &value), Status::ok);
    ASSERT_EQ(reset_incremental(handle, nullptr, nullptr, nullptr, read, Action::decode), Status::ok);
    Simple got{};
    u.smaller = 1;
    EXPECT_EQ(type_decode(handle, simple(), &got), invalid_buffer);
    u.smaller = 0, u.shift = 1, u.at = 0;
    EXPECT_EQ(type_decode(handle, simple(), &got), invalid_buffer);
    EXPECT_EQ(free_handle(handle), Status::ok);
}

TEST(PickleHandle, EveryAllocationFailsOnce) {
    int32_t number = 5;
    char16_t text[] = u"text";
    int16_t array[] = {1, 2};
    WithPointers tree{2, text, &number, array};
    for (bool ours : {true, false})
        for (long n = 1;; ++n) {
            ASSERT_LT(n, 100);
            if (ours)
                mem_fail_nth(n);
            else
                Heap::fail_nth = n;
            char* buffer = nullptr;
            ULong32 encoded = 0;
            void* handle = nullptr;
            WithPointers got{};
            Status s = encode_dynamic_buffer(&buffer, &encoded, &handle);
            if (!failed(s)) s = type_encode(handle, with_pointers(), &tree);
            if (!failed(s)) s = type_encode(handle, simple(), &value);
            if (!failed(s))
                s = reset_buffer(handle, HandleStyle::dynamic_buffer, Action::decode, &buffer, encoded, nullptr);
            if (!failed(s)) s = type_decode(handle, with_pointers(), &got);
            bool left = ours ? mem_fail_nth_pending() : Heap::fail_nth > 0;
            mem_fail_nth(0);
            Heap::fail_nth = 0;
            EXPECT_TRUE(s == Status::out_of_memory || (s == Status::ok && left)) << code(s);
            EXPECT_EQ(type_free(with_pointers(), &got), Status::ok);
            if (buffer) Heap::release(buffer);
            if (handle) EXPECT_EQ(free_handle(handle), Status::ok);
            EXPECT_EQ(Heap::blocks, 0);
            if (left) break;
        }
}

}  // namespace
}  // namespace rpc::stub::pickle
