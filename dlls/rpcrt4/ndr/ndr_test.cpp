// Wire images derived by hand from C706 chapter 14, for each kind of type.
#include "ndr/test_rig.h"

namespace rpc::ndr::test {

using namespace sample;

namespace {

const uint8_t* x(unsigned at) { return x64::format + at; }

struct Simple {
    int32_t a;
    int16_t b;
    char c;
    int64_t h;
};
struct WithPointers {
    int32_t a;
    const char16_t* s;
    const int32_t* p;
    const int16_t* arr;
};
struct Node {
    int32_t v;
    Node* next;
};
template <int N>
struct Conf {
    int32_t n;
    int16_t a[N];
};
template <int N>
struct ConfVar {
    int32_t n, l;
    int16_t a[N];
};
struct Strs {
    char s[20];
    char16_t w[10];
};
struct Enums {
    int32_t e, v;
    uint8_t bb;
};
struct Encapsulated {
    int32_t tag;
    union {
        int32_t l;
        WithPointers ww;
        int64_t h;
        const char* s;
        int16_t d;
    };
};
union NonEncapsulated {
    int32_t l;
    int64_t h;
    const Simple* sp;
    char c;
};
struct HasUnion {
    int32_t tt;
    NonEncapsulated u;
};

}  // namespace

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

TEST(NdrString, ConformantAndSized) {
    check_type(u"wide", x(x64::at_wchar_t_p_3 + 2), Image().u32(5).u32(0).u32(5).wide(u"wide").bytes);
    const uint8_t chars[] = {0x22, 0x5c};
    check_type("", chars, Image().u32(1).u32(0).u32(1).text("").bytes);
    // [string, size_is(n)]: the parameter at offset 0 of the frame.
    const uint8_t sized[] = {0x22, 0x44, 0x28, 0x00, 0x00, 0x00};
    int64_t frame[] = {10};
    char room[10] = "abc";
    check_type(room, sized, Image().u32(10).u32(0).u32(4).text("abc").bytes, frame);
    const uint8_t structs[] = {0x24, 0x04, 0x5b};  // FC_C_SSTRING of 4-byte elements
    uint32_t elements[] = {1, 256, 0};
    check_type(elements, structs, Image().u32(3).u32(0).u32(3).u32(1).u32(256).u32(0).bytes);
}

TEST(NdrString, BadOnesFromAPeer) {
    const uint8_t chars[] = {0x22, 0x5c};
    auto status = [&](const Image& w) {
        Rig r;
        r.load(w.bytes);
        char* none = nullptr;
        Status s = r.unmarshal(none, chars);
        EXPECT_EQ(0, Heap::blocks);
        return s;
    };
    EXPECT_EQ(Status::bad_stub_data, status(Image().u32(3).u32(0).u32(3).u8('a').u8('b').u8('c')));  // no terminator
    EXPECT_EQ(Status::invalid_bound, status(Image().u32(2).u32(0).u32(3).text("ab")));               // actual > max
    EXPECT_EQ(Status::invalid_bound, status(Image().u32(3).u32(1).u32(2).text("ab")));               // an offset
    EXPECT_EQ(Status::invalid_bound, status(Image().u32(1).u32(0).u32(0)));                          // nothing at all
    EXPECT_EQ(Status::bad_stub_data, status(Image().u32(100).u32(0).u32(100).text("ab")));
    EXPECT_EQ(Status::invalid_bound, status(Image().u32(0xffffffff).u32(0).u32(0xffffffff)));
}

TEST(NdrArray, ConformantParameter) {
    int64_t frame[] = {3};
    int32_t a[] = {1, 2, 3};
    check_type(a, x(x64::at_long_array), Image().u32(3).u32(1).u32(2).u32(3).bytes, frame);
    // -Os: no frame; the caller says.
    Rig r;
    r.message.MaxCount = 2;
    ASSERT_EQ(Status::ok, r.marshal(a, x(x64::at_long_array)));
    EXPECT_EQ(Image().u32(2).u32(1).u32(2).bytes, r.written());
    // More than there is: refused before memory is asked for.
    int32_t* none = nullptr;
    r.load(Image().u32(0x10000000).u32(1).bytes);
    EXPECT_EQ(Status::bad_stub_data, r.unmarshal(none, x(x64::at_long_array)));
    r.load(Image().u32(0x80000000).u32(1).bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(none, x(x64::at_long_array)));
    int64_t negative[] = {-1};
    r.message.StackTop = reinterpret_cast<unsigned char*>(negative);
    EXPECT_EQ(Status::invalid_bound, r.size(a, x(x64::at_long_array)));
}

TEST(NdrArray, OfStructsWithPointersAndFixed) {
    int32_t one = 1;
    WithPointers a[3] = {{0, u"x", nullptr, nullptr}, {0, nullptr, &one, nullptr}, {0, nullptr, nullptr, nullptr}};
    Image flat;
    flat.u32(0).referent(0).u32(0).u32(0).u32(0).u32(0).referent(1).u32(0).u32(0).u32(0).u32(0).u32(0);
    flat.u32(2).u32(0).u32(2).wide(u"x").u32(1);
    check_type(a, x(x64::at_withptr_3), flat.bytes);
    int64_t frame[] = {3};
    Image conformant;
    conformant.u32(3);
    for (uint8_t b : flat.bytes) conformant.u8(b);
    check_type(a, x(x64::at_withptr_array_2), conformant.bytes, frame);
    int32_t grid[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
    Image g;
    for (unsigned i = 1; i <= 12; ++i) g.u32(i);
    check_type(grid, x(x64::at_long_3_4), g.bytes);
    Image h;
    h.u32(3);
    for (unsigned i = 1; i <= 12; ++i) h.u32(i);
    check_type(grid, x(x64::at_long_array_4), h.bytes, frame);
}

TEST(NdrArray, OfTwoConformantDimensionsHasBothMaximaFirst) {
    // long m[n][k]: FC_BOGUS_ARRAY of FC_CARRAY-like FC_BOGUS_ARRAY; n at frame offset 0, k at 8.
    const uint8_t f[] = {
        0x21, 0x03, 0x00, 0x00, 0x28, 0x00, 0x08, 0x00, 0xff, 0xff, 0xff, 0xff, 0x08, 0x5b,              // 0: inner
        0x21, 0x03, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x4c, 0x00, 0xe4, 0xff,  // 14: outer
        0x5c, 0x5b,
    };
    int64_t frame[] = {2, 3};
    int32_t m[2][3] = {{1, 2, 3}, {4, 5, 6}};
    check_type(m, f + 14, Image().u32(2).u32(3).u32(1).u32(2).u32(3).u32(4).u32(5).u32(6).bytes, frame);
}

TEST(NdrPointer, UniqueTopLevel) {
    int32_t v = 42;
    check_type(&v, x(x64::at_long_p), Image().referent(0).u32(42).bytes);
    check_type(nullptr, x(x64::at_long_p), Image().u32(0).bytes);
    Rig r;
    EXPECT_EQ(Status::null_ref_pointer, r.marshal(nullptr, x(x64::at_simple_p)));
    EXPECT_EQ(Status::null_ref_pointer, r.size(nullptr, x(x64::at_simple)));
    EXPECT_EQ(Status::ok, ndr::free(r.message, nullptr, x(x64::at_simple_p)));
}

TEST(NdrPointer, ClientMemoryIsReused) {
    // [in, out]: what the caller's pointers lead to is written to, not replaced.
    int32_t five = 5;
    char16_t text[8] = u"old one";
    WithPointers p{0, text, &five, nullptr};
    WithPointers* memory = &p;
    Rig r;
    Image w;
    w.u32(0).referent(0).referent(1).u32(0).u32(3).u32(0).u32(3).wide(u"hi").u32(6);
    r.load(w.bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(memory, x(x64::at_withptr_p)));
    EXPECT_EQ(&p, memory);
    EXPECT_EQ(text, p.s);
    EXPECT_EQ(&five, p.p);
    EXPECT_EQ(6, five);
    EXPECT_EQ(u'h', text[0]);
    EXPECT_EQ(0, Heap::blocks);
    // A null from the server: the caller's pointer is null then.
    r.load(Image().u32(0).u32(0).u32(0).u32(0).bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(memory, x(x64::at_withptr_p)));
    EXPECT_EQ(nullptr, p.s);
}

TEST(NdrPointer, ClientMemoryIsNotOverrun) {
    int64_t frame[] = {2};
    int32_t a[2] = {};
    int32_t* memory = a;
    Rig r;
    r.message.StackTop = reinterpret_cast<unsigned char*>(frame);
    r.load(Image().u32(3).u32(1).u32(2).u32(3).bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(memory, x(x64::at_long_array)));
    Conf<2> c{2, {}};
    Conf<2>* out = &c;
    r.load(Image().u32(3).u32(3).u16(1).u16(2).u16(3).bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(out, x(x64::at_conf)));
}

TEST(NdrPointer, SizesThatTheReplyChangesDoNotMoveTheBounds) {
    // struct { long a; ...; [size_is(a)] short *arr; }: the reply's `a` is 3, the caller's memory was for 2.
    int16_t arr[2] = {1, 2};
    WithPointers p{2, nullptr, nullptr, arr}, *memory = &p;
    Rig r;
    r.load(Image().u32(3).u32(0).u32(0).referent(0).u32(3).u16(7).u16(8).u16(9).bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(memory, x(x64::at_withptr_p)));
    p.a = 2;
    p.arr = arr;
    r.load(Image().u32(1).u32(0).u32(0).referent(0).u32(1).u16(7).bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(memory, x(x64::at_withptr_p)));
    EXPECT_EQ(7, arr[0]);
    EXPECT_EQ(2, arr[1]);
    // Without memory of the caller's there is nothing to overrun.
    p = {0, nullptr, nullptr, nullptr};
    r.load(Image().u32(3).u32(0).u32(0).referent(0).u32(3).u16(7).u16(8).u16(9).bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(memory, x(x64::at_withptr_p)));
    EXPECT_EQ(9, p.arr[2]);
    Heap::release(const_cast<int16_t*>(p.arr));
}

TEST(NdrPointer, Expressions) {
    int32_t v[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct {
        int32_t n;
        int32_t *q, *r, *t, *v;
    } e{4, v, v, v, v};
    Image w;
    w.u32(4).referent(0).referent(1).referent(2).referent(3);
    auto some = [&](unsigned n) {
        w.u32(n);
        for (unsigned i = 1; i <= n; ++i) w.u32(i);
    };
    some(2);
    some(5);
    some(8);
    some(3);
    check_type(&e, x(x64::at_exprs), w.bytes);
}

TEST(NdrPointer, ServerLeavesPlainDataInTheRequest) {
    Rig r(false);
    Image w;
    w.u32(1).u16(2).u8(3).u8(0).u64(4);
    r.load(w.bytes);
    Simple* s = nullptr;
    ASSERT_EQ(Status::ok, r.unmarshal(s, x(x64::at_simple_p)));
    EXPECT_EQ(static_cast<void*>(r.buffer), s);
    EXPECT_EQ(0, Heap::blocks);
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(s), x(x64::at_simple_p)));
    EXPECT_EQ(0, Heap::blocks);
    r.load(w.bytes);
    s = nullptr;
    ASSERT_EQ(Status::ok, r.unmarshal(s, x(x64::at_simple_p), true));
    EXPECT_EQ(1, Heap::blocks);
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(s), x(x64::at_simple_p)));
    EXPECT_EQ(0, Heap::blocks);
}

