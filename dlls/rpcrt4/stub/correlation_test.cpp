// Sizes and lengths that other parameters tell, through both interpreters: every operator, every type of the variable, expressions that
// the program's routines evaluate, with and without robust checks, known before the array and only after it. Source: documentation
// pages "Correlation Descriptors" and "Additional Correlation Descriptor Format".
#include <gtest/gtest.h>

#include <cstring>

#include "stub/fake_runtime.h"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"

namespace rpc::stub {
namespace {

using test::Bytes;
using test::Header;
using test::Interface;
using test::procedure;

constexpr uint8_t none = 0, dereference = 0x54, div_2 = 0x55, mult_2 = 0x56, add_1 = 0x57, sub_1 = 0x58, callback = 0x59;
constexpr uint8_t top_level = 0x20, fc_long = 8;
constexpr uint16_t size_slot = 1, array_slot = 2, late_size_slot = 3;

int32_t g_sum;

int32_t size_first(void*, int32_t, int16_t* a, int32_t count) {
    g_sum = 0;
    for (int i = 0; i < count; ++i) g_sum += a[i];
    return g_sum;
}

// n squared, less one: what no operator can say.
ULONG_PTR evaluated(int32_t n) { return static_cast<ULONG_PTR>(n * n - 1); }
void expression_early(MIDL_STUB_MESSAGE* m) {
    int32_t n;
    std::memcpy(&n, m->StackTop + size_slot * slot_size, sizeof n);
    m->Offset = 0;
    m->MaxCount = evaluated(n);
}
void expression_late(MIDL_STUB_MESSAGE* m) {
    int32_t n;
    std::memcpy(&n, m->StackTop + late_size_slot * slot_size, sizeof n);
    m->Offset = 0;
    m->MaxCount = evaluated(n);
}
// A range within the array: first_is(1), length_is(n - 1).
void expression_range(MIDL_STUB_MESSAGE* m) {
    int32_t n;
    std::memcpy(&n, m->StackTop + size_slot * slot_size, sizeof n);
    m->Offset = 1;
    m->MaxCount = static_cast<ULONG_PTR>(n - 1);
}
const EXPR_EVAL expressions[] = {expression_early, expression_late, expression_range};

struct Row {
    const char* what;
    uint8_t operation;
    int64_t n;      // of the variable
    int32_t count;  // of the array's elements
    uint8_t type = fc_long;
};
const Row rows[] = {
    {"n", none, 3, 3},          {"n / 2", div_2, 7, 3},       {"n * 2", mult_2, 2, 4},          {"n + 1", add_1, 2, 3},
    {"n - 1", sub_1, 4, 3},     {"*p", dereference, 3, 3},    {"expression", callback, 2, 3},   {"nothing", none, 0, 0},
    {"small", none, 3, 3, 3},   {"usmall", none, 200, 200, 4}, {"short", none, 300, 300, 6},    {"ushort", none, 40000, 40000, 7},
    {"ulong", none, 3, 3, 9},
};

class Correlation : public testing::Test {
protected:
    void SetUp() override {
        fake::server = fake::Server();
        Interface::allocations() = 0;
        extra_flags_ = 0;
    }
    void TearDown() override {
        EXPECT_EQ(fake::calls_alive, 0);
        EXPECT_EQ(Interface::allocations(), 0);
    }
    // long f(handle, [in] n, [in, size_is(...)] short a[], [in] n or count): the size is in the first or in the last parameter.
    static Bytes types(const Row& row, bool late, bool robust) {
        Bytes t{0x5b, 0x5c, 0x1b, 0x01, 0x02, 0x00};
        t.push_back(static_cast<uint8_t>(top_level | row.type));
        t.push_back(row.operation);
        test::put16(t, row.operation == callback ? (late ? 1 : 0) : (late ? late_size_slot : size_slot) * slot_size);
        if (robust) test::put16(t, static_cast<uint16_t>((late ? 0 : 1) | extra_flags_));
        t.insert(t.end(), {0x06, 0x5b});
        return t;
    }
    static Bytes proc(const Row& row, bool robust) {
        Header h;
        h.slots = 5;
        h.explicit_handle = {0x32, 0, 0, 0};
        h.opt_flags = 0x46;
        h.opt_flags2 = robust ? 0x07 : 0;
        const uint16_t in = row.operation == dereference ? 0x148 : 0x48;
        return procedure(0, h, {{in, 1, row.type}, {0x10b, 2, 2}, {in, 3, row.type}, {0x70, 4, fc_long}});
    }
    struct Outcome {
        Status status;
        int32_t result;
    };
    Outcome call(const Row& row, bool late, bool robust, const Bytes* request = nullptr) {
        Interface face(types(row, late, robust));
        const auto manager = row.operation == dereference ? reinterpret_cast<int32_t (*)(void*, int32_t, int16_t*, int32_t)>(&by_pointer) : &by_value;
        face.add(proc(row, robust), manager);
        face.desc().apfnExprEval = expressions;
        fake::server.face = face.face();
        fake::server.dispatch = server_call;
        Bytes copy = request ? *request : Bytes{};
        if (request) fake::server.replace_request = &copy;
        std::vector<int16_t> a(static_cast<size_t>(row.count) + 1, 2);
        int64_t n = row.n;
        const Slot size = row.operation == dereference ? reinterpret_cast<Slot>(&n) : static_cast<Slot>(n);
        expected_ = row.count;
        Slot args[] = {reinterpret_cast<Slot>(&fake::binding), size, reinterpret_cast<Slot>(a.data()), size};
        uint64_t result = 0;
        Outcome o{client_call(face.desc(), face.format(0), args, result), 0};
        o.result = static_cast<int32_t>(result);
        fake::server.replace_request = nullptr;
        return o;
    }
    static int32_t by_value(void* h, int32_t, int16_t* a, int32_t) { return size_first(h, 0, a, expected_); }
    static int32_t by_pointer(void* h, int32_t*, int16_t* a, int32_t*) { return size_first(h, 0, a, expected_); }
    static int32_t expected_;
    static uint8_t extra_flags_;  // of robust descriptors
};
int32_t Correlation::expected_;
uint8_t Correlation::extra_flags_;

TEST_F(Correlation, EveryOperatorTypeAndPlace) {
    for (const Row& row : rows)
        for (bool late : {false, true})
            for (bool robust : {false, true}) {
                const Outcome o = call(row, late, robust);
                EXPECT_EQ(o.status, Status::ok) << row.what << (late ? ", late" : ", early") << (robust ? ", robust" : "");
                EXPECT_EQ(o.result, 2 * row.count) << row.what;
            }
}

// What the request says of the size is compared with what it says of the array, whichever comes first.
TEST_F(Correlation, AnArrayThatIsNotAsLongAsThatIsRefused) {
    for (const Row& row : rows) {
        if (row.count == 0) continue;
        for (bool late : {false, true}) {
            ASSERT_EQ(call(row, late, true).status, Status::ok);
            Bytes request = fake::last_request;
            // The variable is the request's first value, or its last: one more, or for n / 2 two more, makes another size.
            const size_t width = row.type == 3 || row.type == 4 ? 1 : row.type == 6 || row.type == 7 ? 2 : 4;
            uint8_t& lowest = request[late ? request.size() - width : 0];
            lowest = static_cast<uint8_t>(lowest + 2);
            EXPECT_EQ(call(row, late, true, &request).status, Status::bad_stub_data) << row.what << (late ? ", late" : ", early");
        }
    }
}

// [disable_consistency_check]: the manager gets both as they came, and the array is read by its own count all the same.
TEST_F(Correlation, WhereItIsNotToBeCheckedTheArraysOwnCountIsTaken) {
    constexpr uint8_t dont_check = 8;
    const Row& row = rows[0];
    for (bool late : {false, true}) {
        extra_flags_ = dont_check;
        ASSERT_EQ(call(row, late, true).status, Status::ok);
        Bytes request = fake::last_request;
        request[late ? request.size() - 4 : 0] += 2;
        const Outcome o = call(row, late, true, &request);
        EXPECT_EQ(o.status, Status::ok);
        EXPECT_EQ(o.result, 2 * row.count);
        extra_flags_ = 0;
        EXPECT_EQ(call(row, late, true, &request).status, Status::bad_stub_data);
    }
}

TEST_F(Correlation, NegativeAndAbsurdSizesAreInvalidBounds) {
    const Row bad[] = {{"-1", none, -1, 0}, {"0 - 1", sub_1, 0, 0}, {"-2 / 2", div_2, -2, 0}, {"small -1", none, -1, 0, 3},
                       {"short -1", none, -1, 0, 6}, {"-1 * 2", mult_2, -1, 0}, {"expression", callback, 0, 0}};
    for (const Row& row : bad)
        for (bool robust : {false, true}) EXPECT_EQ(call(row, false, robust).status, Status::invalid_bound) << row.what;
}

int32_t take_range(void*, int32_t n, int16_t* a, int32_t) {
    int32_t sum = 0;
    for (int i = 1; i < n; ++i) sum += a[i];
    return sum;
}

// A routine answers first_is in Offset and length_is in MaxCount.
TEST_F(Correlation, AnExpressionTellsARange) {
    for (bool robust : {false, true}) {
        Bytes t{0x5b, 0x5c, 0x1c, 0x01, 0x02, 0x00, top_level | fc_long, none, size_slot * slot_size, 0};
        if (robust) t.insert(t.end(), {1, 0});
        t.insert(t.end(), {top_level | fc_long, callback, 2, 0});
        if (robust) t.insert(t.end(), {1, 0});
        t.insert(t.end(), {0x06, 0x5b});
        Interface face(t);
        face.add(proc({"range", none, 0, 0}, robust), &take_range);
        face.desc().apfnExprEval = expressions;
        fake::server.face = face.face();
        fake::server.dispatch = server_call;
        int16_t a[] = {100, 1, 2, 3, 4};
        Slot args[] = {reinterpret_cast<Slot>(&fake::binding), 4, reinterpret_cast<Slot>(a), 0};
        uint64_t result = 0;
        ASSERT_EQ(client_call(face.desc(), face.format(0), args, result), Status::ok);
        EXPECT_EQ(result, 6u);
        EXPECT_EQ(fake::last_request, (Bytes{4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0}));
    }
}

void two_numbers(void*, int32_t* n, int32_t*** all) {
    const auto take = [](size_t size) { return ++Interface::allocations(), ::operator new(size); };
    *n = 2;
    *all = static_cast<int32_t**>(take(2 * sizeof(int32_t*)));
    for (int i = 0; i < 2; ++i) *((*all)[i] = static_cast<int32_t*>(take(sizeof(int32_t)))) = 7 + i;
}

// A size in memory of the allocator's, which is given back with the parameters that it is the size of: behind them.
TEST_F(Correlation, ASizeOutlivesWhatItIsTheSizeOf) {
    Bytes t{0x5b, 0x5c, 0x11, 0x08, 0x08, 0x5c,                        // 2: [ref] long*
            0x12, 0x08, 0x08, 0x5c,                                    // 6: [unique] long*
            0x21, 0x03, 0x00, 0x00, 0x28, dereference};                // 10: such pointers, as many as *n
    test::put16(t, size_slot * slot_size);
    t.insert(t.end(), {0xff, 0xff, 0xff, 0xff, 0x4c, 0x00, 0xee, 0xff, 0x5c, 0x5b,
                       0x12, 0x00, 0xec, 0xff, 0x11, 0x10, 0xfa, 0xff});  // 28: [unique] to 10; 32: [ref] to that
    Interface face(t);
    Header h;
    h.slots = 3;
    h.explicit_handle = {0x32, 0, 0, 0};
    h.opt_flags2 = 0;
    face.add(procedure(0, h, {{0x13, 1, 2}, {0x13, 2, 32}}), &two_numbers);
    fake::server.face = face.face();
    fake::server.dispatch = server_call;
    int32_t n = 0, **all = nullptr;
    Slot args[] = {reinterpret_cast<Slot>(&fake::binding), reinterpret_cast<Slot>(&n), reinterpret_cast<Slot>(&all)};
    uint64_t result = 0;
    ASSERT_EQ(client_call(face.desc(), face.format(0), args, result), Status::ok);
    ASSERT_TRUE(n == 2 && all && all[0] && all[1]);
    EXPECT_EQ(*all[1], 8);
    for (int i = 0; i < 2; ++i) face.desc().pfnFree(all[i]);
    face.desc().pfnFree(all);
}

TEST_F(Correlation, WithoutItsRoutineAnExpressionHasNoValue) {
    Interface face(types({"", callback, 0, 0}, false, true));
    face.add(proc({"", callback, 0, 0}, true), &by_value);
    fake::server.face = face.face();
    fake::server.dispatch = server_call;
    int16_t a[1] = {};
    Slot args[] = {reinterpret_cast<Slot>(&fake::binding), 2, reinterpret_cast<Slot>(a), 0};
    uint64_t result = 0;
    EXPECT_EQ(client_call(face.desc(), face.format(0), args, result), Status::internal_error);
}

}  // namespace
}  // namespace rpc::stub
