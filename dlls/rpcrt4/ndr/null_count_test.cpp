// Null pointers to arrays that are said to have elements: refused where a description asks for target level 6.0 ([MS-RPCE]
// 3.1.1.5.3.3.1.2), and only what that section names, by the common way and by plans.
#include "ndr/test_rig.h"

namespace rpc::ndr::test {

namespace {

using Bytes = std::vector<uint8_t>;
constexpr uint32_t level_5 = 0x50002, level_6 = 0x60001;
constexpr uint8_t early = 0x01, dont_check = 0x08;
constexpr uint8_t up = 0x12, op = 0x13, fp = 0x14;

const Bytes conformant = {0x1b, 0x01, 0x02, 0x00}, sized_string = {0x25, 0x44}, varying = {0x1c, 0x01, 0x02, 0x00};

// A structure of a long n and a pointer to `pointee`, whose size n is, and a complex array of six of them.
struct Made {
    Bytes format;
    size_t structure = 0, array = 0;
};

Bytes descriptor(uint8_t kind, unsigned offset, uint8_t flags) {
    return {static_cast<uint8_t>(kind | 0x08), 0, static_cast<uint8_t>(offset), 0, flags, 0};
}

void to(Bytes& f, size_t target) {
    const auto distance = static_cast<int>(target) - static_cast<int>(f.size());
    f.push_back(static_cast<uint8_t>(distance));
    f.push_back(static_cast<uint8_t>(distance >> 8));
}

// Behind the start of every description: the pointee, from 2 on.
Bytes pointee_with(const Bytes& pointee, const Bytes& d) {
    Bytes f{0x5b, 0x5c};
    f.insert(f.end(), pointee.begin(), pointee.end());
    f.insert(f.end(), d.begin(), d.end());
    if (pointee[0] == 0x1c) f.insert(f.end(), {0x40, 0, 1, 0, 0, 0});  // one element, whatever the size
    if (pointee[0] != 0x25) f.insert(f.end(), {0x06, 0x5b});
    return f;
}

// n before the pointer, or behind it.
Made wide(const Bytes& pointee, uint8_t flags, uint8_t pointer = up, bool behind = false) {
    Made m{pointee_with(pointee, descriptor(0x10, behind ? 8 : 0, flags)), 0, 0};
    Bytes& f = m.format;
    const size_t layout = f.size();
    f.insert(f.end(), {pointer, 0});
    to(f, 2);
    m.structure = f.size();
    f.insert(f.end(), {0x1a, 0x03, 16, 0, 0, 0});
    to(f, layout);
    if (behind) f.insert(f.end(), {0x36, 0x08, 0x40, 0x5b});  // FC_STRUCTPAD4
    else f.insert(f.end(), {0x08, 0x39, 0x36, 0x5b});
    m.array = f.size();
    f.insert(f.end(), {0x21, 0x03, 6, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x4c, 0});
    to(f, m.structure);
    f.insert(f.end(), {0x5c, 0x5b});
    return m;
}

// The same as compilers for x86 have it: a block with a layout, and a conformant array of such, sized by the first parameter.
Made narrow(uint8_t flags) {
    Made m{pointee_with(conformant, descriptor(0x10, 0, flags)), 0, 0};
    Bytes& f = m.format;
    m.structure = f.size();
    f.insert(f.end(), {0x16, 0x03, 8, 0, 0x4b, 0x5c, 0x46, 0x5c, 4, 0, 4, 0, up, 0});
    to(f, 2);
    f.insert(f.end(), {0x5b, 0x08, 0x08, 0x5b});
    m.array = f.size();
    f.insert(f.end(), {0x1b, 0x03, 8, 0, 0x28, 0, 0, 0, early, 0});
    f.insert(f.end(), {0x4b, 0x5c, 0x48, 0x49, 8, 0, 0, 0, 1, 0, 4, 0, 4, 0, up, 0});
    to(f, 2);
    f.insert(f.end(), {0x5b, 0x4c, 0});
    to(f, m.structure);
    f.push_back(0x5b);
    return m;
}

// What comes of `wire`, with nothing left behind.
Status read(Rig& r, const uint8_t* f, const Image& wire, bool pass = false) {
    r.load(wire.bytes);
    uint8_t* data = nullptr;
    const long before = Heap::blocks;
    if (pass) EXPECT_EQ(Status::ok, correlation_init(r.message));
    Status s = r.unmarshal(data, f, true);
    if (!failed(s)) {
        if (pass) s = correlation_pass(r.message);
        EXPECT_EQ(Status::ok, ndr::free(r.message, data, f));
        if (!(f[0] >= 0x11 && f[0] <= 0x14)) r.message.pfnFree(data);
    }
    if (pass) correlation_free(r.message);
    EXPECT_EQ(nullptr, r.message.pMemoryList);
    EXPECT_EQ(before, Heap::blocks);
    return s;
}

void asks(Rig& r, uint32_t version, bool robust = true) {
    r.desc.Version = version;
    r.message.fHasNewCorrDesc = robust;
}

// n and a pointer, null or not, `count` times; pointees of `size` shorts where there are some.
Image images(unsigned count, uint32_t n, bool null, bool behind = false) {
    Image w;
    for (unsigned i = 0; i < count; ++i) {
        if (!behind) w.u32(n);
        null ? w.u32(0) : w.referent(i);
        if (behind) w.u32(n);
    }
    for (unsigned i = 0; !null && i < count; ++i) {
        w.align(4).u32(n);
        for (unsigned k = 0; k < n; ++k) w.u16(k);
    }
    return w;
}

}  // namespace

TEST(NdrNullCount, FieldsOneByOneAndPlanned) {
    for (bool client : {true, false})
        for (bool plans : {true, false})
            for (uint8_t flags : {uint8_t{0}, early})
                for (bool behind : {false, true}) {
                    if (behind && flags == early) continue;  // it is not known yet
                    const Made m = wide(conformant, flags, up, behind);
                    const uint8_t *one = m.format.data() + m.structure, *six = m.format.data() + m.array;
                    auto r = std::make_unique<Rig>(client);
                    set_plans(r->message, plans);
                    asks(*r, level_6);
                    EXPECT_EQ(Status::bad_stub_data, read(*r, one, images(1, 2, true, behind))) << client << plans << behind;
                    EXPECT_EQ(Status::bad_stub_data, read(*r, six, images(6, 2, true, behind))) << client << plans << behind;
                    EXPECT_EQ(Status::bad_stub_data, read(*r, one, images(1, 0xffffffff, true, behind)));
                    // Nothing and nothing agree, an empty array is one, and data are data.
                    for (bool null : {true, false}) {
                        EXPECT_EQ(Status::ok, read(*r, one, images(1, 0, null, behind)));
                        EXPECT_EQ(Status::ok, read(*r, six, images(6, 0, null, behind)));
                    }
                    EXPECT_EQ(Status::ok, read(*r, six, images(6, 3, false, behind)));
                }
}

TEST(NdrNullCount, OneWrongAmongTheElementsIsEnough) {
    const Made m = wide(conformant, early);
    for (bool plans : {true, false})
        for (unsigned wrong = 0; wrong < 6; ++wrong) {
            Image w;
            for (unsigned i = 0; i < 6; ++i) w.u32(i == wrong).u32(0);
            Rig r;
            set_plans(r.message, plans);
            asks(r, level_6);
            EXPECT_EQ(Status::bad_stub_data, read(r, m.format.data() + m.array, w)) << plans << wrong;
        }
}

TEST(NdrNullCount, OnlyWhereTheDescriptionAsks) {
    for (bool plans : {true, false}) {
        Rig r;
        set_plans(r.message, plans);
        const Made checked = wide(conformant, early), unchecked = wide(conformant, early | dont_check);
        asks(r, level_5);
        EXPECT_EQ(Status::ok, read(r, checked.format.data() + checked.structure, images(1, 2, true)));
        EXPECT_EQ(Status::ok, read(r, checked.format.data() + checked.array, images(6, 2, true)));
        asks(r, level_6);
        EXPECT_EQ(Status::ok, read(r, unchecked.format.data() + unchecked.structure, images(1, 2, true)));
        EXPECT_EQ(Status::ok, read(r, unchecked.format.data() + unchecked.array, images(6, 2, true)));
        EXPECT_EQ(Status::bad_stub_data, read(r, checked.format.data() + checked.structure, images(1, 2, true)));
    }
    // Without robust descriptors nothing is checked strictly: long n, and a pointer to an array of n.
    const Bytes plain{0x1b, 0x01, 0x02, 0x00, 0x18, 0x00, 0x00, 0x00, 0x06, 0x5b,  // 0: array
                      0x12, 0x00, 0xf4, 0xff,                                      // 10: -> 0
                      0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0xf6, 0xff, 0x08, 0x39, 0x36, 0x5b};
    Rig r;
    asks(r, level_6, false);
    EXPECT_EQ(Status::ok, read(r, plain.data() + 14, images(1, 2, true)));
}

TEST(NdrNullCount, EveryPointerAndPointeeThatTheSectionNames) {
    Rig r;
    asks(r, level_6);
    for (uint8_t pointer : {up, op, fp}) {
        const Made m = wide(conformant, early, pointer);
        EXPECT_EQ(Status::bad_stub_data, read(r, m.format.data() + m.structure, images(1, 2, true))) << int(pointer);
        EXPECT_EQ(Status::ok, read(r, m.format.data() + m.structure, images(1, 0, true))) << int(pointer);
    }
    for (uint8_t flags : {uint8_t{0}, early}) {
        const Made text = wide(sized_string, flags), part = wide(varying, flags);
        EXPECT_EQ(Status::bad_stub_data, read(r, text.format.data() + text.structure, images(1, 2, true)));
        EXPECT_EQ(Status::ok, read(r, text.format.data() + text.structure, images(1, 0, true)));
        EXPECT_EQ(Status::ok, read(r, part.format.data() + part.structure, images(1, 2, true)));
    }
}

TEST(NdrNullCount, BlocksWithALayout) {
    for (bool plans : {true, false})
        for (uint8_t flags : {uint8_t{0}, early, uint8_t{early | dont_check}}) {
            const Made m = narrow(flags);
            Rig* r = narrow_rig();
            set_plans(r->message, plans);
            asks(*r, level_6);
            auto* f = static_cast<uint8_t*>(Low::take(m.format.size()));
            std::memcpy(f, m.format.data(), m.format.size());
            auto* count = Low::copy(int32_t{6});
            r->message.StackTop = reinterpret_cast<unsigned char*>(count);
            const Status expected = flags & dont_check ? Status::ok : Status::bad_stub_data;
            EXPECT_EQ(expected, read(*r, f + m.structure, images(1, 2, true))) << plans << int(flags);
            Image right, wrong;
            right.u32(6), wrong.u32(6);
            for (unsigned i = 0; i < 6; ++i) right.u32(0).u32(0), wrong.u32(i == 5).u32(0);
            EXPECT_EQ(Status::ok, read(*r, f + m.array, right)) << plans << int(flags);
            EXPECT_EQ(expected, read(*r, f + m.array, wrong)) << plans << int(flags);
        }
}

// A parameter's size may be another parameter that comes later: that is known when all have come.
TEST(NdrNullCount, Parameters) {
    for (uint8_t flags : {uint8_t{0}, early}) {
        Bytes f = pointee_with(conformant, descriptor(0x20, 8, flags));
        const size_t pointer = f.size();
        f.insert(f.end(), {up, 0});
        to(f, 2);
        int64_t frame[2] = {};
        for (int32_t n : {0, 2}) {
            frame[1] = n;
            Rig r(false);
            asks(r, level_6);
            const Status expected = n != 0 ? Status::bad_stub_data : Status::ok;
            r.message.StackTop = reinterpret_cast<unsigned char*>(frame);
            EXPECT_EQ(expected, read(r, f.data() + pointer, Image().u32(0), true)) << n << int(flags);
            // Nobody will say what a later one is.
            EXPECT_EQ(flags & early ? expected : Status::ok, read(r, f.data() + pointer, Image().u32(0)));
            r.message.StackTop = nullptr;
            EXPECT_EQ(Status::ok, read(r, f.data() + pointer, Image().u32(0), true));
        }
    }
}

// *n, where n is null: nothing says that there are elements.
TEST(NdrNullCount, ASizeThatIsNotThereIsNone) {
    Bytes f = pointee_with(conformant, {0x28, 0x54, 8, 0, early, 0});
    const size_t pointer = f.size();
    f.insert(f.end(), {up, 0});
    to(f, 2);
    int32_t n = 1;
    int32_t* frame[2] = {nullptr, nullptr};
    Rig r;
    asks(r, level_6);
    r.message.StackTop = reinterpret_cast<unsigned char*>(frame);
    EXPECT_EQ(Status::ok, read(r, f.data() + pointer, Image().u32(0)));
    frame[1] = &n;
    EXPECT_EQ(Status::bad_stub_data, read(r, f.data() + pointer, Image().u32(0)));
}

}  // namespace rpc::ndr::test
