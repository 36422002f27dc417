// Parameters of every kind that a type description gives, from a client's frame to a manager's and back.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "stub/fake_runtime.h"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"

namespace rpc::stub {
namespace {

using test::Bytes;
using test::Header;
using test::Interface;
using test::procedure;

struct Pair {
    int32_t a, b;
};
struct Triple {
    int32_t a, b, c, d, e;
};

constexpr uint16_t type_string = 4, type_pair = 8, type_array = 16, type_out_string = 28, type_unique_pair = 36,
                   type_triple = 40, type_range = 52;
Bytes all_types() {
    const uint8_t slot = sizeof(void*);
    return Bytes{
        0x5b, 0x5c, 0x5c, 0x5c,
        0x22, 0x5c, 0x5c, 0x5c,                                                // 4: string
        0x15, 0x03, 0x08, 0x00, 0x08, 0x08, 0x5c, 0x5b,                        // 8: Pair
        0x1b, 0x03, 0x04, 0x00, 0x28, 0x00, slot, 0x00, 0x01, 0x00, 0x08, 0x5b,  // 16: long[n], n in slot 1
        0x11, 0x14, 0x02, 0x00,                                                // 28: [out] char**
        0x12, 0x08, 0x22, 0x5c,                                                // 32
        0x12, 0x00, 0xe2, 0xff,                                                // 36: [unique] Pair*
        0x15, 0x03, 0x14, 0x00, 0x08, 0x08, 0x08, 0x08, 0x08, 0x5b, 0x5c, 0x5c,  // 40: Triple
        0xb7, 0x08, 0x01, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x5c, 0x5c,  // 52: [range(1, 10)] long
    };
}

std::string seen;
int32_t take_string(void*, const char* s) {
    seen = s;
    return static_cast<int32_t>(seen.size());
}
void sum_array(void*, int32_t n, const int32_t* values, Pair* out) {
    *out = {0, n};
    for (int32_t i = 0; i < n; ++i) out->a += values[i];
}
void give_string(void*, char** out) {
    EXPECT_EQ(*out, nullptr);
    auto* p = static_cast<char*>(::operator new(6));
    ++Interface::allocations();
    std::memcpy(p, "hello", 6);
    *out = p;
}
int32_t unique_pair(void*, Pair* p) { return p ? p->a + p->b : -1; }
int32_t by_value(void*, uint64_t pair, const Triple* triple) {
    Pair p;
    std::memcpy(&p, &pair, sizeof p);
    return p.a + p.b + triple->a + triple->e;
}
int32_t ranged(void*, int32_t a) { return a; }
void swap_pair(void*, Pair* p) { *p = {p->b, p->a}; }
void fill_array(void*, int32_t n, int32_t* values) {
    for (int32_t i = 0; i < n; ++i) {
        values[i] = i * i;
    }
}

class Types : public testing::Test {
protected:
    Types() : face(all_types()) {
        Header h;
        h.slots = 5;
        h.explicit_handle = {0x32, 0, 0, 0};
        face.add(procedure(0, h, {{0x10b, 1, type_string}, {0x70, 4, 8}}), &take_string);
        face.add(procedure(1, h, {{0x48, 1, 8}, {0x10b, 2, type_array}, {0x112, 3, type_pair}}), &sum_array);
        face.add(procedure(2, h, {{0x2013, 1, type_out_string}}), &give_string);
        face.add(procedure(3, h, {{0x0b, 1, type_unique_pair}, {0x70, 4, 8}}), &unique_pair);
        face.add(procedure(4, h, {{0x8a, 1, type_pair}, {0x8a, 2, type_triple}, {0x70, 4, 8}}), &by_value);
        face.add(procedure(5, h, {{0x88, 1, type_range}, {0x70, 4, 8}}), &ranged);
        face.add(procedure(6, h, {{0x11a, 1, type_pair}}), &swap_pair);
        face.add(procedure(7, h, {{0x48, 1, 8}, {0x113, 2, type_array}}), &fill_array);
        face.add(procedure(8, h, {{0x2013, 1, 32}}), &give_string);  // as widl 7 has it: without the FC_RP
        fake::server = fake::Server();
        fake::server.face = face.face();
        fake::server.dispatch = server_call;
        Interface::allocations() = 0;
    }
    ~Types() override {
        EXPECT_EQ(fake::calls_alive, 0);
        EXPECT_EQ(Interface::allocations(), 0);
    }
    template <class... Args>
    Status call(size_t number, Args... rest) {
        Slot args[] = {reinterpret_cast<Slot>(&fake::binding), Slot(rest)..., 0};
        return client_call(face.desc(), face.format(number), args, result);
    }
    Interface face;
    uint64_t result = 0;
};

TEST_F(Types, Strings) {
    ASSERT_EQ(call(0, "parsley"), Status::ok);
    EXPECT_EQ(seen, "parsley");
    EXPECT_EQ(result, 7u);
    ASSERT_EQ(call(0, ""), Status::ok);
    EXPECT_EQ(result, 0u);
    EXPECT_EQ(call(0, nullptr), Status::null_ref_pointer);
}

TEST_F(Types, ConformantArrayAndStruct) {
    int32_t values[] = {1, 20, 300};
    Pair out{};
    ASSERT_EQ(call(1, 3, values, &out), Status::ok);
    EXPECT_EQ(out.a, 321);
    EXPECT_EQ(out.b, 3);
}

TEST_F(Types, OutStringIsAllocated) {
    for (size_t number : {2, 8}) {
        char* out = reinterpret_cast<char*>(0x77);  // means nothing yet
        ASSERT_EQ(call(number, &out), Status::ok);
        ASSERT_NE(out, nullptr);
        EXPECT_STREQ(out, "hello");
        face.desc().pfnFree(out);
    }
}

TEST_F(Types, UniquePointer) {
    Pair p{4, 5};
    ASSERT_EQ(call(3, &p), Status::ok);
    EXPECT_EQ(result, 9u);
    ASSERT_EQ(call(3, nullptr), Status::ok);
    EXPECT_EQ(static_cast<int32_t>(result), -1);
}

TEST_F(Types, StructuresByValue) {
    Pair p{1, 2};
    uint64_t slot;
    std::memcpy(&slot, &p, sizeof slot);
    Triple t{10, 0, 0, 0, 100};
    ASSERT_EQ(call(4, slot, &t), Status::ok);
    EXPECT_EQ(result, 113u);
}

TEST_F(Types, Range) {
    ASSERT_EQ(call(5, 10), Status::ok);
    EXPECT_EQ(result, 10u);
    EXPECT_NE(call(5, 11), Status::ok);
}

TEST_F(Types, InOut) {
    Pair p{1, 2};
    ASSERT_EQ(call(6, &p), Status::ok);
    EXPECT_EQ(p.a, 2);
    EXPECT_EQ(p.b, 1);
}

TEST_F(Types, OutArrayIsSizedByAnInParameter) {
    int32_t values[5] = {9, 9, 9, 9, 9};
    ASSERT_EQ(call(7, 4, values), Status::ok);
    EXPECT_EQ(values[3], 9 * 1);
    EXPECT_EQ(values[4], 9);
}

TEST_F(Types, EveryAllocationFailsOnce) {
    int32_t values[] = {1, 20, 300};
    Pair out{};
    char* text = nullptr;
    for (long n = 1; n < 30; ++n) {
        mem_fail_nth(n);
        Status a = call(1, 3, values, &out);
        mem_fail_nth(n);
        Status b = call(2, &text);
        mem_fail_nth(0);
        EXPECT_TRUE(a == Status::ok || a == Status::out_of_memory) << code(a);
        EXPECT_TRUE(b == Status::ok || b == Status::out_of_memory) << code(b);
        if (b == Status::ok) face.desc().pfnFree(text);
    }
}

}  // namespace
}  // namespace rpc::stub
