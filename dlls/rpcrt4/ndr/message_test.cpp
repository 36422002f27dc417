// What concerns a whole message: byte order, correlation over several parameters, allocations taken back, types that user
// code carries.
#include "ndr/test_rig.h"

namespace rpc::ndr::test {

using namespace sample;

namespace {

const uint8_t* x(unsigned at) { return x64::format + at; }

// A wire image in big-endian byte order.
class BigImage {
public:
    BigImage& u16(unsigned v) { return put(v, 2); }
    BigImage& u32(uint32_t v) { return put(v, 4); }
    BigImage& u64(uint64_t v) { return put(v, 8); }
    BigImage& u8(unsigned v) { return put(v, 1); }
    BigImage& wide(const char16_t* s) {
        do u16(*s);
        while (*s++);
        return *this;
    }
    std::vector<uint8_t> bytes;

private:
    BigImage& put(uint64_t v, size_t n) {
        while (bytes.size() % n) bytes.push_back(0);
        for (size_t i = n; i-- > 0;) bytes.push_back(static_cast<uint8_t>(v >> 8 * i));
        return *this;
    }
};

void converts(const uint8_t* f, const BigImage& big, const Image& little) {
    Rig r(false);
    r.rpc.DataRepresentation = NDR_BIG_ENDIAN;
    ASSERT_TRUE(needs_conversion(r.rpc.DataRepresentation));
    r.load(big.bytes);
    ASSERT_EQ(Status::ok, convert_type(r.message, f));
    EXPECT_EQ(little.bytes, r.written());
    for (size_t n = 0; n < big.bytes.size(); ++n) {
        r.load(big.bytes, n);
        EXPECT_TRUE(failed(convert_type(r.message, f))) << n;
    }
}

}  // namespace

TEST(NdrConvert, EveryKindOfType) {
    converts(x(x64::at_simple), BigImage().u32(1).u16(2).u8(3).u64(4), Image().u32(1).u16(2).u8(3).u64(4));
    converts(x(x64::at_withptr_p),
             BigImage().u32(2).u32(0x20000).u32(0x20004).u32(0x20008).u32(3).u32(0).u32(3).wide(u"hi").u32(7).u32(2).u16(8).u16(9),
             Image().u32(2).referent(0).referent(1).referent(2).u32(3).u32(0).u32(3).wide(u"hi").u32(7).u32(2).u16(8).u16(9));
    converts(x(x64::at_node), BigImage().u32(1).u32(4).u32(2).u32(0), Image().u32(1).u32(4).u32(2).u32(0));
    converts(x(x64::at_nestconf), BigImage().u32(2).u32(5).u32(2).u16(6).u16(7), Image().u32(2).u32(5).u32(2).u16(6).u16(7));
    converts(x(x64::at_confvar), BigImage().u32(3).u32(3).u32(1).u32(0).u32(1).u16(6), Image().u32(3).u32(3).u32(1).u32(0).u32(1).u16(6));
    converts(x(x64::at_vary), BigImage().u32(1).u32(0).u32(1).u32(9), Image().u32(1).u32(0).u32(1).u32(9));
    converts(x(x64::at_encu), BigImage().u32(3).u64(9), Image().u32(3).u64(9));
    converts(x(x64::at_hasu), BigImage().u32(1).u32(1).u32(9), Image().u32(1).u32(1).u32(9));
    converts(x(x64::at_enums), BigImage().u16(1).u32(0x12345678).u8(1), Image().u16(1).u32(0x12345678).u8(1));
    // Block-copied pointers, as x86 has them.
    Rig& r = *narrow_rig();
    r.rpc.DataRepresentation = NDR_BIG_ENDIAN;
    r.load(BigImage().u32(2).u32(0).u32(1).u32(1).u32(5).u32(2).u16(8).u16(9).bytes);
    ASSERT_EQ(Status::ok, convert_type(r.message, x32::format + x32::at_withptr));
    EXPECT_EQ(Image().u32(2).u32(0).u32(1).u32(1).u32(5).u32(2).u16(8).u16(9).bytes, r.written());
}

TEST(NdrConvert, ParameterLists) {
    Rig r(false);
    r.rpc.DataRepresentation = NDR_BIG_ENDIAN;
    // -Os: [in] long, [in] simple *, [out] long
    const uint8_t os[] = {0x4e, 0x08, 0x4d, 0x01, x64::at_simple, 0x00, 0x51, 0x01, 0x00, 0x00, 0x5b};
    BigImage big;
    big.u32(7).u64(0);
    big.bytes.resize(8);
    big.u32(1).u16(2).u8(3).u8(0).u64(4);
    Image little;
    little.u32(7).u32(0).u32(1).u16(2).u8(3).u8(0).u64(4);
    r.load(big.bytes);
    ASSERT_EQ(Status::ok, convert(r.message, os));
    EXPECT_EQ(r.buffer, r.message.Buffer);
    EXPECT_EQ(0, std::memcmp(little.bytes.data(), r.buffer, little.bytes.size()));
    // -Oicf: the same, with attributes.
    const uint8_t oicf[] = {0x48, 0x00, 0x00, 0x00, 0x08, 0x00, 0x0a, 0x01, 0x08, 0x00, x64::at_simple, 0x00,
                            0x50, 0x01, 0x10, 0x00, 0x08, 0x00};
    r.load(big.bytes);
    ASSERT_EQ(Status::ok, convert2(r.message, oicf, 3));
    EXPECT_EQ(0, std::memcmp(little.bytes.data(), r.buffer, little.bytes.size()));
    // Ours already: untouched.
    r.rpc.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    ASSERT_EQ(Status::ok, convert2(r.message, oicf, 3));
    EXPECT_EQ(0, std::memcmp(little.bytes.data(), r.buffer, little.bytes.size()));
    r.rpc.DataRepresentation = NDR_LITTLE_ENDIAN | 0x200;  // Cray's floating point
    EXPECT_EQ(Status::cannot_support, convert2(r.message, oicf, 3));
    r.rpc.DataRepresentation = 0x20;
    EXPECT_EQ(Status::cannot_support, convert(r.message, os));
}

TEST(NdrConvert, UserTypes) {
    alignas(8) uint8_t b[8] = {0, 0, 0, 0, 1, 2, 3, 4};
    uint8_t* after = nullptr;
    ASSERT_EQ(Status::ok, convert_user_type(NDR_BIG_ENDIAN, b + 1, 0x08, after));
    EXPECT_EQ(b + 8, after);
    EXPECT_EQ(4, b[4]);
    EXPECT_EQ(Status::bad_stub_data, convert_user_type(NDR_BIG_ENDIAN, b, 0x5b, after));
}

namespace {

// [size_is(n)] long a[], n at frame offset 0, with robust flags.
struct Robust {
    explicit Robust(uint8_t flags) { f[8] = flags; }
    uint8_t f[12] = {0x1b, 0x03, 0x04, 0x00, 0x28, 0x00, 0x00, 0x00, 0x01, 0x00, 0x08, 0x5b};
};

}  // namespace

TEST(NdrCorrelation, EarlySizesMustAgreeAtOnce) {
    Robust early(1), free_of_check(1 | 8);
    int64_t frame[] = {2};
    Rig r(false);
    r.message.StackTop = reinterpret_cast<unsigned char*>(frame);
    r.message.fHasNewCorrDesc = 1;
    EXPECT_EQ(6u, correlation_size(r.message));
    auto read = [&](const uint8_t* f, uint32_t count) {
        Image w;
        w.u32(count);
        for (uint32_t i = 0; i < count; ++i) w.u32(i);
        r.load(w.bytes);
        int32_t* none = nullptr;
        return r.unmarshal(none, f);
    };
    EXPECT_EQ(Status::ok, read(early.f, 2));
    EXPECT_EQ(Status::bad_stub_data, read(early.f, 3));
    EXPECT_EQ(Status::bad_stub_data, read(early.f, 1));
    EXPECT_EQ(Status::ok, read(free_of_check.f, 3));
}

TEST(NdrCorrelation, LateSizesAreCheckedByPass) {
    Robust late(0);
    int64_t frame[] = {0};
    Rig r(false);
    r.message.StackTop = reinterpret_cast<unsigned char*>(frame);
    r.message.fHasNewCorrDesc = 1;
    ASSERT_EQ(Status::ok, correlation_init(r.message));
    for (int64_t n : {2, 3}) {
        frame[0] = 0;
        r.load(Image().u32(2).u32(1).u32(2).bytes);
        int32_t* a = nullptr;
        ASSERT_EQ(Status::ok, r.unmarshal(a, late.f));
        frame[0] = n;  // the parameter after the array
        EXPECT_EQ(n == 2 ? Status::ok : Status::bad_stub_data, correlation_pass(r.message));
        EXPECT_EQ(Status::ok, correlation_pass(r.message));  // forgotten
    }
    correlation_free(r.message);
    EXPECT_EQ(nullptr, r.message.pMemoryList);
    // Without robust flags the wire must hold what the parameter promises, at least.
    r.message.fHasNewCorrDesc = 0;
    const uint8_t old[] = {0x1b, 0x03, 0x04, 0x00, 0x28, 0x00, 0x00, 0x00, 0x08, 0x5b};
    ASSERT_EQ(Status::ok, correlation_init(r.message));
    for (int64_t n : {1, 2, 3}) {
        r.load(Image().u32(2).u32(1).u32(2).bytes);
        int32_t* a = nullptr;
        ASSERT_EQ(Status::ok, r.unmarshal(a, old));
        frame[0] = n;
        EXPECT_EQ(n <= 2 ? Status::ok : Status::bad_stub_data, correlation_pass(r.message));
    }
    correlation_free(r.message);
}

TEST(NdrCorrelation, RangesOnConformance) {
    // Robust descriptors with a range of 1 to 2.
    const uint8_t f[] = {0x1b, 0x03, 0x04, 0x00, 0x28, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00,
                         0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x08, 0x5b};
    int64_t frame[] = {3};
    int32_t a[3] = {1, 2, 3};
    Rig r;
    r.message.StackTop = reinterpret_cast<unsigned char*>(frame);
    r.message.fHasNewCorrDesc = 1;
    set_range_on_conformance(r.message, true);
    EXPECT_EQ(16u, correlation_size(r.message));
    EXPECT_EQ(Status::invalid_bound, r.size(a, f));
    frame[0] = 2;
    ASSERT_EQ(Status::ok, r.marshal(a, f));
    EXPECT_EQ(Image().u32(2).u32(1).u32(2).bytes, r.written());
    frame[0] = 3;
    r.load(Image().u32(3).u32(1).u32(2).u32(3).bytes);
    int32_t* none = nullptr;
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(none, f));
    EXPECT_EQ(0, Heap::blocks);
}