TEST(NdrPointer, AllocateAllNodesIsOneBlock) {
    const uint8_t* node = x(x64::at_node);
    uint8_t f[64];
    std::memcpy(f, node, 16);  // the structure and its pointer
    // FC_UP [all_nodes] to the structure before it
    const uint8_t up[] = {0x12, 0x01, 0xee, 0xff};
    std::memcpy(f + 16, up, 4);
    f[14] = 0xf2;
    f[15] = 0xff;
    Image w;
    w.referent(0).u32(1).referent(1).u32(2).referent(2).u32(3).u32(0);
    Rig r;
    r.load(w.bytes);
    Node* list = nullptr;
    ASSERT_EQ(Status::ok, r.unmarshal(list, f + 16));
    EXPECT_EQ(1, Heap::blocks);
    ASSERT_TRUE(list && list->next && list->next->next);
    EXPECT_EQ(3, list->next->next->v);
    EXPECT_EQ(list + 1, list->next);
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(list), f + 16));
    EXPECT_EQ(0, Heap::blocks);
}

TEST(NdrPointer, FullPointersTravelOnce) {
    // struct { [ptr] long *a, *b; }
    const uint8_t f[] = {0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x36, 0x36, 0x5c, 0x5b,
                         0x14, 0x08, 0x08, 0x5c, 0x14, 0x08, 0x08, 0x5c};
    const uint8_t* type = f;
    uint8_t fixed[sizeof f];
    std::memcpy(fixed, f, sizeof f);
    fixed[6] = 6;  // from offset 6 to 12
    type = fixed;
    int32_t v = 9;
    struct {
        int32_t *a, *b;
    } s{&v, &v}, *back = nullptr;
    Rig r;
    ASSERT_EQ(Status::ok, full_pointers_init(r.message, XLAT_CLIENT));
    ASSERT_EQ(Status::ok, r.size(&s, type));
    ASSERT_EQ(Status::ok, r.marshal(&s, type));
    EXPECT_EQ(Image().u32(1).u32(1).u32(9).bytes, r.written());
    EXPECT_EQ(12u, r.message.BufferLength);
    full_pointers_free(r.message);
    ASSERT_EQ(Status::ok, full_pointers_init(r.message, XLAT_SERVER));
    r.message.Buffer = r.buffer;
    ASSERT_EQ(Status::ok, r.unmarshal(back, type));
    EXPECT_EQ(back->a, back->b);
    EXPECT_EQ(9, *back->a);
    EXPECT_EQ(2, Heap::blocks);
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(back), type));
    EXPECT_EQ(1, Heap::blocks);
    Heap::release(back);
    full_pointers_free(r.message);
}

