// The exported per-type routines, as -Os stubs call them: wire images derived by hand, there and back, on both architectures.
// `ndr_pe list` also does what only ours does: lists of 100,000 nodes, the helpers that the builtin has not.
#include <windows.h>
#include <rpc.h>
#include <objbase.h>
#include <rpcndr.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../../dlls/rpcrt4/ndr/sample_formats.h"
#include "support/guard.h"

#ifdef _WIN64
namespace sample = rpc::ndr::sample::x64;
#else
namespace sample = rpc::ndr::sample::x32;
#endif

namespace {

int g_failures = 0, g_checks = 0;
long g_blocks = 0;

void expect(bool ok, const char* name, const char* what) {
    ++g_checks;
    if (ok) return;
    ++g_failures;
    std::printf("FAIL %s: %s\n", name, what);
}

void* __RPC_USER allocate(size_t n) {
    ++g_blocks;
    return std::malloc(n ? n : 1);
}
void __RPC_USER release(void* p) {
    --g_blocks;
    std::free(p);
}

class Image {
public:
    Image& u8(unsigned v) { return put(v, 1); }
    Image& u16(unsigned v) { return put(v, 2); }
    Image& u32(uint32_t v) { return put(v, 4); }
    Image& u64(uint64_t v) { return put(v, 8); }
    Image& text(const char* s) {
        do u8(static_cast<unsigned char>(*s));
        while (*s++);
        return *this;
    }
    Image& wide(const wchar_t* s) {
        do u16(*s);
        while (*s++);
        return *this;
    }
    // A referent id: any number but 0.
    Image& referent() {
        u32(0x20000 + 4 * count++);
        referents.push_back(bytes.size() - 4);
        return *this;
    }
    std::vector<uint8_t> bytes;
    std::vector<size_t> referents;

private:
    Image& put(uint64_t v, size_t n) {
        while (bytes.size() % n) bytes.push_back(0);
        for (size_t i = 0; i < n; ++i) bytes.push_back(static_cast<uint8_t>(v >> 8 * i));
        return *this;
    }
    unsigned count = 0;
};

struct Routines {
    void(RPC_ENTRY* size)(PMIDL_STUB_MESSAGE, unsigned char*, PFORMAT_STRING);
    unsigned char*(RPC_ENTRY* marshal)(PMIDL_STUB_MESSAGE, unsigned char*, PFORMAT_STRING);
    unsigned char*(RPC_ENTRY* unmarshal)(PMIDL_STUB_MESSAGE, unsigned char**, PFORMAT_STRING, unsigned char);
    void(RPC_ENTRY* free)(PMIDL_STUB_MESSAGE, unsigned char*, PFORMAT_STRING);
};
#define ROUTINES(type) Routines{Ndr##type##BufferSize, Ndr##type##Marshall, Ndr##type##Unmarshall, Ndr##type##Free}

struct Message {
    Message() {
        desc.pfnAllocate = allocate;
        desc.pfnFree = release;
        desc.pFormatTypes = sample::format;
        desc.Version = 0x50002;
        desc.MIDLVersion = 0x700022b;
        desc.fCheckBounds = 1;
        NdrClientInitializeNew(&rpc, &m, const_cast<MIDL_STUB_DESC*>(&desc), 0);
        rpc.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    }
    void attach(uint8_t* data, size_t size) {
        rpc.Buffer = m.Buffer = m.BufferStart = data;
        m.BufferEnd = data + size;
        rpc.BufferLength = m.BufferLength = static_cast<unsigned>(size);
    }
    MIDL_STUB_DESC desc = {};
    RPC_MESSAGE rpc = {};
    MIDL_STUB_MESSAGE m = {};
};

alignas(16) uint8_t g_buffer[4096], g_second[4096];

// Referent ids are the runtime's own: what matters is which are 0.
void same_image(const char* name, const uint8_t* got, size_t size, const Image& w) {
    bool same = size == w.bytes.size();
    for (size_t i = 0; same && i < size; ++i) {
        bool id = false;
        for (size_t at : w.referents) id = id || (i >= at && i < at + 4);
        same = id || got[i] == w.bytes[i];
    }
    for (size_t at : w.referents) {
        uint32_t v = 0;
        if (at + 4 <= size) std::memcpy(&v, got + at, 4);
        same = same && v != 0;
    }
    expect(same, name, "the wire image");
    if (same) return;
    std::printf("  got     ");
    for (size_t i = 0; i < size; ++i) std::printf("%02x%s", got[i], i % 4 == 3 ? " " : "");
    std::printf("\n  expected");
    for (size_t i = 0; i < w.bytes.size(); ++i) std::printf("%s%02x", i % 4 == 0 ? " " : "", w.bytes[i]);
    std::printf("\n");
}

void check(const char* name, const Routines& r, const void* memory, PFORMAT_STRING f, const Image& w, ULONG_PTR max = 0) {
    Message a;
    auto* data = static_cast<unsigned char*>(const_cast<void*>(memory));
    a.m.MaxCount = max;
    a.m.BufferLength = 0;
    Outcome o = guarded([&] { r.size(&a.m, data, f); });
    expect(!o.raised, name, "BufferSize raises");
    expect(a.m.BufferLength >= w.bytes.size(), name, "BufferSize is too small");
    a.attach(g_buffer, sizeof g_buffer);
    a.m.MaxCount = max;
    o = guarded([&] { r.marshal(&a.m, data, f); });
    expect(!o.raised, name, "Marshall raises");
    if (o.raised) return;
    same_image(name, g_buffer, static_cast<size_t>(a.m.Buffer - g_buffer), w);

    long before = g_blocks;
    a.attach(g_buffer, w.bytes.size());
    a.m.MaxCount = max;
    unsigned char* back = nullptr;
    o = guarded([&] { r.unmarshal(&a.m, &back, f, 1); });
    expect(!o.raised && back, name, "Unmarshall raises");
    if (o.raised || !back) return;
    expect(a.m.Buffer == g_buffer + w.bytes.size(), name, "Unmarshall ends elsewhere");
    Message b;
    b.attach(g_second, sizeof g_second);
    b.m.MaxCount = max;
    o = guarded([&] { r.marshal(&b.m, back, f); });
    expect(!o.raised, name, "marshalling what was unmarshalled raises");
    if (!o.raised) same_image(name, g_second, static_cast<size_t>(b.m.Buffer - g_second), w);
    a.m.MaxCount = max;
    if (r.free) {
        o = guarded([&] { r.free(&a.m, back, f); });
        expect(!o.raised, name, "Free raises");
    }
    bool pointer = f[0] >= 0x11 && f[0] <= 0x14;
    if (!pointer) release(back);
    expect(g_blocks == before, name, "memory is left");
    // Cut short by a byte: a documented exception.
    a.attach(g_buffer, w.bytes.size() - 1);
    a.m.MaxCount = max;
    back = nullptr;
    o = guarded([&] { r.unmarshal(&a.m, &back, f, 1); });
    expect(o.raised == RPC_X_BAD_STUB_DATA || o.raised == RPC_X_INVALID_BOUND, name, "a truncated buffer is taken");
}

void check(const char* name, const Routines& r, const void* memory, unsigned at, const Image& w, ULONG_PTR max = 0) {
    check(name, r, memory, sample::format + at, w, max);
}

struct Simple {
    LONG a;
    short b;
    char c;
    __int64 h;
};
struct WithPointers {
    LONG a;
    const wchar_t* s;
    LONG* p;
    short* arr;
};
struct Node {
    LONG v;
    Node* next;
};

void structures() {
    Simple s = {};
    s.a = 0x01020304;
    s.b = 0x0506;
    s.c = 7;
    s.h = 0x1112131415161718;
    Image w;
    w.u32(0x01020304).u16(0x0506).u8(7).u64(0x1112131415161718);
    check("simple structure", ROUTINES(SimpleStruct), &s, sample::at_simple, w);
    check("[ref] pointer to one", ROUTINES(Pointer), &s, sample::at_simple_p, w);

    LONG five = 5;
    short arr[] = {1, 2, 3};
    WithPointers p = {3, L"hi", &five, arr};
    Image q;
    q.u32(3).referent().referent().referent().u32(3).u32(0).u32(3).wide(L"hi").u32(5).u32(3).u16(1).u16(2).u16(3);
#ifdef _WIN64
    check("structure with pointers", ROUTINES(ComplexStruct), &p, sample::at_withptr, q);
#else
    check("structure with pointers", ROUTINES(SimpleStruct), &p, sample::at_withptr, q);
#endif
    Node c = {3, nullptr}, b = {2, &c}, a = {1, &b};
    Image l;
    l.u32(1).referent().u32(2).referent().u32(3).u32(0);
    check("list", ROUTINES(Pointer), &a, sample::at_node_rp, l);

    struct {
        LONG n;
        short a[3];
    } conf = {3, {10, 11, 12}};
    check("conformant structure", ROUTINES(ConformantStruct), &conf, sample::at_conf,
          Image().u32(3).u32(3).u16(10).u16(11).u16(12));
    struct {
        LONG n, l;
        short a[5];
    } cv = {5, 2, {1, 2, 3, 4, 5}};
    check("conformant varying structure", ROUTINES(ConformantVaryingStruct), &cv, sample::at_confvar,
          Image().u32(5).u32(5).u32(2).u32(0).u32(2).u16(1).u16(2));
    struct {
        LONG e, v;
        unsigned char b;
    } enums = {2, 0x12345, 9};
    check("enums", ROUTINES(ComplexStruct), &enums, sample::at_enums, Image().u16(2).u32(0x12345).u8(9));
    struct {
        char s[20];
        wchar_t w[10];
    } strs = {"abc", L"de"};
    check("fixed strings", ROUTINES(ComplexStruct), &strs, sample::at_strs,
          Image().u32(0).u32(4).text("abc").u32(0).u32(3).wide(L"de"));
}

void arrays_and_strings() {
    LONG a[] = {1, 2, 3};
    check("conformant array", ROUTINES(ConformantArray), a, sample::at_long_array, Image().u32(3).u32(1).u32(2).u32(3), 3);
    LONG grid[12] = {};
    Image g;
    for (unsigned i = 0; i < 12; ++i) g.u32(static_cast<uint32_t>(grid[i] = static_cast<LONG>(i)));
    check("fixed array", ROUTINES(FixedArray), grid, sample::at_long_3_4, g);
    LONG five = 5;
    WithPointers p[3] = {{0, L"x", nullptr, nullptr}, {0, nullptr, &five, nullptr}, {0, nullptr, nullptr, nullptr}};
    Image w;
    w.u32(0).referent().u32(0).u32(0).u32(0).u32(0).referent().u32(0).u32(0).u32(0).u32(0).u32(0);
    w.u32(2).u32(0).u32(2).wide(L"x").u32(5);
#ifdef _WIN64
    check("array of structures with pointers", ROUTINES(ComplexArray), p, sample::at_withptr_3, w);
#else
    check("array of structures with pointers", ROUTINES(FixedArray), p, sample::at_withptr_3, w);
#endif
    Routines strings = {NdrConformantStringBufferSize, NdrConformantStringMarshall, NdrConformantStringUnmarshall, nullptr};
    check("conformant string", strings, L"wide", sample::at_wchar_t_p + 2, Image().u32(5).u32(0).u32(5).wide(L"wide"));
    static const unsigned char unique_long[] = {0x12, 0x08, 0x08, 0x5c};
    check("[unique] pointer to a number", ROUTINES(Pointer), &five, unique_long, Image().referent().u32(5));
}

void unions() {
    struct {
        LONG tag;
        union {
            LONG l;
            __int64 h;
            const char* s;
            WithPointers w;
        };
    } e = {};
    e.tag = 1;
    e.l = 77;
    check("encapsulated union", ROUTINES(EncapsulatedUnion), &e, sample::at_encu, Image().u32(1).u32(77));
    e.tag = 3;
    e.h = 78;
    check("encapsulated union, hyper", ROUTINES(EncapsulatedUnion), &e, sample::at_encu, Image().u32(3).u64(78));
    e.tag = 4;
    e.s = "q";
    check("encapsulated union, string", ROUTINES(EncapsulatedUnion), &e, sample::at_encu,
          Image().u32(4).referent().u32(2).u32(0).u32(2).text("q"));
    struct {
        LONG tt;
        union {
            LONG l;
            __int64 h;
            Simple* sp;
        };
    } h = {};
    h.tt = 2;
    h.h = 5;
    check("union in a structure", ROUTINES(ComplexStruct), &h, sample::at_hasu, Image().u32(2).u32(2).u64(5));
    check("union by parameter", ROUTINES(NonEncapsulatedUnion), &h.h, sample::at_nonenc_2, Image().u32(2).u64(5), 2);
    h.tt = 99;
    Message m;
    Outcome o = guarded([&] { NdrComplexStructBufferSize(&m.m, reinterpret_cast<unsigned char*>(&h), sample::format + sample::at_hasu); });
    expect(o.raised == RPC_S_INVALID_TAG, "union", "an unknown discriminant is taken");
}

void base_types() {
    const struct {
        unsigned char fc;
        size_t wire, memory;
    } types[] = {{1, 1, 1}, {2, 1, 1}, {3, 1, 1}, {4, 1, 1}, {5, 2, 2}, {6, 2, 2}, {7, 2, 2}, {8, 4, 4}, {9, 4, 4},
                 {10, 4, 4}, {11, 8, 8}, {12, 8, 8}, {13, 2, 4}, {14, 4, 4}, {16, 4, 4}, {0xb8, 4, sizeof(void*)},
                 {0xb9, 4, sizeof(void*)}};
    for (auto& t : types) {
        std::string name = "base type " + std::to_string(t.fc);
        Message m;
        uint64_t value = 0x55, back = 0;
        m.attach(g_buffer, sizeof g_buffer);
        Outcome o = guarded([&] { NdrSimpleTypeMarshall(&m.m, reinterpret_cast<unsigned char*>(&value), t.fc); });
        expect(!o.raised && m.m.Buffer == g_buffer + t.wire, name.c_str(), "NdrSimpleTypeMarshall");
        m.m.Buffer = g_buffer;
        o = guarded([&] { NdrSimpleTypeUnmarshall(&m.m, reinterpret_cast<unsigned char*>(&back), t.fc); });
        expect(!o.raised && back == value && m.m.Buffer == g_buffer + t.wire, name.c_str(), "NdrSimpleTypeUnmarshall");
    }
    Message m;
    m.attach(g_buffer, sizeof g_buffer);
    LONG big = 0x8000;
    Outcome o = guarded([&] { NdrSimpleTypeMarshall(&m.m, reinterpret_cast<unsigned char*>(&big), 0x0d); });
    expect(o.raised == RPC_X_ENUM_VALUE_OUT_OF_RANGE, "enum16", "a value past 32767 is taken");
    o = guarded([&] { NdrPointerBufferSize(&m.m, nullptr, sample::format + sample::at_simple_p); });
    expect(o.raised == RPC_X_NULL_REF_POINTER, "[ref] pointer", "null is taken");
    void* p = nullptr;
    o = guarded([&] { p = NdrAllocate(&m.m, 10); });
    expect(!o.raised && p, "NdrAllocate", "gives nothing");
    if (p) release(p);
}

void long_list() {
    constexpr unsigned count = 100000;
    std::vector<Node> nodes(count);
    for (unsigned i = 0; i < count; ++i) nodes[i] = {static_cast<LONG>(i), i + 1 < count ? &nodes[i + 1] : nullptr};
    PFORMAT_STRING f = sample::format + sample::at_node_rp;
    Message m;
    m.m.BufferLength = 0;
    auto* data = reinterpret_cast<unsigned char*>(nodes.data());
    Outcome o = guarded([&] { NdrPointerBufferSize(&m.m, data, f); });
    expect(!o.raised && m.m.BufferLength == 8 * count, "100,000 nodes", "BufferSize");
    std::vector<uint64_t> room(count + 2);
    m.attach(reinterpret_cast<uint8_t*>(room.data()), 8 * count);
    o = guarded([&] { NdrPointerMarshall(&m.m, data, f); });
    expect(!o.raised, "100,000 nodes", "Marshall");
    m.attach(reinterpret_cast<uint8_t*>(room.data()), 8 * count);
    unsigned char* back = nullptr;
    long before = g_blocks;
    o = guarded([&] { NdrPointerUnmarshall(&m.m, &back, f, 1); });
    expect(!o.raised && g_blocks == before + static_cast<long>(count), "100,000 nodes", "Unmarshall");
    o = guarded([&] { NdrPointerFree(&m.m, back, f); });
    expect(!o.raised && g_blocks == before, "100,000 nodes", "Free");
}

// The program's allocator raises in the middle of a list: its code arrives, and what there was by then is given back.
long g_until_raise = 0;
void* __RPC_USER raising_allocate(size_t n) {
    if (--g_until_raise == 0) RaiseException(0xe0001234, 0, 0, nullptr);
    return allocate(n);
}

void raising_allocators() {
    constexpr unsigned count = 12;
    Node nodes[count];
    for (unsigned i = 0; i < count; ++i) nodes[i] = {static_cast<LONG>(i), i + 1 < count ? &nodes[i + 1] : nullptr};
    PFORMAT_STRING f = sample::format + sample::at_node_rp;
    Message m;
    m.attach(g_buffer, sizeof g_buffer);
    Outcome o = guarded([&] { NdrPointerMarshall(&m.m, reinterpret_cast<unsigned char*>(nodes), f); });
    expect(!o.raised, "raising allocator", "Marshall");
    const long before = g_blocks;
    for (unsigned nth = 1; nth <= count + 1; ++nth) {
        Message r;
        r.m.pfnAllocate = raising_allocate;
        r.attach(g_buffer, 8 * count);
        g_until_raise = nth;
        unsigned char* back = nullptr;
        o = guarded([&] { NdrPointerUnmarshall(&r.m, &back, f, 1); });
        expect(o.raised == (nth <= count ? 0xe0001234 : 0), "raising allocator", "the code that arrives");
        if (!o.raised) NdrPointerFree(&r.m, back, f);
        expect(g_blocks == before, "raising allocator", "memory is left");
    }
}

// --- what has no type of sample.idl -----------------------------------------------------------------------------------

// Interface pointers travel as COM marshals them: within a process the same object comes back. On one machine as Wine's own do.
void interface_pointers() {
    if (FAILED(CoInitializeEx(nullptr, COINIT_MULTITHREADED))) return expect(false, "FC_IP", "COM does not start");
    IStream* object = nullptr;
    CreateStreamOnHGlobal(nullptr, TRUE, &object);
    uint8_t f[18] = {0x2f, 0x5a};
    std::memcpy(f + 2, &IID_IUnknown, 16);
    Message m;
    m.m.BufferLength = 0;
    Outcome o = guarded([&] { NdrInterfacePointerBufferSize(&m.m, reinterpret_cast<unsigned char*>(object), f); });
    expect(!o.raised && m.m.BufferLength > 12 && m.m.BufferLength < sizeof g_buffer, "FC_IP", "BufferSize");
    auto room = m.m.BufferLength;
    m.attach(g_buffer, sizeof g_buffer);
    o = guarded([&] { NdrInterfacePointerMarshall(&m.m, reinterpret_cast<unsigned char*>(object), f); });
    auto size = static_cast<size_t>(m.m.Buffer - g_buffer);
    expect(!o.raised && size <= room, "FC_IP", "Marshall");
    uint32_t words[2];
    std::memcpy(words, g_buffer, sizeof words);
    expect(words[0] == size - 4, "FC_IP", "ulCntData");
    expect(words[1] == 0x574f454d, "FC_IP", "the OBJREF's signature, MEOW");
    unsigned char* back = nullptr;
    m.attach(g_buffer, size);
    o = guarded([&] { NdrInterfacePointerUnmarshall(&m.m, &back, f, 0); });
    expect(!o.raised && back == reinterpret_cast<unsigned char*>(object) && m.m.Buffer == g_buffer + size, "FC_IP",
           "Unmarshall");
    o = guarded([&] { NdrInterfacePointerFree(&m.m, back, f); });
    expect(!o.raised && object->AddRef() == 2, "FC_IP", "Free releases");
    object->Release();
    // Null, and nonsense in place of an OBJREF.
    m.attach(g_buffer, sizeof g_buffer);
    o = guarded([&] { NdrInterfacePointerMarshall(&m.m, nullptr, f); });
    expect(!o.raised && m.m.Buffer == g_buffer + 4 && *reinterpret_cast<uint32_t*>(g_buffer) == 0, "FC_IP", "null");
    const uint32_t nonsense[] = {16, 0x574f454d, 8, 0x12345678, 0x12345678};
    std::memcpy(g_buffer, nonsense, sizeof nonsense);
    m.attach(g_buffer, sizeof nonsense);
    back = nullptr;
    o = guarded([&] { NdrInterfacePointerUnmarshall(&m.m, &back, f, 0); });
    expect(o.raised && !back, "FC_IP", "nonsense is taken");
    object->Release();
}

void embedded_interface_pointer() {
#ifdef _WIN64
    uint8_t f[40] = {0x1a, 0x07, 24, 0, 0, 0, 0, 0, 0x08, 0x39, 0x4c, 0, 8, 0, 0x08, 0x40, 0x5b, 0x5c};
#else
    uint8_t f[40] = {0x1a, 0x03, 12, 0, 0, 0, 0, 0, 0x08, 0x5c, 0x4c, 0, 8, 0, 0x08, 0x5b, 0x5c, 0x5c};
#endif
    f[20] = 0x2f;
    f[21] = 0x5a;
    std::memcpy(f + 22, &IID_IUnknown, 16);
    struct {
        LONG a;
        IStream* object;
        LONG b;
    } s = {7, nullptr, 8}, *back = nullptr;
    CreateStreamOnHGlobal(nullptr, TRUE, &s.object);
    Message m;
    m.attach(g_buffer, sizeof g_buffer);
    Outcome o = guarded([&] { NdrComplexStructMarshall(&m.m, reinterpret_cast<unsigned char*>(&s), f); });
    uint32_t words[3];
    std::memcpy(words, g_buffer, sizeof words);
    auto size = static_cast<size_t>(m.m.Buffer - g_buffer);
    expect(!o.raised && words[0] == 7 && words[1] < size && words[2] == 0x574f454d, "embedded FC_IP", "Marshall");
    m.attach(g_buffer, size);
    o = guarded([&] { NdrComplexStructUnmarshall(&m.m, reinterpret_cast<unsigned char**>(&back), f, 1); });
    expect(!o.raised && back && back->object == s.object && back->b == 8, "embedded FC_IP", "Unmarshall");
    if (back) {
        o = guarded([&] { NdrComplexStructFree(&m.m, reinterpret_cast<unsigned char*>(back), f); });
        expect(!o.raised && s.object->AddRef() == 2, "embedded FC_IP", "Free releases");
        s.object->Release();
        release(back);
    }
    s.object->Release();
}

void byte_counts() {
    const uint8_t f[] = {0x2c, 0x08, 0x28, 0x00, 0x00, 0x00};
    LONG value = 9, target = 0;
    auto* back = reinterpret_cast<unsigned char*>(&target);
    uintptr_t frame[] = {4};
    Message m;
    m.m.StackTop = reinterpret_cast<unsigned char*>(frame);
    m.attach(g_buffer, sizeof g_buffer);
    Outcome o = guarded([&] { NdrByteCountPointerMarshall(&m.m, reinterpret_cast<unsigned char*>(&value), f); });
    expect(!o.raised && m.m.Buffer == g_buffer + 4, "byte_count", "Marshall");
    m.attach(g_buffer, 4);
    o = guarded([&] { NdrByteCountPointerUnmarshall(&m.m, &back, f, 0); });
    expect(!o.raised && target == 9, "byte_count", "Unmarshall");
}

void full_pointer_tables() {
    PFULL_PTR_XLAT_TABLES t = NdrFullPointerXlatInit(0, XLAT_CLIENT);
    int a = 0;
    void* found = nullptr;
    unsigned long id = 0;
    bool ok = !NdrFullPointerQueryPointer(t, &a, 1, &id) && id != 0 && NdrFullPointerQueryPointer(t, &a, 1, &id);
    expect(ok, "full pointers", "QueryPointer");
    expect(NdrFullPointerQueryRefId(t, id, 1, &found) && found == &a, "full pointers", "QueryRefId");
    NdrFullPointerInsertRefId(t, id + 1, &found);
    unsigned long other = 0;
    (void)NdrFullPointerQueryPointer(t, &found, 1, &other);
    expect(other == id + 1, "full pointers", "InsertRefId");
    expect(NdrFullPointerFree(t, &a) && !NdrFullPointerFree(t, &a), "full pointers", "Free");
    NdrFullPointerXlatFree(t);
}

void out_parameters() {
    const uint8_t f[] = {0x11, 0x08, 0x08, 0x5c};
    LONG value = 5;
    Message m;
    Outcome o = guarded([&] { NdrClearOutParameters(&m.m, f, &value); });
    expect(!o.raised && value == 0, "NdrClearOutParameters", "leaves a value");
    void* pointer = &value;
    m.attach(g_buffer, sizeof g_buffer);
    o = guarded([&] {
        NdrPartialIgnoreClientMarshall(&m.m, pointer);
        m.attach(g_buffer, 4);
        NdrPartialIgnoreServerUnmarshall(&m.m, &pointer);
        NdrPartialIgnoreServerInitialize(&m.m, &pointer, f);
    });
    expect(!o.raised && pointer && pointer != &value && *static_cast<LONG*>(pointer) == 0, "partial_ignore", "a pointer");
    if (!o.raised) release(pointer);
}

}  // namespace

extern "C" {
void* __RPC_USER MIDL_user_allocate(size_t n) { return std::malloc(n); }
void __RPC_USER MIDL_user_free(void* p) { std::free(p); }
}

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    base_types();
    structures();
    arrays_and_strings();
    unions();
    interface_pointers();
    embedded_interface_pointer();
    if (argc > 1 && std::strcmp(argv[1], "list") == 0) {
        long_list();
        raising_allocators();
        byte_counts();
        full_pointer_tables();
        out_parameters();
    }
    std::printf("ndr_pe: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