namespace {

void twice_n(MIDL_STUB_MESSAGE* m) {
    m->Offset = 0;
    m->MaxCount = static_cast<ULONG_PTR>(2 * *reinterpret_cast<int32_t*>(m->StackTop));
}

}  // namespace

TEST(NdrCorrelation, ConstantsAndCallbacks) {
    const EXPR_EVAL routines[] = {twice_n};
    // struct { long n; [size_is(n * 2)] short *p; }
    const uint8_t f[] = {0x1b, 0x01, 0x02, 0x00, 0x10, 0x59, 0x00, 0x00, 0x06, 0x5b,              // 0
                         0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x08, 0x39, 0x36, 0x5b,  // 10
                         0x12, 0x00, 0xe8, 0xff};                                                 // 22
    int16_t s[] = {1, 2, 3, 4};
    struct {
        int32_t n;
        int16_t* p;
    } v{2, s};
    Rig r;
    r.desc.apfnExprEval = routines;
    unsigned char* top = r.buffer;
    r.message.StackTop = top;
    ASSERT_EQ(Status::ok, r.marshal(&v, f + 10));
    EXPECT_EQ(Image().u32(2).referent(0).u32(4).u16(1).u16(2).u16(3).u16(4).bytes, r.written());
    EXPECT_EQ(top, r.message.StackTop);
    r.desc.apfnExprEval = nullptr;
    EXPECT_EQ(Status::internal_error, r.size(&v, f + 10));
    const uint8_t constant[] = {0x1b, 0x01, 0x02, 0x00, 0x40, 0x00, 0x03, 0x00, 0x06, 0x5b};
    check_type(s, constant, Image().u32(3).u16(1).u16(2).u16(3).bytes);
}

