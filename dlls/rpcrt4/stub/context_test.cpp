// Context handles end to end, and what a hostile client may put in their place.
#include <gtest/gtest.h>

#include "stub/context_handle.h"
#include "stub/fake_runtime.h"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"

namespace rpc::stub {
namespace {

using test::Bytes;
using test::Header;
using test::Interface;
using test::procedure;

constexpr uint16_t type_in = 2, type_out = 6, type_in_out = 10, type_return = 14, type_in_strict = 18;
const Bytes context_types{0x5b, 0x5c, 0x30, 0x40, 0, 0, 0x30, 0xa0, 0, 0, 0x30, 0xe0, 0, 0, 0x30, 0x21, 0, 0, 0x30, 0x48, 0, 0};

int run_down;
void* run_down_value;
void rundown(void* value) {
    ++run_down;
    run_down_value = value;
}

int opened;
void open(void*, void** context) {
    EXPECT_EQ(*context, nullptr);
    *context = &opened;
}
void* open_returned(void*) { return &opened; }
int32_t use(void* context) { return context == &opened ? 1 : 2; }
void close(void** context) {
    EXPECT_EQ(*context, &opened);
    *context = nullptr;
}
int32_t use_strict(void* context) { return context == &opened ? 1 : 2; }
int32_t use_optional(void*, void** context) {
    if (!*context) *context = &opened;
    return 3;
}

class Context : public testing::Test {
protected:
    Context() : face(context_types) {
        Header primitive;
        primitive.slots = 3;
        primitive.explicit_handle = {0x32, 0, 0, 0};
        Header by_context;
        by_context.slots = 2;
        by_context.explicit_handle = {0x30, 0x40, 0, 0, 0, 0};
        Header by_context_pointer = by_context;
        by_context_pointer.explicit_handle[1] = 0xe0;
        face.add(procedure(0, primitive, {{0x110, 1, type_out}}), &open);
        face.add(procedure(1, primitive, {{0x30, 2, type_return}}), &open_returned);
        face.add(procedure(2, by_context, {{0x8, 0, type_in}, {0x70, 1, 8}}), &use);
        face.add(procedure(3, by_context_pointer, {{0x118, 0, type_in_out}}), &close);
        face.add(procedure(4, by_context, {{0x8, 0, type_in_strict}, {0x70, 1, 8}}), &use_strict);
        face.add(procedure(5, primitive, {{0x118, 1, type_in_out}, {0x70, 2, 8}}), &use_optional);
        face.rundowns_[0] = &rundown;
        fake::server = fake::Server();
        fake::server.face = face.face();
        fake::server.dispatch = server_call;
        run_down = 0;
    }
    ~Context() override {
        fake::end_association();
        EXPECT_EQ(fake::calls_alive, 0);
        EXPECT_EQ(fake::bindings_alive, 0);
    }
    Status call(size_t number, Slot a, Slot b = 0) {
        Slot args[] = {a, b};
        return client_call(face.desc(), face.format(number), args, result);
    }
    Slot handle() { return reinterpret_cast<Slot>(&fake::binding); }
    Slot address(void*& variable) { return reinterpret_cast<Slot>(&variable); }
    Slot value(void* context) { return reinterpret_cast<Slot>(context); }

