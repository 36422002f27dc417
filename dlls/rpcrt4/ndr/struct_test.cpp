// Wire images derived by hand from C706 chapter 14: base types, structures, unions.
#include "ndr/sample_test.h"

namespace rpc::ndr::test {

TEST(NdrBase, EveryBaseType) {
    struct {
        uint8_t fc;
        size_t memory, wire;
    } types[] = {{0x01, 1, 1}, {0x02, 1, 1}, {0x03, 1, 1}, {0x04, 1, 1}, {0x05, 2, 2}, {0x06, 2, 2},
                 {0x07, 2, 2}, {0x08, 4, 4}, {0x09, 4, 4}, {0x0a, 4, 4}, {0x0b, 8, 8}, {0x0c, 8, 8},
                 {0x0d, 4, 2}, {0x0e, 4, 4}, {0x10, 4, 4}, {0xb8, 8, 4}, {0xb9, 8, 4}};
    for (auto& t : types) {
        Rig r;
        uint64_t value = 0x0000000000000055;
        r.buffer[0] = 0xaa;
        ++r.message.Buffer;
        ASSERT_EQ(Status::ok, simple_type_marshal(r.message, Rig::bytes(&value), t.fc));
        ASSERT_EQ(r.buffer + (t.wire == 1 ? 1 : t.wire) + t.wire, r.message.Buffer) << int(t.fc);
        EXPECT_EQ(0x55, r.message.Buffer[-static_cast<int>(t.wire)]);
        for (size_t i = 1; i < t.wire; ++i) EXPECT_EQ(0, r.buffer[i]);  // the gap is zeroed
        uint64_t back = 0xeeeeeeeeeeeeeeee;
        r.message.Buffer = r.buffer + 1;
        ASSERT_EQ(Status::ok, simple_type_unmarshal(r.message, Rig::bytes(&back), t.fc));
        EXPECT_EQ(0, std::memcmp(&value, &back, t.memory)) << int(t.fc);
        EXPECT_EQ(t.memory == 8 ? 0 : 0xee, reinterpret_cast<uint8_t*>(&back)[7]);
        r.message.BufferEnd = r.message.Buffer - 1;
        r.rpc.BufferLength = static_cast<unsigned>(r.message.BufferEnd - r.buffer);
        r.message.Buffer = r.buffer + 1;
        EXPECT_EQ(Status::bad_stub_data, simple_type_unmarshal(r.message, Rig::bytes(&back), t.fc));
        EXPECT_EQ(r.buffer + 1, r.message.Buffer);
    }
    Rig r;
    uint32_t v = 0;
    EXPECT_EQ(Status::bad_stub_data, simple_type_marshal(r.message, Rig::bytes(&v), 0x5b));
}

TEST(NdrBase, Enum16AndInt3264) {
    Rig r;
    uint32_t big = 0x8000, back = 0;
    EXPECT_EQ(Status::enum_value_out_of_range, simple_type_marshal(r.message, Rig::bytes(&big), 0x0d));
    r.buffer[0] = 0xff;
    r.buffer[1] = 0x7f;
    ASSERT_EQ(Status::ok, simple_type_unmarshal(r.message, Rig::bytes(&back), 0x0d));
    EXPECT_EQ(0x7fffu, back);
    std::memset(r.buffer, 0xff, 8);
    int64_t wide = 0;
    ASSERT_EQ(Status::ok, simple_type_unmarshal(r.message, Rig::bytes(&wide), 0xb8));
    EXPECT_EQ(-1, wide);
    r.message.Buffer = r.buffer;
    ASSERT_EQ(Status::ok, simple_type_unmarshal(r.message, Rig::bytes(&wide), 0xb9));
    EXPECT_EQ(0xffffffff, wide);
}

TEST(NdrStruct, Simple) {
    Simple s{};
    s.a = 0x01020304;
    s.b = 0x0506;
    s.c = 7;
    s.h = 0x1112131415161718;
    Image w;
    w.u32(0x01020304).u16(0x0506).u8(7).u8(0).u64(0x1112131415161718);
    check_type(&s, x(x64::at_simple), w.bytes);
    check_type(&s, x(x64::at_simple_p), w.bytes);  // a [ref] parameter leaves nothing of itself
}

TEST(NdrStruct, WithPointersGoesFlatFirstThenReferentsInOrder) {
    int32_t five = 5;
    int16_t arr[] = {1, 2, 3};
    WithPointers p{3, u"hi", &five, arr};
    Image w;
    w.u32(3).referent(0).referent(1).referent(2);
    w.u32(3).u32(0).u32(3).wide(u"hi");
    w.u32(5);
    w.u32(3).u16(1).u16(2).u16(3);
    check_type(&p, x(x64::at_withptr), w.bytes);
    WithPointers nulls{0, nullptr, nullptr, nullptr};
    Image z;
    z.u32(0).u32(0).u32(0).u32(0);
    check_type(&nulls, x(x64::at_withptr_p), z.bytes);
}

TEST(NdrStruct, ListByPointer) {
    Node c{3, nullptr}, b{2, &c}, a{1, &b};
    Image w;
    w.u32(1).referent(0).u32(2).referent(1).u32(3).u32(0);
    check_type(&a, x(x64::at_node), w.bytes);
    // [unique] ** : the outer [ref] leaves nothing, the inner one its referent.
    Node* head = &a;
    Image u;
    u.referent(0).u32(1).referent(1).u32(2).referent(2).u32(3).u32(0);
    Rig r;
    ASSERT_EQ(Status::ok, r.marshal(&head, x(x64::at_node_pp)));
    EXPECT_EQ(u.bytes, r.written());
    // FC_RP says that its referent, the pointer, is on the stub's stack.
    Node* back = nullptr;
    Node** slot = &back;
    r.load(u.bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(slot, x(x64::at_node_pp)));
    ASSERT_TRUE(back && back->next && back->next->next);
    EXPECT_EQ(3, back->next->next->v);
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(slot), x(x64::at_node_pp)));
    EXPECT_EQ(0, Heap::blocks);
}

