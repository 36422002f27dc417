// Full pointers to what another one has brought (C706 14.3.11.1): the same memory, as far as it is what the second one expects. A peer may
// say anything.
#include "ndr/sample_test.h"

namespace rpc::ndr::test {
namespace {

// Unmarshals a structure on a server and gives its memory back.
template <class T, class F>
Status taken(const std::vector<uint8_t>& wire, const uint8_t* format, F look) {
    Rig r;
    EXPECT_EQ(Status::ok, full_pointers_init(r.message, XLAT_SERVER));
    r.load(wire);
    T* back = nullptr;
    const Status s = r.unmarshal(back, format);
    if (!failed(s)) {
        look(*back);
        EXPECT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(back), format));
        Heap::release(back);
    }
    full_pointers_free(r.message);
    EXPECT_EQ(0, Heap::blocks);
    return s;
}
template <class T>
Status taken(const std::vector<uint8_t>& wire, const uint8_t* format) {
    return taken<T>(wire, format, [](T& two) { EXPECT_TRUE(two.a && static_cast<void*>(two.a) == two.b); });
}

struct Two {
    void *a, *b;
};

// struct { [ptr] A* a; [ptr] B* b; } of base types.
std::vector<uint8_t> two(uint8_t a, uint8_t b) {
    return {0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x36, 0x36, 0x5c, 0x5b, 0x14, 0x08, a, 0x5c, 0x14, 0x08, b, 0x5c};
}
constexpr uint8_t fc_short = 0x06, fc_long = 0x08, fc_hyper = 0x0b;

}  // namespace

TEST(NdrAlias, OfNoMoreBytesThanThereAre) {
    const Image four = Image().u32(1).u32(1).u32(9), eight = Image().u32(1).u32(1).u64(9);
    EXPECT_EQ(Status::ok, taken<Two>(four.bytes, two(fc_long, fc_long).data()));
    EXPECT_EQ(Status::ok, taken<Two>(eight.bytes, two(fc_hyper, fc_long).data()));
    EXPECT_EQ(Status::ok, taken<Two>(four.bytes, two(fc_long, fc_short).data()));
    EXPECT_EQ(Status::bad_stub_data, taken<Two>(four.bytes, two(fc_long, fc_hyper).data()));
}

TEST(NdrAlias, OfPointersNoNumbers) {
    // struct { [ptr] hyper* a; [ptr] struct { [unique] long* p; }* b; }, and the other way round
    const uint8_t f[] = {0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x36, 0x36, 0x5c, 0x5b, 0x14, 0x08, 0x0b, 0x5c, 0x14, 0x00, 0x16, 0x00,
                         0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x36, 0x36, 0x5c, 0x5b, 0x14, 0x00, 0x06, 0x00, 0x14, 0x08, 0x0b, 0x5c,
                         0x1a, 0x03, 0x08, 0x00, 0x00, 0x00, 0x04, 0x00, 0x36, 0x5b, 0x12, 0x08, 0x08, 0x5c};
    EXPECT_EQ(Status::bad_stub_data, taken<Two>(Image().u32(1).u32(1).u64(0x4141414141414141).bytes, f));
    EXPECT_EQ(Status::bad_stub_data, taken<Two>(Image().u32(1).u32(1).u32(2).u32(7).bytes, f + 20));
    // The same structure twice.
    const uint8_t same[] = {0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x36, 0x36, 0x5c, 0x5b, 0x14, 0x00, 0x06, 0x00, 0x14, 0x00, 0x02, 0x00,
                            0x1a, 0x03, 0x08, 0x00, 0x00, 0x00, 0x04, 0x00, 0x36, 0x5b, 0x12, 0x08, 0x08, 0x5c};
    EXPECT_EQ(Status::ok, taken<Two>(Image().u32(1).u32(1).u32(2).u32(7).bytes, same));
}

TEST(NdrAlias, OfNoMoreElementsThanThereAre) {
    // struct { long n, m; [ptr, size_is(n)] long* a; [ptr, size_is(m)] long* b; }
    struct Counted {
        int32_t n, m, *a, *b;
    };
    const uint8_t f[] = {0x1a, 0x03, 0x18, 0x00, 0x00, 0x00, 0x08, 0x00, 0x08, 0x08, 0x36, 0x36, 0x5c, 0x5b, 0x14, 0x00, 0x06, 0x00,
                         0x14, 0x00, 0x0c, 0x00, 0x1b, 0x03, 0x04, 0x00, 0x18, 0x00, 0x00, 0x00, 0x08, 0x5b, 0x1b, 0x03, 0x04, 0x00, 0x18, 0x00,
                         0x04, 0x00, 0x08, 0x5b};
    const auto image = [](uint32_t n, uint32_t m) {
        return Image().u32(n).u32(m).u32(1).u32(1).u32(n).u32(7).u32(8).bytes;
    };
    for (uint32_t m : {0u, 1u, 2u}) EXPECT_EQ(Status::ok, taken<Counted>(image(2, m), f)) << m;
    for (uint32_t m : {3u, 1000000u, 0x80000000u}) EXPECT_EQ(Status::bad_stub_data, taken<Counted>(image(2, m), f)) << m;
}