    Interface face;
    uint64_t result = 0;
    void* context = reinterpret_cast<void*>(0x55);  // what an [out] variable holds means nothing
};

TEST_F(Context, OpenUseClose) {
    ASSERT_EQ(call(0, handle(), address(context)), Status::ok);
    ASSERT_NE(context, nullptr);
    EXPECT_EQ(fake::bindings_alive, 1);
    ASSERT_EQ(call(2, value(context)), Status::ok);
    EXPECT_EQ(result, 1u);
    void* closed = context;
    ASSERT_EQ(call(3, address(closed)), Status::ok);
    EXPECT_EQ(closed, nullptr);
    EXPECT_EQ(fake::bindings_alive, 0);
    fake::end_association();
    EXPECT_EQ(run_down, 0);
}

TEST_F(Context, ReturnedHandle) {
    ASSERT_EQ(call(1, handle()), Status::ok);
    context = reinterpret_cast<void*>(result);
    ASSERT_EQ(call(2, value(context)), Status::ok);
    EXPECT_EQ(result, 1u);
    EXPECT_EQ(client_context_destroy(context), Status::ok);
    EXPECT_EQ(context, nullptr);
}

TEST_F(Context, RunDownWhenTheClientIsGone) {
    ASSERT_EQ(call(0, handle(), address(context)), Status::ok);
    fake::end_association();
    EXPECT_EQ(run_down, 1);
    EXPECT_EQ(run_down_value, &opened);
    // Unknown now.
    EXPECT_EQ(call(2, value(context)), context_mismatch_fault);
    EXPECT_EQ(client_context_destroy(context), Status::ok);
}

TEST_F(Context, NullAndGarbageAtTheClient) {
    EXPECT_EQ(call(2, 0), Status::ss_in_null_context);
    uint64_t garbage[8] = {1, 2, 3};
    EXPECT_EQ(call(2, reinterpret_cast<Slot>(garbage)), Status::invalid_handle);
    void* pointer = garbage;
    EXPECT_EQ(client_context_destroy(pointer), Status::invalid_handle);
    pointer = nullptr;
    EXPECT_EQ(client_context_destroy(pointer), Status::ss_in_null_context);
}

TEST_F(Context, OptionalHandle) {
    context = nullptr;
    ASSERT_EQ(call(5, handle(), address(context)), Status::ok);
    ASSERT_NE(context, nullptr);
    void* same = context;
    ASSERT_EQ(call(5, handle(), address(context)), Status::ok);
    EXPECT_EQ(same, context);
    ASSERT_EQ(call(2, value(context)), Status::ok);
    EXPECT_EQ(result, 1u);
    EXPECT_EQ(client_context_destroy(context), Status::ok);
}

TEST_F(Context, StrictHandlesBelongToTheirInterface) {
    ASSERT_EQ(call(0, handle(), address(context)), Status::ok);
    ASSERT_EQ(call(4, value(context)), Status::ok);
    face.face()->InterfaceId.SyntaxGUID.Data1 ^= 1;
    EXPECT_EQ(call(4, value(context)), context_mismatch_fault);
    EXPECT_EQ(call(2, value(context)), Status::ok);
    set_contexts_always_strict(true);
    EXPECT_EQ(call(2, value(context)), context_mismatch_fault);
    face.face()->InterfaceId.SyntaxGUID.Data1 ^= 1;
    EXPECT_EQ(call(2, value(context)), Status::ok);
    set_contexts_always_strict(false);
    EXPECT_EQ(client_context_destroy(context), Status::ok);
}

TEST_F(Context, UnknownAndNullHandlesFromTheWire) {
    ASSERT_EQ(call(0, handle(), address(context)), Status::ok);
    Bytes unknown(20, 0x5a), null(20, 0), brief(19, 0);
    fake::server.replace_request = &unknown;
    EXPECT_EQ(call(2, value(context)), context_mismatch_fault);
    fake::server.replace_request = &null;
    EXPECT_EQ(call(2, value(context)), context_mismatch_fault);
    fake::server.replace_request = &brief;
    EXPECT_EQ(call(2, value(context)), Status::bad_stub_data);
    EXPECT_EQ(client_context_destroy(context), Status::ok);
}

TEST_F(Context, AnAnswerThatFailsRunsTheNewHandleDown) {
    // Every allocation fails once; what the manager opened is either the client's or run down.
    for (long n = 1; n < 20; ++n) {
        int before = run_down;
        mem_fail_nth(n);
        void* made = nullptr;
        Status status = call(0, handle(), address(made));
        mem_fail_nth(0);
        if (made) {
            EXPECT_EQ(client_context_destroy(made), Status::ok);
        } else {
            EXPECT_NE(status, Status::ok);
        }
        fake::end_association();
        EXPECT_LE(run_down - before, 1);
        if (made) EXPECT_EQ(run_down - before, 1);
    }
}

}  // namespace
}  // namespace rpc::stub