TEST(NdrStruct, Conformant) {
    Conf<3> c{3, {10, 11, 12}};
    Image w;
    w.u32(3).u32(3).u16(10).u16(11).u16(12);
    check_type(&c, x(x64::at_conf), w.bytes);
    struct {
        int32_t x;
        Conf<2> c;
    } nested{9, {2, {1, 2}}};
    Image n;
    n.u32(2).u32(9).u32(2).u16(1).u16(2);
    check_type(&nested, x(x64::at_nestconf), n.bytes);
}

TEST(NdrStruct, ConformantWithinComplexIsHoisted) {
    int32_t seven = 7;
    struct {
        int32_t x;
        const int32_t* y;
        Conf<2> c;
    } nested{9, &seven, {2, {1, 2}}};
    Image n;
    n.u32(2).u32(9).referent(0).u32(2).u16(1).u16(2).u32(7);
    check_type(&nested, x(x64::at_nestconfp), n.bytes);
    int16_t arr[] = {4};
    struct {
        int32_t n;
        WithPointers a[2];
    } array{2, {{1, u"a", nullptr, arr}, {0, nullptr, &seven, nullptr}}};
    Image w;
    w.u32(2).u32(2);
    w.u32(1).referent(0).u32(0).referent(1);
    w.u32(0).u32(0).referent(2).u32(0);
    w.u32(2).u32(0).u32(2).wide(u"a").u32(1).u16(4).u32(7);
    check_type(&array, x(x64::at_confp), w.bytes);
}

TEST(NdrStruct, ConformantVarying) {
    ConfVar<5> c{5, 2, {1, 2, 3, 4, 5}};
    Image w;
    w.u32(5).u32(5).u32(2).u32(0).u32(2).u16(1).u16(2);
    check_type(&c, x(x64::at_confvar), w.bytes);
    ConfVar<5> bad{1, 2, {}};
    Rig r;
    EXPECT_EQ(Status::invalid_bound, r.size(&bad, x(x64::at_confvar)));
    Image wrong = w;
    wrong.bytes[16] = 9;  // actual count
    r.load(wrong.bytes);
    ConfVar<5>* none = nullptr;
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(none, x(x64::at_confvar)));
}

TEST(NdrStruct, VaryingArrayAndFixedStrings) {
    struct {
        int32_t l, a[10];
    } v{2, {7, 8}};
    Image w;
    w.u32(2).u32(0).u32(2).u32(7).u32(8);
    check_type(&v, x(x64::at_vary), w.bytes);
    Strs s{"abc", u"de"};
    Image t;
    t.u32(0).u32(4).text("abc").u32(0).u32(3).wide(u"de");
    check_type(&s, x(x64::at_strs), t.bytes);
    Strs unended;
    std::memset(&unended, 'x', sizeof unended);
    Rig r;
    EXPECT_EQ(Status::invalid_bound, r.size(&unended, x(x64::at_strs)));
}

TEST(NdrStruct, Enums) {
    Enums e{2, 0x12345, 9};
    Image w;
    w.u16(2).u32(0x12345).u8(9);
    check_type(&e, x(x64::at_enums), w.bytes);
}

