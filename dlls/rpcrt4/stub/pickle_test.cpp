#include "stub/pickle.h"

#include <gtest/gtest.h>

#include "stub/pickle_test_rig.h"

namespace rpc::stub::pickle {
namespace {

using namespace test;

// --- expected bytes -------------------------------------------------------------------------------------------------

// [MS-RPCE] 2.2.6.1
Image& common_header(Image& i) {
    return i.u8(1).u8(0x10).u16(8).u32(0xcccccccc);
}
// [MS-RPCE] 2.2.6.2
Image& private_header(Image& i, uint32_t length) {
    return i.u32(length).u32(0);
}

Image& simple_data(Image& i) {
    return i.u32(0x11223344).u16(0x5566).u8('c').align(8).u64(0x0102030405060708);
}
const Simple simple_value{0x11223344, 0x5566, 'c', 0x0102030405060708};

struct Tree {
    char16_t text[3] = u"hi";
    int32_t number = 77;
    int16_t array[3] = {1, 2, 3};
    WithPointers value{3, text, &number, array};
};

Image& with_pointers_data(Image& i) {
    i.u32(3).referent(0).referent(1).referent(2);
    i.u32(3).u32(0).u32(3).wide(u"hi").u32(77).u32(3).u16(1).u16(2).u16(3);
    return i.align(8);
}
constexpr uint32_t with_pointers_length = 56;

// The layout of a procedure's header: version, NDR 2.0, the interface, the number, an unknown 1, the length.
Image& procedure_header(Image& i, uint32_t length) {
    i.u8(1).u8(1).u16(0xcccc);
    for (uint8_t b :
         {0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 2, 0, 0, 0})
        i.u8(b);
    for (uint8_t b : {0x44, 0x33, 0x22, 0x11, 0x66, 0x55, 0x88, 0x77, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 2, 0}) i.u8(b);
    return i.u32(7).u32(1).u32(length);
}

// --- the fixture ----------------------------------------------------------------------------------------------------

class Pickle : public testing::Test {
protected:
    ~Pickle() override {
        if (handle) EXPECT_EQ(free_handle(handle), Status::ok);
        EXPECT_EQ(Heap::blocks, 0);
    }
    void encode_into_fixed(size_t size = sizeof buffer) {
        std::memset(buffer, 0xaa, sizeof buffer);
        if (handle) EXPECT_EQ(free_handle(handle), Status::ok);
        ASSERT_EQ(encode_fixed_buffer(buffer, static_cast<ULong32>(size), &encoded, &handle), Status::ok);
    }
    // An exact copy, so that a sanitizer sees every byte outside.
    void decode_from(const std::vector<uint8_t>& bytes, size_t cut = 0) {
        if (handle) EXPECT_EQ(free_handle(handle), Status::ok);
        exact.reset(new (std::align_val_t{8}) char[bytes.size() - cut]);
        std::memcpy(exact.get(), bytes.data(), bytes.size() - cut);
        ASSERT_EQ(decode_buffer(exact.get(), static_cast<ULong32>(bytes.size() - cut), &handle), Status::ok);
    }
    std::vector<uint8_t> written() const { return {buffer, buffer + encoded}; }
    Slot* args(int32_t a, int32_t* b, int32_t* c, char16_t** s) {
        arguments = {0, Slot(a), reinterpret_cast<Slot>(b), reinterpret_cast<Slot>(c), reinterpret_cast<Slot>(s)};
        return arguments.data();
    }
    struct Free {
        void operator()(char* p) const { ::operator delete[](p, std::align_val_t{8}); }
    };

