// Interface pointers, with a stand-in for COM; [byte_count] pointers; the full pointers' tables by themselves.
#include "ndr/test_rig.h"

namespace rpc::ndr::test {

namespace {

// An object's bytes are the signature, its number of letters, then that many of its letter.
struct Object {
    uint8_t letters, letter;
    int references;
};
const uint8_t iid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
const uint8_t no_iid[16] = {};
const uint8_t* expected = iid;
int made = 0;

Status stand_in(Op op, MIDL_STUB_MESSAGE& m, const void* id, void** object, uint32_t room) {
    auto* o = static_cast<Object*>(*object);
    if (op == Op::free) {
        EXPECT_EQ(id, nullptr);
        if (--o->references == 0) --made, delete o;
        return Status::ok;
    }
    EXPECT_EQ(0, std::memcmp(id, expected, 16));
    if (op == Op::size) {
        m.BufferLength += 100;  // an upper bound is enough
    } else if (op == Op::marshal) {
        if (room < o->letters + 5u) return Status::bad_stub_data;
        std::memcpy(m.Buffer, "MEOW", 4);
        m.Buffer += 4;
        *m.Buffer++ = o->letters;
        std::memset(m.Buffer, o->letter, o->letters);
        m.Buffer += o->letters;
    } else {
        if (room < 6 || m.Buffer[4] + 5u > room) return Status::bad_stub_data;
        *object = new Object{m.Buffer[4], m.Buffer[5], 1};
        ++made;
    }
    return Status::ok;
}

class NdrObjects : public testing::Test {
protected:
    NdrObjects() {
        set_interface_hook(stand_in);
        made = 0;
        std::memcpy(constant + 2, iid, 16);
    }
    ~NdrObjects() override {
        set_interface_hook(nullptr);
        EXPECT_EQ(0, made);
    }
    // The bytes of `object`.
    static Image& objref(Image& w) { return w.u8('M').u8('E').u8('O').u8('W').u8(3).u8('x').u8('x').u8('x'); }
    void to_another_machine() { r.message.dwDestContext = 2; }

    uint8_t constant[18] = {0x2f, 0x5a};
    Object object{3, 'x', 1};
    Rig r;
};

}  // namespace

// [MS-DCOM] 2.2.14: a unique pointer, maximum count, ulCntData, bytes.
TEST_F(NdrObjects, ToAnotherMachine) {
    Image w;
    objref(w.referent(0).u32(8).u32(8));
    to_another_machine();
    ASSERT_EQ(Status::ok, r.size(&object, constant));
    EXPECT_EQ(112u, r.message.BufferLength);
    ASSERT_EQ(Status::ok, r.marshal(&object, constant));
    EXPECT_EQ(w.bytes, r.written());
}

// Wine's: ulCntData and the bytes.
TEST_F(NdrObjects, OnThisMachine) {
    Image w;
    objref(w.u32(8));
    ASSERT_EQ(Status::ok, r.size(&object, constant));
    EXPECT_EQ(104u, r.message.BufferLength);
    ASSERT_EQ(Status::ok, r.marshal(&object, constant));
    EXPECT_EQ(w.bytes, r.written());
}

TEST_F(NdrObjects, BothFormsAreRead) {
    Image dcom, wine;
    objref(dcom.referent(0).u32(8).u32(8));
    objref(wine.u32(8));
    for (const Image* w : {&dcom, &wine}) {
        r.load(w->bytes);
        uint32_t size = 0;
        ASSERT_EQ(Status::ok, memory_size(r.message, constant, size));
        EXPECT_EQ(r.message.BufferEnd, r.message.Buffer);
        r.load(w->bytes);
        Object* back = nullptr;
        ASSERT_EQ(Status::ok, r.unmarshal(back, constant));
        EXPECT_EQ(r.message.BufferEnd, r.message.Buffer);
        EXPECT_EQ('x', back->letter);
        ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(back), constant));
        for (size_t n = 0; n < w->bytes.size(); ++n) {
            back = nullptr;
            r.load(w->bytes, n);
            EXPECT_NE(Status::ok, r.unmarshal(back, constant)) << n;
        }
    }
}