TEST(NdrMemory, TrackedAllocationsGoBackOverSeveralCalls) {
    Rig r(false);
    ASSERT_EQ(Status::ok, track_allocations(r.message));
    Image w;
    w.u32(1).referent(1).u32(2).u32(0);
    void *first = nullptr, *second = nullptr;
    r.load(w.bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(first, x(x64::at_node_p_b)));
    r.load(w.bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(second, x(x64::at_node_p_b)));
    EXPECT_EQ(4, Heap::blocks);
    // A call that fails gives back its own alone.
    void* third = nullptr;
    r.load(w.bytes, 12);
    EXPECT_EQ(Status::bad_stub_data, r.unmarshal(third, x(x64::at_node_p_b)));
    EXPECT_EQ(nullptr, third);
    EXPECT_EQ(4, Heap::blocks);
    discard_tracked(r.message);
    EXPECT_EQ(0, Heap::blocks);
    EXPECT_EQ(nullptr, r.message.pMemoryList);
    ASSERT_EQ(Status::ok, track_allocations(r.message));
    first = nullptr;
    r.load(w.bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(first, x(x64::at_node_p_b)));
    forget_tracked(r.message);
    EXPECT_EQ(2, Heap::blocks);
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(first), x(x64::at_node_p_b)));
    EXPECT_EQ(0, Heap::blocks);
}

