// Structures that come again and again: planned, they are done as without a plan, and with less.
#include "ndr/both_ways.h"
#include "ndr/test_rig.h"

namespace rpc::ndr::test {

using namespace sample;

namespace {

struct Node {
    int32_t v;
    Node* next;
};
struct WithPointers {
    int32_t a;
    const char16_t* s;
    const int32_t* p;
    const int16_t* arr;
};

std::vector<Node> list_of(size_t count) {
    std::vector<Node> all(count);
    for (size_t i = 0; i < count; ++i) all[i] = {static_cast<int32_t>(i), i + 1 < count ? &all[i + 1] : nullptr};
    return all;
}

// The image of `count` structures with pointers, the last of which are null.
std::vector<uint8_t> images(unsigned count, bool conformance) {
    Image w;
    unsigned id = 0;
    if (conformance) w.u32(count).u32(count);
    for (unsigned i = 0; i < count; ++i) {
        if (i + 1 == count) w.u32(0).u32(0).u32(0).u32(0);
        else w.u32(2).referent(id).referent(id + 1).referent(id + 2), id += 3;
    }
    for (unsigned i = 0; i + 1 < count; ++i) {
        w.align(4).u32(3).u32(0).u32(3).wide(u"hi");
        w.u32(i);
        w.u32(2).u16(i).u16(i + 1);
    }
    return w.bytes;
}

}  // namespace

TEST(NdrPlan, ListsNeedNothingButTheirBlocks) {
    auto all = list_of(1000);
    Rig r;
    const long before = mem_alloc_count();
    ASSERT_EQ(Status::ok, r.size(&all[0], x64::format + x64::at_node_p));
    ASSERT_EQ(Status::ok, r.marshal(&all[0], x64::format + x64::at_node_p));
    Node* back = nullptr;
    r.attach(r.message.BufferLength);
    const long own = mem_alloc_count();
    EXPECT_EQ(before, own);
    ASSERT_EQ(Status::ok, r.unmarshal(back, x64::format + x64::at_node_p));
    EXPECT_EQ(1000, Heap::blocks);
    const long unmarshalled = mem_alloc_count();
    EXPECT_LT(unmarshalled - own, 30);  // what was allocated is written down
    ASSERT_EQ(Status::ok, ndr::free(r.message, reinterpret_cast<uint8_t*>(back), x64::format + x64::at_node_p));
    EXPECT_EQ(unmarshalled, mem_alloc_count());
    EXPECT_EQ(0, Heap::blocks);
}

TEST(NdrPlan, EveryWayHasTheSameImage) {
    auto all = list_of(9);
    Image w;
    for (unsigned i = 0; i < 9; ++i) i < 8 ? w.u32(i).referent(i) : w.u32(i).u32(0);
    check_type(&all[0], x64::format + x64::at_node, w.bytes);
    struct Low4 {
        uint32_t v, next;
    };
    uint32_t next = 0;
    for (unsigned i = 9; i-- != 0;) next = low(Low4{i, next});
    check_narrow(reinterpret_cast<void*>(static_cast<uintptr_t>(next)), x32::format + x32::at_node, w.bytes);
}

TEST(NdrPlan, ElementsFlatFirst) {
    constexpr unsigned count = 6;
    int32_t numbers[count];
    int16_t shorts[count][2];
    struct {
        int32_t n;
        alignas(8) WithPointers s[count];
    } all{};
    all.n = count;
    for (unsigned i = 0; i + 1 < count; ++i) {
        numbers[i] = static_cast<int32_t>(i);
        shorts[i][0] = static_cast<int16_t>(i);
        shorts[i][1] = static_cast<int16_t>(i + 1);
        all.s[i] = {2, u"hi", &numbers[i], shorts[i]};
    }
    check_type(&all, x64::format + x64::at_confp, images(count, true));
}

// A DLL goes and another comes where it was: what stands at an address in one operation says nothing of the next.
TEST(NdrPlan, DescriptionsMayChangeBetweenOperations) {
    uint8_t format[] = {0x1d, 0x03, 0x30, 0x00, 0x4c, 0x00, 0x04, 0x00, 0x5c, 0x5b,         // 0: six of 10
                        0x1a, 0x03, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,                    // 10: long, short
                        0x08, 0x06, 0x3e, 0x5b};
    struct Before {
        int32_t a;
        int16_t b;
    } before[6];
    struct After {
        int16_t a;
        int32_t b;
    } after[6], *back = nullptr;
    Image first, second;
    for (unsigned i = 0; i < 6; ++i) {
        before[i] = {static_cast<int32_t>(i), static_cast<int16_t>(0x100 + i)};
        after[i] = {static_cast<int16_t>(i), static_cast<int32_t>(0x10000 + i)};
        first.u32(i).u16(0x100 + i);
        second.u16(i).u32(0x10000 + i);
    }
    Rig r;
    ASSERT_EQ(Status::ok, r.marshal(before, format));
    EXPECT_EQ(first.bytes, r.written());
    const uint8_t other[] = {0x06, 0x3e, 0x08, 0x5b};  // short, long
    std::memcpy(format + 18, other, sizeof other);
    ASSERT_EQ(Status::ok, r.marshal(after, format));
    EXPECT_EQ(second.bytes, r.written());
    r.load(second.bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(back, format, true));
    EXPECT_EQ(0, std::memcmp(&back[5].b, &after[5].b, 4));
    EXPECT_EQ(5, back[5].a);
    Heap::release(back);
}

TEST(NdrPlan, NullReferencesAreRefused) {
    static const uint8_t format[] = {0x12, 0x00, 0x02, 0x00,                                      // 0: -> 4
                                     0x1a, 0x03, 0x18, 0x00, 0x00, 0x00, 0x08, 0x00,              // 4: structure, layout at 18
                                     0x08, 0x39, 0x36, 0x36, 0x5c, 0x5b,                          //    long, ref, next
                                     0x11, 0x08, 0x08, 0x5c, 0x12, 0x00, 0xec, 0xff};             // 18: [ref] long*, 22: -> 4
    struct Link {
        int32_t v;
        int32_t* must;
        Link* next;
    } all[6];
    int32_t value = 7;
    for (unsigned i = 0; i < 6; ++i) all[i] = {1, &value, i < 5 ? &all[i + 1] : nullptr};
    Rig r;
    ASSERT_EQ(Status::ok, r.size(all, format));
    EXPECT_EQ(4 + 6u * 16, r.message.BufferLength);
    ASSERT_EQ(Status::ok, r.marshal(all, format));
    all[4].must = nullptr;
    EXPECT_EQ(Status::null_ref_pointer, r.size(all, format));
    EXPECT_EQ(Status::null_ref_pointer, r.marshal(all, format));
    EXPECT_EQ(r.buffer, r.message.Buffer);
}

// Where the caller's memory is used again, what a plan allocates is forgotten there when the call fails.
TEST(NdrPlan, FailuresLeaveTheCallersPointersNull) {
    constexpr unsigned count = 6;
    // Six times { long, [string] wchar_t* } in the caller's memory.
    static const uint8_t format[] = {0x12, 0x08, 0x25, 0x5c,                                                  // 0: string
                                     0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x08, 0x39, 0x36, 0x5b,  // 4: structure
                                     0x12, 0x08, 0x25, 0x5c,                                                  // 16: its pointer
                                     0x21, 0x03, 0x06, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // 20: array
                                     0x4c, 0x00, 0xe2, 0xff, 0x5c, 0x5b};
    struct {
        int32_t v;
        char16_t* s;
    } all[count] = {}, *data = all;
    Image w;
    for (unsigned i = 0; i < count; ++i) w.u32(i).referent(i);
    for (unsigned i = 0; i < count; ++i) w.align(4).u32(3).u32(0).u32(3).wide(u"hi");
    Rig r;
    r.load(w.bytes, w.bytes.size() - 2);
    ASSERT_EQ(Status::bad_stub_data, r.unmarshal(data, format + 20));
    EXPECT_EQ(all, data);
    EXPECT_EQ(0, Heap::blocks);
    for (auto& one : all) EXPECT_EQ(nullptr, one.s);
    r.load(w.bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(data, format + 20));
    EXPECT_EQ(std::u16string(u"hi"), all[5].s);
    ASSERT_EQ(Status::ok, r.marshal(all, format + 20));
    EXPECT_EQ(w.bytes, r.written());
    ASSERT_EQ(Status::ok, ndr::free(r.message, reinterpret_cast<uint8_t*>(all), format + 20));
    EXPECT_EQ(0, Heap::blocks);
}

// A ring of unique pointers has no end on the wire: sizing stops where no message could be so large.
TEST(NdrPlan, RingsEndAtTheLargestSize) {
    static const uint8_t format[] = {0x12, 0x00, 0x06, 0x00,                                      // 0: -> 8
                                     0x15, 0x03, 0xa0, 0x3f,                                      // 4: 16,288 bytes, members unread
                                     0x1a, 0x03, 0xa8, 0x3f, 0x00, 0x00, 0x08, 0x00,              // 8: structure, layout at 22
                                     0x4c, 0x00, 0xf2, 0xff, 0x36, 0x5b,                          //    the bytes, next
                                     0x12, 0x00, 0xf0, 0xff};                                     // 22: -> 8
    struct Big {
        char bytes[0x3fa0];
        Big* next;
    };
    static_assert(sizeof(Big) == 0x3fa8);
    auto ring = std::make_unique<Big[]>(2);
    ring[0].next = &ring[1];
    ring[1].next = &ring[0];
    for (bool plans : {true, false}) {
        Rig r;
        set_plans(r.message, plans);
        EXPECT_EQ(Status::invalid_bound, r.size(&ring[0], format)) << plans;
        EXPECT_EQ(0u, r.message.BufferLength);
        EXPECT_EQ(Status::bad_stub_data, r.marshal(&ring[0], format)) << plans;
    }
}

// Words are looked at whole: what lies around a text is not its own. In structures that have a plan as elsewhere, and into a
// buffer of just the right size.
TEST(NdrPlan, TextsOfEveryLengthAtEveryPlace) {
    constexpr unsigned count = 5;
    static const uint8_t format[] = {0x12, 0x08, 0x25, 0x5c, 0x12, 0x08, 0x22, 0x5c,                          // 0: strings
                                     0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x36, 0x36, 0x5c, 0x5b,  // 8: structure
                                     0x12, 0x08, 0x25, 0x5c, 0x12, 0x08, 0x22, 0x5c,                          // 20: its pointers
                                     0x21, 0x03, 0x05, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // 28: array
                                     0x4c, 0x00, 0xde, 0xff, 0x5c, 0x5b};
    alignas(8) char16_t wide[40];
    alignas(8) char narrow[40];
    struct {
        char16_t* wide;
        char* narrow;
    } all[count];
    for (int fill : {0x80, 0x01, 0xff, 0x00})
        for (unsigned at = 0; at < 9; ++at)
            for (unsigned n = 0; n < 20; ++n) {
                // Before the text and behind its end zeros as well, within it whatever is none.
                const int inside = fill ? fill : 0x80;
                std::fill(std::begin(wide), std::end(wide), static_cast<char16_t>(fill << 8));
                std::fill(std::begin(narrow), std::end(narrow), static_cast<char>(fill));
                std::fill_n(wide + at, n, static_cast<char16_t>(inside << 8));
                std::fill_n(narrow + at, n, static_cast<char>(inside));
                wide[at + n] = u'\0';
                narrow[at + n] = '\0';
                Rig r;
                ASSERT_EQ(Status::ok, r.size(wide + at, format));
                EXPECT_EQ(12 + 2 * (n + 1) + 4, r.message.BufferLength);
                ASSERT_EQ(Status::ok, r.size(narrow + at, format + 4));
                EXPECT_EQ(12 + n + 1 + 4, r.message.BufferLength);
                for (auto& one : all) one = {wide + at, narrow + at};
                Image w;
                for (unsigned i = 0; i < 2 * count; ++i) w.referent(i);
                for (unsigned i = 0; i < count; ++i) {
                    w.align(4).u32(n + 1).u32(0).u32(n + 1).wide(wide + at);
                    w.align(4).u32(n + 1).u32(0).u32(n + 1).text(narrow + at);
                }
                for (bool plans : {true, false}) {
                    Rig p;
                    set_plans(p.message, plans);
                    ASSERT_EQ(Status::ok, p.marshal(all, format + 28)) << plans;
                    EXPECT_EQ(w.bytes, p.written()) << plans;
                    p.message.UniquePtrCount = 0;
                    p.attach(w.bytes.size());
                    ASSERT_EQ(Status::ok, ndr::marshal(p.message, Rig::bytes(all), format + 28)) << plans;
                    EXPECT_EQ(w.bytes, p.written()) << plans;
                    p.attach(w.bytes.size() - 1);
                    EXPECT_EQ(Status::bad_stub_data, ndr::marshal(p.message, Rig::bytes(all), format + 28)) << plans;
                }
            }
}

// Up to the largest length and not a byte further, and from a start beyond it not at all.
TEST(NdrPlan, LengthsEndWhereTheCommonWayEnds) {
    static const uint8_t format[] = {0x12, 0x00, 0x02, 0x00,                                      // 0: -> 4
                                     0x1a, 0x03, 0x20, 0x00, 0x00, 0x00, 0x0a, 0x00,              // 4: structure, layout at 20
                                     0x36, 0x36, 0x36, 0x36, 0x5c, 0x5b, 0x5c, 0x5c,              //    two texts, value, next
                                     0x12, 0x08, 0x25, 0x5c, 0x12, 0x08, 0x22, 0x5c,              // 20
                                     0x12, 0x08, 0x0b, 0x5c, 0x12, 0x00, 0xe2, 0xff};             // 28: hyper, -> 4
    struct Link {
        const char16_t* wide;
        const char* narrow;
        const int64_t* value;
        Link* next;
    } all[5];
    const int64_t value = 7;
    for (unsigned i = 0; i < 5; ++i) all[i] = {u"hi", "four", &value, i < 4 ? &all[i + 1] : nullptr};
    Rig r;
    ASSERT_EQ(Status::ok, r.size(all, format));
    const uint32_t length = r.message.BufferLength;
    const uint32_t largest = INT32_MAX;
    bool seen[2] = {};
    for (uint32_t start : {largest - length, largest, UINT32_MAX})
        for (uint32_t less = 0; less < length + 16; ++less) {
            Status found[2];
            uint32_t lengths[2];
            for (bool plans : {false, true}) {
                set_plans(r.message, plans);
                r.message.BufferLength = start - less;
                found[plans] = ndr::buffer_size(r.message, Rig::bytes(all), format);
                lengths[plans] = r.message.BufferLength;
            }
            EXPECT_EQ(found[0], found[1]) << start - less;
            EXPECT_EQ(lengths[0], lengths[1]) << start - less;
            seen[found[1] == Status::ok] = true;
            if (found[1] == Status::ok) EXPECT_LE(lengths[1], largest);
            else EXPECT_EQ(Status::invalid_bound, found[1]);
        }
    EXPECT_TRUE(seen[false] && seen[true]);
}

}  // namespace rpc::ndr::test