    alignas(16) char buffer[1024];
    std::unique_ptr<char[], Free> exact;
    ULong32 encoded = 0;
    void* handle = nullptr;
    std::array<Slot, 5> arguments;
    uint64_t result = 0;
    Tree tree;
};

Status procedure_here(void* handle, Slot* args, uint64_t& result) {
    return procedure(handle, desc(), both_ways().data(), args, Style::oif, nullptr, result);
}

// --- types ----------------------------------------------------------------------------------------------------------

TEST_F(Pickle, TypesInOneStreamShareTheCommonHeader) {
    encode_into_fixed();
    Simple value = simple_value;
    size_t size = 0;
    ASSERT_EQ(type_align_size(handle, simple(), &value, size), Status::ok);
    EXPECT_EQ(size, 32u);
    ASSERT_EQ(type_encode(handle, simple(), &value), Status::ok);
    EXPECT_EQ(encoded, 32u);
    ASSERT_EQ(type_align_size(handle, with_pointers(), &tree.value, size), Status::ok);
    EXPECT_EQ(size, 8 + with_pointers_length);
    ASSERT_EQ(type_encode(handle, with_pointers(), &tree.value), Status::ok);
    int16_t small = -2;
    ASSERT_EQ(simple_align_size(handle, size), Status::ok);
    EXPECT_EQ(size, 8u);
    ASSERT_EQ(simple_encode(handle, &desc(), &small, 2), Status::ok);
    int32_t* pointer = &tree.number;
    ASSERT_EQ(type_encode(handle, pointer_to_long(), &pointer), Status::ok);
    Image want;
    simple_data(private_header(common_header(want), 16));
    with_pointers_data(private_header(want, with_pointers_length));
    want.u16(0xfffe).align(8);  // 2.2.6.3: no private header
    private_header(want, 8).referent(0).u32(77);
    EXPECT_EQ(written(), want.bytes);

    decode_from(want.bytes);
    Simple got{};
    ASSERT_EQ(type_decode(handle, simple(), &got), Status::ok);
    EXPECT_EQ(got.a, value.a);
    EXPECT_EQ(got.h, value.h);
    WithPointers tree_got{};
    ASSERT_EQ(type_decode(handle, with_pointers(), &tree_got), Status::ok);
    EXPECT_EQ(std::u16string(tree_got.s), u"hi");
    EXPECT_EQ(*tree_got.p, 77);
    EXPECT_EQ(tree_got.arr[2], 3);
    EXPECT_EQ(Heap::blocks, 3);
    ASSERT_EQ(type_free(with_pointers(), &tree_got), Status::ok);
    int16_t small_got = 0;
    ASSERT_EQ(simple_decode(handle, &small_got, 2), Status::ok);
    EXPECT_EQ(small_got, -2);
    int32_t here = 0, *into = &here;
    ASSERT_EQ(type_decode(handle, pointer_to_long(), &into), Status::ok);
    EXPECT_EQ(into, &here) << "what a pointer leads to is used";
    EXPECT_EQ(here, 77);
    EXPECT_EQ(type_decode(handle, simple(), &got), invalid_buffer) << "the end";
}

TEST_F(Pickle, PointersThatAreNullAreAllocated) {
    Image i;
    private_header(common_header(i), 8).referent(0).u32(5);
    decode_from(i.bytes);
    int32_t* pointer = nullptr;
    ASSERT_EQ(type_decode(handle, pointer_to_long(), &pointer), Status::ok);
    EXPECT_EQ(*pointer, 5);
    ASSERT_EQ(type_free(pointer_to_long(), &pointer), Status::ok);
    Image null;
    private_header(common_header(null), 8).u32(0).u32(0);
    decode_from(null.bytes);
    int32_t other = 0;
    pointer = &other;
    ASSERT_EQ(type_decode(handle, pointer_to_long(), &pointer), Status::ok);
    EXPECT_EQ(pointer, nullptr);
}

TEST_F(Pickle, FullPointersTravelOnce) {
    Type pair{&desc(), full_pair, 0};
    int32_t number = 9;
    int32_t* pointers[2] = {&number, &number};
    encode_into_fixed();
    ASSERT_EQ(type_encode(handle, pair, pointers), Status::ok);
    Image want;
    private_header(common_header(want), 16).u32(1).u32(1).u32(9).u32(0);
    EXPECT_EQ(written(), want.bytes);
    decode_from(want.bytes);
    int32_t* got[2] = {};
    ASSERT_EQ(type_decode(handle, pair, got), Status::ok);
    EXPECT_EQ(got[0], got[1]);
    ASSERT_EQ(type_free(pair, got), Status::ok);
}

TEST_F(Pickle, BigEndianStreams) {
    std::vector<uint8_t> bytes{1, 0, 8,    0,    0xcc, 0xcc, 0xcc, 0xcc, 0,   0, 0, 16, 0, 0,
                               0, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 'c', 0, 1, 2,  3, 4,
                               5, 6, 7,    8,    0xff, 0xfe, 0,    0,    0,   0, 0, 0};
    decode_from(bytes);
    Simple got{};
    ASSERT_EQ(type_decode(handle, simple(), &got), Status::ok);
    EXPECT_EQ(std::memcmp(&got, &simple_value, 7), 0);
    EXPECT_EQ(got.h, simple_value.h);
    int16_t small = 0;
    ASSERT_EQ(simple_decode(handle, &small, 2), Status::ok);
    EXPECT_EQ(small, -2);
    EXPECT_EQ(std::memcmp(exact.get(), bytes.data(), bytes.size()), 0) << "the caller's bytes stay";
}

// [MS-RPCE] 2.2.7: 64 bytes of common header, private headers of 16 bytes in front of everything.
Image& version_2(Image& i, uint8_t syntax = 0x04) {
    i.u8(2).u8(0x10).u16(64);
    for (int n = 0; n < 5; ++n) i.u32(0xcccccccc);
    for (uint8_t b : {syntax, uint8_t{0x5d}, uint8_t{0x88}, uint8_t{0x8a}, uint8_t{0xeb}, uint8_t{0x1c}, uint8_t{0xc9},
                      uint8_t{0x11}, uint8_t{0x9f}, uint8_t{0xe8}, uint8_t{0x08}, uint8_t{0x00}, uint8_t{0x2b},
                      uint8_t{0x10}, uint8_t{0x48}, uint8_t{0x60}})
        i.u8(b);
    i.u32(2);
    for (int n = 0; n < 5; ++n) i.u32(0);  // interface: anything
    return i;
}

TEST_F(Pickle, Version2InNdr20) {
    Image i;
    version_2(i).u32(16).u32(0).u64(0);
    simple_data(i).u32(16).u32(0).u64(0).u64(0x7766554433221100).u64(0);
    decode_from(i.bytes);
    Simple got{};
    ASSERT_EQ(type_decode(handle, simple(), &got), Status::ok);
    EXPECT_EQ(got.h, simple_value.h);
    int64_t wide = 0;
    ASSERT_EQ(simple_decode(handle, &wide, 8), Status::ok);
    EXPECT_EQ(wide, 0x7766554433221100);
}

TEST_F(Pickle, EveryHeaderFieldIsChecked) {
    struct Case {
        size_t at;
        uint8_t value;
        Status want;
    };
    Image one, two;
    simple_data(private_header(common_header(one), 16));
    version_2(two).u32(16).u32(0).u64(0);
    simple_data(two);
    auto check = [&](const Image& image, std::initializer_list<Case> cases) {
        for (const Case& c : cases) {
            std::vector<uint8_t> bytes = image.bytes;
            bytes[c.at] = c.value;
            decode_from(bytes);
            Simple got{};
            EXPECT_EQ(type_decode(handle, simple(), &got), c.want) << c.at << " " << int(c.value);
            // The handle is where it was: the same again.
            EXPECT_EQ(type_decode(handle, simple(), &got), c.want == Status::ok ? invalid_buffer : c.want);
        }
    };
    check(one, {{0, 0, Status::wrong_es_version},
                {0, 3, Status::wrong_es_version},
                {0, 2, Status::wrong_es_version},
                {1, 0x11, Status::wrong_es_version},
                {1, 0x20, Status::wrong_es_version},
                {2, 7, Status::wrong_es_version},
                {3, 1, Status::wrong_es_version},
                {4, 0, Status::ok},
                {8, 8, Status::bad_stub_data},
                {8, 12, Status::bad_stub_data},
                {8, 24, invalid_buffer},
                {11, 0x80, Status::bad_stub_data},
                {12, 1, Status::ok}});
    check(two, {{0, 1, Status::wrong_es_version},
                {1, 0, Status::wrong_es_version},
                {2, 8, Status::wrong_es_version},
                {5, 0, Status::ok},
                {24, 0x05, Status::unsupported_trans_syn},
                {40, 1, Status::unsupported_trans_syn},
                {44, 9, Status::ok},
                {64, 8, Status::bad_stub_data},
                {64, 32, invalid_buffer},
                {70, 1, Status::bad_stub_data},
                {79, 1, Status::bad_stub_data}});
    for (size_t cut = 1; cut <= one.bytes.size(); ++cut) {
        decode_from(one.bytes, cut);
        Simple got{};
        EXPECT_EQ(type_decode(handle, simple(), &got), invalid_buffer) << cut;
    }
}

TEST_F(Pickle, BadDataLeavesNothing) {
    Image good;
    with_pointers_data(private_header(common_header(good), with_pointers_length));
    for (size_t at = 16; at < good.bytes.size(); ++at)
        for (uint8_t value : {0x00, 0x01, 0x7f, 0xff}) {
            std::vector<uint8_t> bytes = good.bytes;
            bytes[at] = value;
            decode_from(bytes);
            WithPointers got{};
            Status s = type_decode(handle, with_pointers(), &got);
            if (s == Status::ok)
                ASSERT_EQ(type_free(with_pointers(), &got), Status::ok);
            else
                EXPECT_EQ(got.s, nullptr);
            ASSERT_EQ(Heap::blocks, 0) << at;
        }
}

TEST_F(Pickle, SimpleTypesOfOtherSizes) {
    encode_into_fixed();
    int64_t value = 0;
    for (int size : {-1, 0, 3, 5, 16}) {
        EXPECT_EQ(simple_encode(handle, &desc(), &value, size), Status::invalid_arg);
        EXPECT_EQ(simple_decode(handle, &value, size), Status::invalid_arg);
    }
    EXPECT_EQ(simple_encode(handle, &desc(), nullptr, 4), Status::null_ref_pointer);
    EXPECT_EQ(type_encode(handle, simple(), nullptr), Status::null_ref_pointer);
}

// --- procedures -----------------------------------------------------------------------------------------------------

TEST_F(Pickle, ProceduresEncodeInAndDecodeOut) {
    encode_into_fixed();
    RPC_SYNTAX_IDENTIFIER id{};
    ULong32 number = 0;
    EXPECT_EQ(encoding_id(handle, &id, &number), Status::invalid_es_action) << "none yet";
    char16_t text[] = u"abc", *s = text;
    int32_t b = 2, c = 3;
    ASSERT_EQ(procedure_here(handle, args(1, &b, &c, &s), result), Status::ok);
    Image want;
    procedure_header(want, 32).u32(1).u32(2).referent(0).u32(4).u32(0).u32(4).wide(u"abc");
    EXPECT_EQ(written(), want.bytes);
    ASSERT_EQ(encoding_id(handle, &id, &number), Status::ok);
    EXPECT_EQ(std::memcmp(&id, &interface().InterfaceId, sizeof id), 0);
    EXPECT_EQ(number, 7u);

    // What a decoding procedure gives: b, c, s.
    Image reply;
    procedure_header(reply, 30).u32(20).u32(30).referent(0).u32(3).u32(0).u32(3).wide(u"xy");
    decode_from(reply.bytes);
    for (int i = 0; i < 2; ++i) {
        id = {}, number = 0;
        ASSERT_EQ(encoding_id(handle, &id, &number), Status::ok);
        EXPECT_EQ(number, 7u);
    }
    ASSERT_EQ(procedure_here(handle, args(1, &b, &c, &s), result), Status::ok);
    EXPECT_EQ(b, 20);
    EXPECT_EQ(c, 30);
    EXPECT_EQ(std::u16string(text), u"xy");
    EXPECT_EQ(encoding_id(handle, &id, &number), invalid_buffer);
}

TEST_F(Pickle, EveryFieldOfAProceduresHeaderIsChecked) {
    Image reply;
    procedure_header(reply, 16).u32(20).u32(30).u32(0).u32(0);
    auto check = [&](size_t at, uint8_t value, Status want) {
        std::vector<uint8_t> bytes = reply.bytes;
        bytes[at] = value;
        decode_from(bytes);
        int32_t b = 0, c = 0;
        char16_t* s = nullptr;
        EXPECT_EQ(procedure_here(handle, args(1, &b, &c, &s), result), want) << at;
    };
    for (size_t at : {0, 1}) check(at, 2, Status::wrong_es_version);
    check(2, 0, Status::ok);
    for (size_t at = 4; at < 24; ++at) check(at, 0xee, Status::unsupported_trans_syn);
    for (size_t at = 24; at < 42; ++at) check(at, 0xee, Status::unknown_if);
    check(42, 3, Status::unknown_if);
    check(42, 1, Status::ok);  // an earlier minor version
    check(44, 9, Status::ok);  // asked for by MesInqProcEncodingId
    check(52, 8, Status::bad_stub_data);
    check(52, 17, invalid_buffer);
    check(55, 0x80, Status::bad_stub_data);
    for (size_t cut = 1; cut <= reply.bytes.size(); ++cut) {
        decode_from(reply.bytes, cut);
        int32_t b = 0, c = 0;
        char16_t* s = nullptr;
        EXPECT_EQ(procedure_here(handle, args(1, &b, &c, &s), result), invalid_buffer) << cut;
        RPC_SYNTAX_IDENTIFIER id;
        ULong32 number;
        EXPECT_EQ(encoding_id(handle, &id, &number), cut > 16 ? invalid_buffer : Status::ok);
    }
}

TEST_F(Pickle, ProceduresAreForWhatTheyAreFor) {
    Bytes format = both_ways();
    format[1] = 0x48 | 0x10;  // encode only
    Image reply;
    procedure_header(reply, 16).u32(20).u32(30).u32(0).u32(0);
    int32_t b = 0, c = 0;
    char16_t* s = nullptr;
    decode_from(reply.bytes);
    EXPECT_EQ(procedure(handle, desc(), format.data(), args(1, &b, &c, &s), Style::oif, nullptr, result),
              Status::invalid_es_action);
    format[18] |= 0x08;  // pipes
    EXPECT_EQ(procedure(handle, desc(), format.data(), args(1, &b, &c, &s), Style::oif, nullptr, result),
              Status::cannot_support);
    format[18] &= 0xf7;
    format[1] = 0x48;  // nothing said
    EXPECT_EQ(procedure(handle, desc(), format.data(), args(1, &b, &c, &s), Style::oif, nullptr, result), Status::ok);
}

}  // namespace
}  // namespace rpc::stub::pickle