// --- user_marshal: a handle that travels as [unique] long -----------------------------------------------------------------

namespace {

uint32_t user_size(uint32_t*, uint32_t start, void*) { return (start + 3) / 4 * 4 + 4; }
unsigned char* user_marshal_routine(uint32_t* flags, unsigned char* buffer, void* object) {
    EXPECT_EQ(0x10u, *flags >> 16);
    EXPECT_EQ(user_marshal_signature, reinterpret_cast<USER_MARSHAL_CB*>(flags)->Signature);
    std::memcpy(buffer, object, 4);
    return buffer + 4;
}
unsigned char* user_unmarshal_routine(uint32_t*, unsigned char* buffer, void* object) {
    uint64_t value = 0;
    std::memcpy(&value, buffer, 4);
    std::memcpy(object, &value, 8);
    return buffer + 4;
}
int user_frees = 0;
void user_free(uint32_t*, void*) { ++user_frees; }
unsigned char* beyond(uint32_t*, unsigned char* buffer, void*) { return buffer + (1 << 20); }

}  // namespace

class NdrUserMarshal : public testing::TestWithParam<uint32_t> {};

TEST_P(NdrUserMarshal, EmbeddedAndAlone) {
    USER_MARSHAL_ROUTINE_QUADRUPLE routines[] = {{user_size, user_marshal_routine, user_unmarshal_routine, user_free}};
    const uint8_t f[] = {
        0x12, 0x08, 0x08, 0x5c,                                      // 0: FC_UP to FC_LONG
        0xb4, 0x83, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0xf4, 0xff,  // 4
        0x1a, 0x07, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00,              // 14: struct { handle a; long b; }
        0x4c, 0x00, 0xec, 0xff, 0x08, 0x40, 0x5c, 0x5b,
    };
    struct {
        uint64_t handle;
        int32_t b;
    } s{77, 5}, *back = nullptr;
    Rig r;
    r.desc.aUserMarshalQuadruple = routines;
    r.message.dwDestContext = GetParam();
    const bool here = GetParam() != 2;
    Image w;
    w.referent(0).u32(5).u32(77);
    ASSERT_EQ(Status::ok, r.size(&s, f + 14));
    EXPECT_EQ(w.bytes.size(), r.message.BufferLength);
    ASSERT_EQ(Status::ok, r.marshal(&s, f + 14));
    EXPECT_EQ(w.bytes, r.written());
    r.message.Buffer = r.buffer;
    ASSERT_EQ(Status::ok, r.unmarshal(back, f + 14));
    EXPECT_EQ(77u, back->handle);
    user_frees = 0;
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(back), f + 14));
    EXPECT_EQ(1, user_frees);
    Heap::release(back);
    uint32_t size = 0;
    r.load(w.bytes);
    ASSERT_EQ(Status::ok, memory_size(r.message, f + 14, size));
    EXPECT_EQ(r.buffer + w.bytes.size(), r.message.Buffer);
    // As a parameter the data follow at once, on this machine at a multiple of 8.
    Image alone;
    alone.referent(0);
    if (here) alone.u32(0);
    alone.u32(77);
    ASSERT_EQ(Status::ok, r.size(&s.handle, f + 4));
    EXPECT_EQ(alone.bytes.size(), r.message.BufferLength);
    ASSERT_EQ(Status::ok, r.marshal(&s.handle, f + 4));
    EXPECT_EQ(alone.bytes, r.written());
    uint64_t handle = 0, *there = &handle;
    r.load(alone.bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(there, f + 4));
    EXPECT_EQ(77u, handle);
    r.load(alone.bytes);
    ASSERT_EQ(Status::ok, memory_size(r.message, f + 4, size));
    EXPECT_EQ(r.buffer + alone.bytes.size(), r.message.Buffer);
    // [ref]: only there has it an id when it is a parameter.
    const uint8_t ref[] = {0x11, 0x08, 0x08, 0x5c, 0xb4, 0x43, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0xf4, 0xff};
    ASSERT_EQ(Status::ok, r.marshal(&s.handle, ref + 4));
    EXPECT_EQ(here ? alone.bytes : Image().u32(77).bytes, r.written());
    // A routine that leaves the buffer.
    routines[0].pfnUnmarshall = beyond;
    r.load(w.bytes);
    back = nullptr;
    EXPECT_EQ(Status::bad_stub_data, r.unmarshal(back, f + 14));
    EXPECT_EQ(0, Heap::blocks);
}
INSTANTIATE_TEST_SUITE_P(Forms, NdrUserMarshal, testing::Values(0u, 2u));