TEST_F(NdrObjects, Null) {
    ASSERT_EQ(Status::ok, r.marshal(nullptr, constant));
    EXPECT_EQ(Image().u32(0).bytes, r.written());
    r.load(Image().u32(0).bytes);
    Object* back = &object;
    object.references = 2;
    ASSERT_EQ(Status::ok, r.unmarshal(back, constant));
    EXPECT_EQ(nullptr, back);
    EXPECT_EQ(1, object.references);  // the client's own was released
    EXPECT_EQ(Status::ok, ndr::free(r.message, nullptr, constant));
}

// Embedded, its bytes come after the structure like any pointer's.
TEST_F(NdrObjects, InAStructure) {
    uint8_t whole[40] = {0x1a, 0x07, 24, 0, 0, 0, 0, 0, 0x08, 0x39, 0x4c, 0, 8, 0, 0x08, 0x40, 0x5b, 0x5c};
    std::memcpy(whole + 20, constant, 18);
    struct {
        int32_t a;
        Object* o;
        int32_t b;
    } s{7, &object, 8}, *back = nullptr;
    Image w, in_place;
    objref(in_place.u32(7).u32(8)).u32(8);
    ASSERT_EQ(Status::ok, r.marshal(&s, whole));
    EXPECT_EQ(in_place.bytes, r.written());
    r.load(in_place.bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(back, whole));
    EXPECT_EQ(8, back->b);
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(back), whole));
    Heap::release(std::exchange(back, nullptr));
    objref(w.u32(7).referent(0).u32(8).u32(8).u32(8));
    to_another_machine();
    ASSERT_EQ(Status::ok, r.marshal(&s, whole));
    EXPECT_EQ(w.bytes, r.written());
    r.load(w.bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(back, whole));
    EXPECT_EQ(8, back->b);
    ASSERT_NE(nullptr, back->o);
    EXPECT_EQ('x', back->o->letter);
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(back), whole));
    Heap::release(std::exchange(back, nullptr));
    // A message that breaks off later releases what it made.
    for (size_t n = 0; n < w.bytes.size(); ++n) {
        r.load(w.bytes, n);
        EXPECT_NE(Status::ok, r.unmarshal(back, whole)) << n;
        EXPECT_EQ(0, made);
    }
}

TEST_F(NdrObjects, BadCounts) {
    Object* back = nullptr;
    for (auto [most, count] : {std::pair{8u, 9u}, {9u, 8u}, {0x7fffffffu, 0x7fffffffu}, {0xffffffffu, 0xffffffffu}, {0u, 0u}}) {
        Image w;
        objref(w.referent(0).u32(most).u32(count));
        r.load(w.bytes);
        EXPECT_NE(Status::ok, r.unmarshal(back, constant)) << most;
        EXPECT_EQ(nullptr, back);
    }
    for (uint32_t count : {9u, 0x7fffffffu, 0xffffffffu, 4u}) {
        Image w;
        objref(w.u32(count));
        r.load(w.bytes);
        EXPECT_NE(Status::ok, r.unmarshal(back, constant)) << count;
        EXPECT_EQ(nullptr, back);
    }
}

// iid_is: the descriptor's value is the address of the IID, whatever type it names.
TEST_F(NdrObjects, IidOfAParameter) {
    const uint8_t f[] = {0x2f, 0x5c, 0x28, 0x00, 0x08, 0x00};
    const void* frame[2] = {nullptr, iid};
    r.message.StackTop = reinterpret_cast<uint8_t*>(frame);
    ASSERT_EQ(Status::ok, r.marshal(&object, f));
    r.message.StackTop = nullptr;
    r.message.MaxCount = reinterpret_cast<uintptr_t>(iid);  // -Os stubs
    ASSERT_EQ(Status::ok, r.marshal(&object, f));
    frame[1] = nullptr;
    r.message.StackTop = reinterpret_cast<uint8_t*>(frame);
    EXPECT_EQ(Status::null_ref_pointer, r.marshal(&object, f));
}