TEST(NdrAlias, OfParametersStillToCome) {
    // [ptr, size_is(n)] long* a; [ptr, size_is(m)] long* b; n and m are the third and the fourth parameter.
    const uint8_t f[] = {0x14, 0x00, 0x06, 0x00, 0x14, 0x00, 0x0c, 0x00, 0x1b, 0x03, 0x04, 0x00, 0x28, 0x00, 0x10, 0x00, 0x08, 0x5b,
                         0x1b, 0x03, 0x04, 0x00, 0x28, 0x00, 0x18, 0x00, 0x08, 0x5b};
    for (int64_t m : {1, 2, 3}) {
        int64_t frame[] = {0, 0, 0, 0};
        Rig r;
        ASSERT_EQ(Status::ok, full_pointers_init(r.message, XLAT_SERVER));
        ASSERT_EQ(Status::ok, correlation_init(r.message));
        r.message.StackTop = reinterpret_cast<unsigned char*>(frame);
        r.load(Image().u32(1).u32(2).u32(7).u32(8).u32(1).bytes);
        int32_t *a = nullptr, *b = nullptr;
        ASSERT_EQ(Status::ok, r.unmarshal(a, f));
        ASSERT_EQ(Status::ok, r.unmarshal(b, f + 4));
        EXPECT_EQ(a, b);
        frame[2] = 2;
        frame[3] = m;
        EXPECT_EQ(m <= 2 ? Status::ok : Status::bad_stub_data, correlation_pass(r.message));
        correlation_free(r.message);
        Heap::release(a);
        full_pointers_free(r.message);
        EXPECT_EQ(0, Heap::blocks);
    }
}

TEST(NdrAlias, OfATextIsATextOfItsKind) {
    // struct { [ptr, string] A* a; [ptr, string] B* b; }
    const auto texts = [](uint8_t a, uint8_t b) { return two(a, b); };
    const Image narrow = Image().u32(1).u32(1).u32(3).u32(0).u32(3).text("hi");
    EXPECT_EQ(Status::ok, taken<Two>(narrow.bytes, texts(0x22, 0x22).data()));
    EXPECT_EQ(Status::bad_stub_data, taken<Two>(narrow.bytes, texts(0x22, 0x25).data()));
    EXPECT_EQ(Status::bad_stub_data, taken<Two>(Image().u32(1).u32(1).u32(9).bytes, texts(fc_long, 0x22).data()));
}

// The structure's own pointer brings the pointee, behind what its other pointer leads to (14.3.12.3).
TEST(NdrAlias, OfWhatIsStillToCome) {
    struct Inner {
        int32_t* c;
    };
    struct Outer {
        Inner* p;
        int32_t* d;
    };
    // struct { [unique] struct { [ptr] long* c; }* p; [ptr] long* d; }
    const uint8_t f[] = {0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x36, 0x36, 0x5c, 0x5b, 0x12, 0x00, 0x06, 0x00, 0x14, 0x08, 0x08, 0x5c,
                         0x1a, 0x03, 0x08, 0x00, 0x00, 0x00, 0x04, 0x00, 0x36, 0x5b, 0x14, 0x08, 0x08, 0x5c};
    int32_t v = 9;
    Inner inner{&v};
    Outer outer{&inner, &v};
    Rig r;
    ASSERT_EQ(Status::ok, full_pointers_init(r.message, XLAT_CLIENT));
    ASSERT_EQ(Status::ok, r.marshal(&outer, f));
    const std::vector<uint8_t> wire = r.written();
    full_pointers_free(r.message);
    EXPECT_EQ(wire.size(), 16u);
    EXPECT_EQ(Status::ok, taken<Outer>(wire, f, [](Outer& back) {
        ASSERT_TRUE(back.p && back.d);
        EXPECT_EQ(back.p->c, back.d);
        EXPECT_EQ(*back.d, 9);
    }));
}

}  // namespace rpc::ndr::test