TEST(NdrList, AMillionNodes) {
    constexpr unsigned count = 1000000;
    std::vector<Node> nodes(count);
    for (unsigned i = 0; i < count; ++i) nodes[i] = {static_cast<int32_t>(i), i + 1 < count ? &nodes[i + 1] : nullptr};
    Rig r;
    ASSERT_EQ(Status::ok, r.size(nodes.data(), x(x64::at_node)));
    ASSERT_EQ(8u * count, r.message.BufferLength);
    std::vector<uint64_t> room(count);
    auto attach = [&] {
        r.rpc.Buffer = r.message.Buffer = r.message.BufferStart = reinterpret_cast<uint8_t*>(room.data());
        r.message.BufferEnd = r.message.BufferStart + 8 * count;
        r.rpc.BufferLength = 8 * count;
    };
    attach();
    ASSERT_EQ(Status::ok, ndr::marshal(r.message, Rig::bytes(nodes.data()), x(x64::at_node)));
    attach();
    Node* back = nullptr;
    ASSERT_EQ(Status::ok, r.unmarshal(back, x(x64::at_node)));
    EXPECT_EQ(static_cast<long>(count), Heap::blocks);
    unsigned seen = 0;
    for (Node* n = back; n; n = n->next) EXPECT_EQ(static_cast<int32_t>(seen++), n->v);
    EXPECT_EQ(count, seen);
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(back), x(x64::at_node)));
    Heap::release(back);
    EXPECT_EQ(0, Heap::blocks);
}

