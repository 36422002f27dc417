// Wire images derived by hand from C706 chapter 14: pointers and what they lead to, ranges.
#include "ndr/sample_test.h"

namespace rpc::ndr::test {

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
    for (const Node* n = back; n; n = n->next) EXPECT_EQ(static_cast<int32_t>(seen++), n->v);
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