// Inline proxies give the IID when they marshal only.
TEST_F(NdrObjects, InlineStubsTakeTheInterfaceThatComes) {
    const uint8_t f[] = {0x2f, 0x5c, 0x28, 0x00, 0x08, 0x00};
    r.message.StackTop = nullptr;
    r.message.MaxCount = reinterpret_cast<uintptr_t>(iid);
    ASSERT_EQ(Status::ok, r.marshal(&object, f));
    Image w;
    objref(w.u32(8));
    r.load(w.bytes);
    r.message.MaxCount = 3;  // an array's before it
    expected = no_iid;
    Object* back = nullptr;
    EXPECT_EQ(Status::ok, r.unmarshal(back, f));
    expected = iid;
    ASSERT_NE(nullptr, back);
    ASSERT_EQ(Status::ok, ndr::free(r.message, Rig::bytes(back), f));
}

TEST_F(NdrObjects, ReleasedWhenALaterParameterIsBad) {
    Rig server(false);
    ASSERT_EQ(Status::ok, track_allocations(server.message));
    Image w;
    objref(w.u32(8));
    server.load(w.bytes);
    Object* back = nullptr;
    ASSERT_EQ(Status::ok, server.unmarshal(back, constant));
    EXPECT_EQ(1, made);
    discard_tracked(server.message);
    EXPECT_EQ(0, made);
}

// --- [byte_count] ---------------------------------------------------------------------------------------------------

namespace {

struct Frame {
    uintptr_t bytes;
    void* data;
};
// 0: the pointer, to an array of 3 shorts; 12: to a long.
const uint8_t byte_count[] = {0x2c, 0x5c, 0x28, 0x00, 0x00, 0x00, 0x1d, 0x01, 0x06, 0x00, 0x06, 0x5b,
                              0x2c, 0x08, 0x28, 0x00, 0x00, 0x00};

}  // namespace

TEST(NdrByteCount, MemoryIsAsLargeAsTheParameterSays) {
    int16_t data[3] = {1, 2, 3};
    Frame frame{64, data};
    Rig r(false);
    r.message.StackTop = reinterpret_cast<uint8_t*>(&frame);
    Image w;
    w.u16(1).u16(2).u16(3);
    ASSERT_EQ(Status::ok, r.size(data, byte_count));
    EXPECT_EQ(6u, r.message.BufferLength);
    ASSERT_EQ(Status::ok, r.marshal(data, byte_count));
    EXPECT_EQ(w.bytes, r.written());
    r.load(w.bytes);
    int16_t* back = nullptr;
    long before = Heap::bytes;
    ASSERT_EQ(Status::ok, r.unmarshal(back, byte_count));
    EXPECT_EQ(64, Heap::bytes - before);
    EXPECT_EQ(3, back[2]);
    Heap::release(back);
}

TEST(NdrByteCount, DataThatDoNotFit) {
    Frame frame{5, nullptr};
    Rig r(false);
    r.message.StackTop = reinterpret_cast<uint8_t*>(&frame);
    int16_t* back = nullptr;
    long before = Heap::blocks;
    r.load(Image().u16(1).u16(2).u16(3).bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(back, byte_count));
    frame.bytes = 0x7fffffff;  // nothing that a peer sent backs this
    r.load(Image().u16(1).u16(2).u16(3).bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(back, byte_count));
    EXPECT_EQ(before, Heap::blocks);
}

TEST(NdrByteCount, SimpleTypes) {
    int32_t value = 9, target = 0, *back = &target;
    Frame frame{4, &value};
    Rig r;
    r.message.StackTop = reinterpret_cast<uint8_t*>(&frame);
    ASSERT_EQ(Status::ok, r.marshal(&value, byte_count + 12));
    EXPECT_EQ(Image().u32(9).bytes, r.written());
    r.load(Image().u32(9).bytes);
    ASSERT_EQ(Status::ok, r.unmarshal(back, byte_count + 12));
    EXPECT_EQ(9, target);
}

