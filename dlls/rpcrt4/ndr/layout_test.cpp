// Block-copied structures and arrays with pointers (FC_PP), which compilers make where pointers are 4 bytes wide: the formats
// that widl writes for x86, over memory laid out as x86 code has it.
#include "ndr/test_rig.h"

namespace rpc::ndr::test {

using namespace sample;

namespace {

const uint8_t* x(unsigned at) { return x32::format + at; }

struct WithPointers {
    int32_t a;
    uint32_t s, p, arr;
};
struct Node {
    int32_t v;
    uint32_t next;
};
struct Text {
    char16_t s[4];
};
struct Shorts {
    int16_t s[3];
};

WithPointers three() { return {3, low(Text{u"hi"}), low(int32_t{5}), low(Shorts{{1, 2, 3}})}; }
void flat(Image& w, unsigned first) { w.u32(3).referent(first).referent(first + 1).referent(first + 2); }
void referents(Image& w) { w.u32(3).u32(0).u32(3).wide(u"hi").u32(5).u32(3).u16(1).u16(2).u16(3); }

}  // namespace

TEST(NdrLayout, Structure) {
    ASSERT_EQ(0x16, x(x32::at_withptr)[0]);  // FC_PSTRUCT
    Image w;
    flat(w, 0);
    referents(w);
    check_narrow(Low::copy(three()), x(x32::at_withptr), w.bytes);
    check_narrow(Low::copy(WithPointers{0, 0, low(int32_t{6}), 0}), x(x32::at_withptr_p),
                 Image().u32(0).u32(0).referent(0).u32(0).u32(6).bytes);
}

TEST(NdrLayout, List) {
    Node c{3, 0}, b{2, low(c)}, a{1, low(b)};
    check_narrow(Low::copy(a), x(x32::at_node), Image().u32(1).referent(0).u32(2).referent(1).u32(3).u32(0).bytes);
}

TEST(NdrLayout, FixedRepeat) {
    struct {
        WithPointers s[3];
    } a{{three(), {0, 0, 0, 0}, three()}};
    ASSERT_EQ(0x1d, x(x32::at_withptr_3)[0]);
    Image w;
    flat(w, 0);
    w.u32(0).u32(0).u32(0).u32(0);
    flat(w, 3);
    referents(w);
    w.align(4);
    referents(w);
    check_narrow(Low::copy(a), x(x32::at_withptr_3), w.bytes);
}

TEST(NdrLayout, VariableRepeat) {
    struct {
        WithPointers s[2];
    } a{{three(), three()}};
    int32_t* frame = Low::copy(int32_t{2});
    ASSERT_EQ(0x1b, x(x32::at_withptr_array_2)[0]);
    Image w;
    w.u32(2);
    flat(w, 0);
    flat(w, 3);
    referents(w);
    w.align(4);
    referents(w);
    check_narrow(Low::copy(a), x(x32::at_withptr_array_2), w.bytes, frame);
}

TEST(NdrLayout, ConformantStructure) {
    struct {
        int32_t n;
        WithPointers s[2];
    } a{2, {three(), {0, 0, 0, 0}}};
    ASSERT_EQ(0x18, x(x32::at_confp)[0]);  // FC_CPSTRUCT
    Image w;
    w.u32(2).u32(2);
    flat(w, 0);
    w.u32(0).u32(0).u32(0).u32(0);
    referents(w);
    check_narrow(Low::copy(a), x(x32::at_confp), w.bytes);
    struct {
        int32_t x;
        uint32_t y;
        int32_t n;
        int16_t s[2];
    } nested{9, low(int32_t{7}), 2, {1, 2}};
    ASSERT_EQ(0x18, x(x32::at_nestconfp)[0]);
    check_narrow(Low::copy(nested), x(x32::at_nestconfp), Image().u32(2).u32(9).referent(0).u32(2).u16(1).u16(2).u32(7).bytes);
}

TEST(NdrLayout, ClientMemoryIsReusedThroughABlockCopy) {
    Rig& r = *narrow_rig();
    WithPointers* p = Low::copy(three());
    WithPointers before = *p;
    Image w;
    w.u32(0).referent(0).referent(1).u32(0).u32(3).u32(0).u32(3).wide(u"ho").u32(6);
    r.load(w.bytes);
    long blocks = Heap::blocks;
    ASSERT_EQ(Status::ok, r.unmarshal(p, x(x32::at_withptr)));
    EXPECT_EQ(before.s, p->s);
    EXPECT_EQ(before.p, p->p);
    EXPECT_EQ(0u, p->arr);
    EXPECT_EQ(blocks, Heap::blocks);
    EXPECT_EQ(6, *reinterpret_cast<int32_t*>(static_cast<uintptr_t>(p->p)));
}

TEST(NdrLayout, SizesThatTheReplyChangesDoNotMoveTheBounds) {
    Rig& r = *narrow_rig();
    WithPointers one = three();
    one.a = 2;
    WithPointers* p = Low::copy(one);
    Image w;
    w.u32(3).u32(0).u32(0).referent(0).u32(3).u16(7).u16(8).u16(9);
    r.load(w.bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(p, x(x32::at_withptr)));
    struct {
        WithPointers s[2];
    } two{{three(), one}};
    auto* array = Low::copy(two);
    Image v;
    v.u32(3).u32(0).u32(0).u32(0).u32(3).u32(0).u32(0).referent(0).u32(3).u16(7).u16(8).u16(9);
    int32_t* frame = Low::copy(int32_t{2});
    r.message.StackTop = reinterpret_cast<unsigned char*>(frame);
    Image c;
    c.u32(2);
    for (uint8_t b : v.bytes) c.u8(b);
    r.load(c.bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(array, x(x32::at_withptr_array_2)));
}

TEST(NdrLayout, ComplexTypesWithNarrowPointers) {
    struct Big {
        int16_t tt;
        int32_t r;
        uint32_t c;
        uint32_t pad;
        struct {
            int32_t a;
            int16_t b;
            char c;
            int64_t h;
        } arr[3];
        uint32_t ptrs[4];
        WithPointers wp[2];
    } big{};
    big.tt = 4;
    big.r = 5;
    struct {
        int32_t n;
        int16_t a[2];
    } conf{2, {8, 9}};
    big.c = low(conf);
    big.ptrs[1] = low(int32_t{7});
    Image w;
    w.u16(4).u32(5).referent(0).align(8);
    for (int i = 0; i < 3; ++i) w.u32(0).u16(0).u8(0).u8(0).u64(0);
    w.u32(0).referent(1).u32(0).u32(0);
    for (int i = 0; i < 8; ++i) w.u32(0);
    w.u32(2).u32(2).u16(8).u16(9).u32(7);
    check_narrow(Low::copy(big), x(x32::at_big), w.bytes);
}

TEST(NdrLayout, NeedsNarrowPointers) {
    Rig r;
    WithPointers p{};
    EXPECT_EQ(Status::internal_error, r.size(&p, x(x32::at_withptr)));
}

}  // namespace rpc::ndr::test