TEST(NdrRange, IsCheckedWhenUnmarshalled) {
    const uint8_t f[] = {0xb7, 0x08, 1, 0, 0, 0, 10, 0, 0, 0};
    int32_t v = 5;
    check_type(&v, f, Image().u32(5).bytes);
    Rig r;
    int32_t* none = nullptr;
    r.load(Image().u32(11).bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(none, f));
    r.load(Image().u32(0).bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(none, f));
    EXPECT_EQ(0, Heap::blocks);
}

// Descriptions that seem to hold themselves, as old ones do that are read with the descriptors of newer ones, end in a status.
TEST(NdrNesting, ATypeWithinItself) {
    // 0: a structure that ends with 10: a conformant array of it. 26: an array of two of itself.
    const uint8_t f[] = {0x17, 3,    4,    0,    6,    0,    0x08, 0x5b, 0x5c, 0x5c,
                         0x1b, 3,    4,    0,    0x08, 0,    0xfc, 0xff, 0,    0,    0x4c, 0, 0xea, 0xff, 0x5c, 0x5b,
                         0x21, 3,    2,    0,    0xff, 0xff, 0xff, 0xff, 0,    0,    0xff, 0xff, 0xff, 0xff, 0, 0,
                         0x4c, 0,    0xee, 0xff, 0x5c, 0x5b};
    Rig r;
    r.message.fHasNewCorrDesc = 1;
    uint32_t memory[1024];
    Image image;
    for (uint32_t& n : memory) image.u32(n = 1);
    for (unsigned at : {0u, 26u}) {
        // That there is an answer is what counts; where a type has no end, it is no other one.
        const bool endless = at == 26;
        uint32_t size = 0, *none = nullptr;
        r.load(image.bytes);
        EXPECT_TRUE(failed(r.unmarshal(none, f + at)) || !endless);
        if (none) Heap::release(none);
        r.message.BufferLength = 0;
        EXPECT_TRUE(failed(ndr::buffer_size(r.message, Rig::bytes(memory + 1), f + at)) || !endless);
        r.load(image.bytes);
        EXPECT_TRUE(failed(ndr::memory_size(r.message, f + at, size)) || !endless);
        (void)failed(ndr::free(r.message, Rig::bytes(memory + 1), f + at));
        EXPECT_EQ(0, Heap::blocks);
    }
}

}  // namespace rpc::ndr::test
