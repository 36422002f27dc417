#include "stub/procedure.h"

#include <gtest/gtest.h>

#include "stub/stub_test_interface.h"

namespace rpc::stub {
namespace {

using test::Bytes;
using test::procedure;

const uint8_t no_types[] = {0, 0};

// The worked example: long Add(async, h, [in] long a, [in] long b, [out] long* c).
Bytes add_example() {
    test::Header h;
    h.slots = 6;
    h.explicit_handle = {0x32, 0, 1, 0};
    h.opt_flags = 0xc4;
    return procedure(0, h, {{0x48, 2, 8}, {0x48, 3, 8}, {0x2150, 4, 8}, {0x70, 5, 8}});
}

TEST(Procedure, ReadsTheWorkedExample) {
    Bytes format = add_example();
    ASSERT_EQ(format.size(), 54u);
    Procedure p;
    ASSERT_EQ(parse_procedure(format.data(), no_types, Style::oif, true, p), Status::ok);
    EXPECT_EQ(p.number, 0);
    EXPECT_EQ(p.stack_size, 48);
    EXPECT_EQ(p.arguments_size, 40u);
    EXPECT_TRUE(p.is_async());
    EXPECT_EQ(p.handle.kind, HandleKind::primitive);
    EXPECT_TRUE(p.handle.is_explicit);
    EXPECT_FALSE(p.handle.via_pointer);
    EXPECT_EQ(p.handle.offset, 8);
    EXPECT_EQ(p.opt_flags2, opt2_new_correlation);
    ParameterCursor at(p);
    Parameter a;
    ASSERT_TRUE(at.next(a));
    EXPECT_EQ(a.stack_offset, 16);
    EXPECT_TRUE(a.is(Parameter::in));
    EXPECT_EQ(a.simple_type, 8);
    ASSERT_TRUE(at.next(a));
    ASSERT_TRUE(at.next(a));
    EXPECT_TRUE(a.is(Parameter::simple_ref));
    EXPECT_EQ(a.server_alloc_size(), 8u);
    ASSERT_TRUE(at.next(a));
    EXPECT_TRUE(a.is(Parameter::returned));
    EXPECT_FALSE(at.next(a));
}

TEST(Procedure, StepsOverAnExtensionOfAnySize) {
    for (uint8_t size : {8, 10, 12, 16}) {
        Bytes format = add_example();
        size_t at = 20;  // the extension's first byte
        format.erase(format.begin() + at, format.begin() + at + 10);
        Bytes extension(size, 0);
        extension[0] = size;
        extension[1] = 1;
        format.insert(format.begin() + at, extension.begin(), extension.end());
        Procedure p;
        ASSERT_EQ(parse_procedure(format.data(), no_types, Style::oif, true, p), Status::ok) << int(size);
        Parameter a;
        ParameterCursor cursor(p);
        ASSERT_TRUE(cursor.next(a));
        EXPECT_EQ(a.stack_offset, 16);
    }
}

TEST(Procedure, SkipsAHandleDescribedAsAParameter) {
    test::Header h;
    h.slots = 3;
    h.explicit_handle = {0x32, 0, 0, 0};
    Bytes format = procedure(4, h, {{0x48, 0, 0x0f}, {0x48, 1, 8}, {0x70, 2, 8}});
    Procedure p;
    ASSERT_EQ(parse_procedure(format.data(), no_types, Style::oif, false, p), Status::ok);
    ParameterCursor at(p);
    Parameter a;
    ASSERT_TRUE(at.next(a));
    EXPECT_EQ(a.stack_offset, 8);
}

TEST(Procedure, ImplicitHandles) {
    for (uint8_t kind : {0x31, 0x32, 0x33, 0x34}) {
        test::Header h;
        h.handle_type = kind;
        h.slots = 1;
        Bytes format = procedure(1, h, {{0x48, 0, 8}});
        Procedure p;
        ASSERT_EQ(parse_procedure(format.data(), no_types, Style::oif, false, p), Status::ok);
        EXPECT_EQ(p.handle.kind, static_cast<HandleKind>(kind));
        EXPECT_FALSE(p.handle.is_explicit);
    }
}

TEST(Procedure, RefusesWhatMakesNoSense) {
    Procedure p;
    auto parse = [&](const Bytes& b) { return parse_procedure(b.data(), no_types, Style::oif, false, p); };
    test::Header h;
    h.handle_type = 0x35;
    h.slots = 2;
    EXPECT_EQ(parse(procedure(0, h, {})), Status::bad_stub_data);
    h.handle_type = 0;
    h.explicit_handle = {0x32, 0, 2, 0};  // past the stack
    EXPECT_EQ(parse(procedure(0, h, {})), Status::bad_stub_data);
    h.explicit_handle = {0x31, 3, 0, 0, 0, 0};  // a generic handle of 3 bytes
    EXPECT_EQ(parse(procedure(0, h, {})), Status::bad_stub_data);
    h.explicit_handle = {0x77, 0, 0, 0};
    EXPECT_EQ(parse(procedure(0, h, {})), Status::bad_stub_data);
    h.explicit_handle = {0x32, 0, 0, 0};
    EXPECT_EQ(parse(procedure(0, h, {{0x48, 2, 8}})), Status::bad_stub_data);
    EXPECT_EQ(parse(procedure(0, h, {{0x48, 1, 0x77}})), Status::bad_stub_data);
    EXPECT_EQ(parse(procedure(0, h, {{0x48, 1, 8}})), Status::ok);
}

TEST(Procedure, OldDescriptors) {
    // long f(handle_t h, [in] long a, [in, string] char* s)
    const uint8_t types[] = {0x5b, 0x5c, 0x11, 0x08, 0x22, 0x5c};
    const uint8_t slot = sizeof(void*);
    const uint8_t format[] = {0, 0, 7, 0, 4 * slot, 0, 0x32, 0, 0, 0, 0x4e, 0x0f, 0x4e, 0x08, 0x4d, 1, 2, 0, 0x53, 0x08};
    Procedure p;
    ASSERT_EQ(parse_procedure(format, types, Style::oi, false, p), Status::ok);
    ParameterCursor at(p);
    Parameter a;
    ASSERT_TRUE(at.next(a));
    EXPECT_EQ(a.stack_offset, slot);
    EXPECT_EQ(a.simple_type, 8);
    ASSERT_TRUE(at.next(a));
    EXPECT_EQ(a.stack_offset, 2 * slot);
    EXPECT_EQ(a.type, types + 2);
    ASSERT_TRUE(at.next(a));
    EXPECT_TRUE(a.is(Parameter::returned));
    EXPECT_EQ(a.stack_offset, 3 * slot);
    EXPECT_FALSE(at.next(a));
    EXPECT_EQ(p.arguments_size, 3u * slot);
}

// As widl writes them: a reference to a pointer as that pointer, a context handle behind its reference.
TEST(Procedure, OldDescriptorsOfOutParameters) {
    // void f([out, string] char** s, [out] Context* c), with an implicit handle
    const uint8_t types[] = {0x5b, 0x5c, 0x12, 0x08, 0x22, 0x5c, 0x11, 0x00, 0x02, 0x00, 0x30, 0xa0, 0x00, 0x00};
    const uint8_t slot = sizeof(void*);
    const uint8_t format[] = {0x32, 0, 7, 0, 2 * slot, 0, 0x51, 1, 2, 0, 0x51, 1, 6, 0, 0x5b};
    Procedure p;
    ASSERT_EQ(parse_procedure(format, types, Style::oi, false, p), Status::ok);
    ParameterCursor at(p);
    Parameter a;
    ASSERT_TRUE(at.next(a));
    EXPECT_EQ(a.type, types + 2);
    EXPECT_TRUE(a.is(Parameter::simple_ref));
    ASSERT_TRUE(at.next(a));
    EXPECT_EQ(a.type, types + 10);
    EXPECT_FALSE(a.is(Parameter::simple_ref));
    EXPECT_FALSE(at.next(a));
}

}  // namespace
}  // namespace rpc::stub