namespace {

int32_t transmitted;
void to_xmit(MIDL_STUB_MESSAGE* m) {
    transmitted = static_cast<int32_t>(*reinterpret_cast<double*>(m->pPresentedType));
    m->pTransmitType = reinterpret_cast<unsigned char*>(&transmitted);
}
void from_xmit(MIDL_STUB_MESSAGE* m) {
    *reinterpret_cast<double*>(m->pPresentedType) = *reinterpret_cast<int32_t*>(m->pTransmitType);
}
void free_xmit(MIDL_STUB_MESSAGE*) {}

}  // namespace

TEST(NdrTransmitAs, TranslatesBothWays) {
    const XMIT_ROUTINE_QUINTUPLE routines[] = {{to_xmit, from_xmit, free_xmit, free_xmit}};
    const uint8_t f[] = {0xb7, 0x08, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f,                  // 0: a long of 0 and more
                         0x2d, 0x03, 0x00, 0x00, 0x08, 0x00, 0x04, 0x00, 0xee, 0xff};     // 10
    double d = 12, *back = nullptr;
    Rig r;
    r.desc.aXmitQuintuple = routines;
    ASSERT_EQ(Status::ok, r.size(&d, f + 10));
    EXPECT_EQ(4u, r.message.BufferLength);
    ASSERT_EQ(Status::ok, r.marshal(&d, f + 10));
    EXPECT_EQ(Image().u32(12).bytes, r.written());
    r.message.Buffer = r.buffer;
    ASSERT_EQ(Status::ok, r.unmarshal(back, f + 10));
    EXPECT_EQ(12.0, *back);
    Heap::release(back);
}

TEST(NdrHooks, WithoutOneATypeIsNotSupported) {
    const uint8_t interface_pointer[18] = {0x2f, 0x5a}, pipe[] = {0xb5, 0x03, 0, 0, 4, 0, 4, 0};
    void* p = nullptr;
    Rig r;
    EXPECT_EQ(Status::cannot_support, r.size(&p, interface_pointer));
    EXPECT_EQ(Status::cannot_support, r.size(&p, pipe));
    const uint8_t nonsense[] = {0xee, 0xee};
    EXPECT_EQ(Status::bad_stub_data, r.size(&p, nonsense));
}

TEST(NdrBuffer, MustLieWhereTheMessageSays) {
    Rig r;
    int32_t v = 1;
    alignas(8) uint8_t elsewhere[16];
    r.message.Buffer = elsewhere;
    EXPECT_EQ(Status::bad_stub_data, simple_type_marshal(r.message, Rig::bytes(&v), 0x08));
    // -Os servers: the reply's buffer is known to the RPC message alone.
    r.rpc.Buffer = elsewhere;
    r.rpc.BufferLength = sizeof elsewhere;
    EXPECT_EQ(Status::ok, simple_type_marshal(r.message, Rig::bytes(&v), 0x08));
}

}  // namespace rpc::ndr::test