// The description's page "Structures": a block with an enum16 that is checked, and what follows it in memory is not sent.
TEST(NdrStruct, Hard) {
    const uint8_t f[] = {0xb1, 0x03, 0x10, 0x00, 0, 0, 0, 0, 0x04, 0x00, 0x06, 0x00, 0x08, 0x00, 0x00, 0x00, 0x08, 0x0d, 0x5c, 0x5b,  // 0
                         0xb1, 0x03, 0x10, 0x00, 0, 0, 0, 0, 0xff, 0xff, 0x04, 0x00, 0x08, 0x00, 0x06, 0x00, 0x08, 0x38, 0x5c, 0x5b,  // 20
                         0x2a, 0x48, 0x04, 0x00, 0x01, 0x30, 0x01, 0, 0, 0, 0x08, 0x80, 0xff, 0xff,                                   // 40: union
                         0xb1, 0x03, 0x10, 0x00, 0, 0, 0, 0, 0xff, 0xff, 0x04, 0x00, 0x08, 0x00, 0xe4, 0xff, 0x08, 0x38, 0x4c, 0x00,  // 54
                         0xde, 0xff, 0x5b};
    struct {
        int32_t a;
        uint16_t e;
        uint16_t rest[5];
    } block{0x01020304, 0x7fff, {}};
    check_type(&block, f, Image().u32(0x01020304).u16(0x7fff).bytes);
    Rig r;
    block.e = 0x8000;
    EXPECT_EQ(Status::enum_value_out_of_range, r.marshal(&block, f));
    void* none = nullptr;
    r.load(Image().u32(1).u16(0x8000).bytes);
    EXPECT_EQ(Status::enum_value_out_of_range, r.unmarshal(none, f));
    EXPECT_EQ(0, Heap::blocks);
    // A union at the end, behind a gap that memory alone has.
    struct {
        int32_t a, gap, tag, arm;
    } with_union{7, 0, 1, 9};
    check_type(&with_union, f + 20, Image().u32(7).u32(1).u32(9).bytes);
    check_type(&with_union, f + 54, Image().u32(7).u32(1).u32(9).bytes);
    // Of another byte order, by its members: whether the union is one of them or stands at the end alone.
    Rig big;
    big.rpc.DataRepresentation = NDR_BIG_ENDIAN;
    big.load({1, 2, 3, 4, 0x12, 0x34});
    ASSERT_EQ(Status::ok, convert_type(big.message, f));
    EXPECT_EQ(Image().u32(0x01020304).u16(0x1234).bytes, big.written());
    for (int at : {20, 54}) {
        big.load({0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9});
        ASSERT_EQ(Status::ok, convert_type(big.message, f + at));
        EXPECT_EQ(Image().u32(7).u32(1).u32(9).bytes, big.written());
        big.load({0, 0, 0, 7, 0, 0, 0, 1, 0, 0});
        EXPECT_EQ(Status::bad_stub_data, convert_type(big.message, f + at));
    }
}

TEST(NdrUnion, Encapsulated) {
    Encapsulated e{};
    e.tag = 1;
    e.l = 77;
    check_type(&e, x(x64::at_encu), Image().u32(1).u32(77).bytes);
    e.tag = 3;
    e.h = 78;
    check_type(&e, x(x64::at_encu), Image().u32(3).u64(78).bytes);
    e.tag = 4;
    e.s = "q";
    check_type(&e, x(x64::at_encu), Image().u32(4).referent(0).u32(2).u32(0).u32(2).text("q").bytes);
    e.tag = 5;
    check_type(&e, x(x64::at_encu), Image().u32(5).bytes);
    e.tag = 99;
    e.d = 6;
    check_type(&e, x(x64::at_encu), Image().u32(99).u16(6).bytes);
    e.tag = 2;
    e.ww = {0, nullptr, nullptr, nullptr};
    check_type(&e, x(x64::at_encu), Image().u32(2).u32(0).u32(0).u32(0).u32(0).bytes);
}

TEST(NdrUnion, NonEncapsulated) {
    Simple s{1, 2, 3, 4};
    HasUnion h{};
    h.tt = 3;
    h.u.sp = &s;
    Image w;
    w.u32(3).u32(3).referent(0).align(8).u32(1).u16(2).u8(3).u8(0).u64(4);
    check_type(&h, x(x64::at_hasu), w.bytes);
    h.tt = -1;
    h.u.c = 'c';
    Image n;
    n.u32(0xffffffff).u32(0xffffffff).u8('c');
    check_type(&h, x(x64::at_hasu), n.bytes);
    h.tt = 17;
    Rig r;
    EXPECT_EQ(Status::invalid_tag, r.size(&h, x(x64::at_hasu)));
    // The discriminant on the wire is not the one of the field.
    Image other = n;
    other.bytes[4] = 1;
    other.bytes[5] = other.bytes[6] = other.bytes[7] = 0;
    other.u32(0);
    r.load(other.bytes);
    HasUnion* none = nullptr;
    EXPECT_EQ(Status::bad_stub_data, r.unmarshal(none, x(x64::at_hasu)));
    EXPECT_EQ(0, Heap::blocks);
}

}  // namespace rpc::ndr::test