// --- full pointers by themselves ------------------------------------------------------------------------------------

TEST(NdrFullPointerTables, AskedOnceForEachPurpose) {
    PFULL_PTR_XLAT_TABLES t = full_pointer_tables(XLAT_CLIENT);
    ASSERT_NE(nullptr, t);
    int a, b;
    uint32_t id = 7, other = 0;
    bool known = false;
    ASSERT_EQ(Status::ok, full_pointer_query(*t, nullptr, 1, id, known));
    EXPECT_TRUE(known);
    EXPECT_EQ(0u, id);
    ASSERT_EQ(Status::ok, full_pointer_query(*t, &a, 1, id, known));
    EXPECT_FALSE(known);
    EXPECT_NE(0u, id);
    ASSERT_EQ(Status::ok, full_pointer_query(*t, &b, 1, other, known));
    EXPECT_NE(id, other);
    ASSERT_EQ(Status::ok, full_pointer_query(*t, &a, 1, other, known));
    EXPECT_TRUE(known);
    EXPECT_EQ(id, other);
    ASSERT_EQ(Status::ok, full_pointer_query(*t, &a, 2, other, known));
    EXPECT_FALSE(known);
    full_pointer_tables_free(t);
}

TEST(NdrFullPointerTables, IdentifiersGetTheirPointer) {
    PFULL_PTR_XLAT_TABLES t = full_pointer_tables(XLAT_SERVER);
    ASSERT_NE(nullptr, t);
    int a;
    void* p = &p;
    bool known = false;
    ASSERT_EQ(Status::ok, full_pointer_query_id(*t, 0, 1, p, known));
    EXPECT_TRUE(known);
    EXPECT_EQ(nullptr, p);
    ASSERT_EQ(Status::ok, full_pointer_query_id(*t, 5, 1, p, known));
    EXPECT_FALSE(known);
    EXPECT_EQ(nullptr, p);
    ASSERT_EQ(Status::ok, full_pointer_insert(*t, 5, &a));
    ASSERT_EQ(Status::ok, full_pointer_query_id(*t, 5, 1, p, known));
    EXPECT_TRUE(known);
    EXPECT_EQ(&a, p);
    uint32_t id = 0;
    ASSERT_EQ(Status::ok, full_pointer_query(*t, &a, 1, id, known));
    EXPECT_EQ(5u, id);
    bool first = false;
    ASSERT_EQ(Status::ok, full_pointer_free_once(*t, &a, first));
    EXPECT_TRUE(first);
    ASSERT_EQ(Status::ok, full_pointer_free_once(*t, &a, first));
    EXPECT_FALSE(first);
    ASSERT_EQ(Status::ok, full_pointer_free_once(*t, nullptr, first));
    EXPECT_FALSE(first);
    full_pointer_tables_free(t);
}

TEST(NdrMemory, WhereATypeEnds) {
    const uint8_t fixed[] = {0x15, 0x03, 0x0c, 0x00, 0x08, 0x08, 0x08, 0x5b};
    // A conformant structure: a count, then as many shorts.
    const uint8_t conformant[] = {0x1b, 0x01, 0x02, 0x00, 0x08, 0x00, 0xfc, 0xff, 0x06, 0x5b,
                                  0x17, 0x03, 0x04, 0x00, 0xf2, 0xff, 0x08, 0x5b};
    Rig r;
    uint8_t* end = nullptr;
    int32_t memory[8] = {3};
    ASSERT_EQ(Status::ok, memory_end(r.message, Rig::bytes(memory), fixed, end));
    EXPECT_EQ(Rig::bytes(memory) + 12, end);
    ASSERT_EQ(Status::ok, memory_end(r.message, Rig::bytes(memory), conformant + 10, end));
    EXPECT_EQ(Rig::bytes(memory) + 4 + 6, end);
    EXPECT_EQ(Status::null_ref_pointer, memory_end(r.message, nullptr, fixed, end));
}

}  // namespace rpc::ndr::test
