// Every exported routine of the engine that no stub in the tests calls, by itself: what its page or its header says, bytes written out.
#include <cstring>
#include <string>

#include "checks.h"
#include "support/guard.h"

// rpcndr.h lacks these; their arguments stand in the order of the routines that they are like.
extern "C" {
void RPC_ENTRY NdrTypeSize(PMIDL_STUB_MESSAGE, unsigned char*, PFORMAT_STRING);
unsigned char* RPC_ENTRY NdrTypeMarshall(PMIDL_STUB_MESSAGE, unsigned char*, PFORMAT_STRING);
unsigned char* RPC_ENTRY NdrTypeUnmarshall(PMIDL_STUB_MESSAGE, unsigned char**, PFORMAT_STRING, unsigned char);
void RPC_ENTRY NdrTypeFree(PMIDL_STUB_MESSAGE, unsigned char*, PFORMAT_STRING);
void RPC_ENTRY NdrUnmarshallBasetypeInline(PMIDL_STUB_MESSAGE, unsigned char*, unsigned char);
void RPC_ENTRY NdrOutInit(PMIDL_STUB_MESSAGE, PFORMAT_STRING, unsigned char**);
unsigned char* RPC_ENTRY NdrpMemoryIncrement(PMIDL_STUB_MESSAGE, unsigned char*, PFORMAT_STRING);
unsigned long RPC_ENTRY NdrGetSimpleTypeBufferAlignment(unsigned char);
unsigned long RPC_ENTRY NdrGetSimpleTypeBufferSize(unsigned char);
unsigned long RPC_ENTRY NdrGetSimpleTypeMemorySize(unsigned char);
}

namespace checks {

namespace {

unsigned char* bytes(const void* p) { return static_cast<unsigned char*>(const_cast<void*>(p)); }

// --- types that no stub has ---------------------------------------------------------------------------------------------

void arrays() {
    const LONG ten[10] = {1, 2, 3};
    const unsigned char varying[] = {0x1f, 0x03, 0x28, 0x00, 0x0a, 0x00, 0x04, 0x00, 0x28, 0x00, 0x00, 0x00, 0x08, 0x5b};
    check_inline({"varying array (14.3.3.4)", ROUTINES(VaryingArray), ten, varying, Image().u32(0).u32(3).u32(1).u32(2).u32(3), 0, 3});
    const unsigned char both[] = {0x1c, 0x03, 0x04, 0x00, 0x28, 0x00, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x08, 0x5b};
    check_inline({"conformant varying array (14.3.3.5)", ROUTINES(ConformantVaryingArray), ten, both,
                  Image().u32(10).u32(0).u32(2).u32(1).u32(2), 10, 2});
    const Routines strings = {NdrNonConformantStringBufferSize, NdrNonConformantStringMarshall, NdrNonConformantStringUnmarshall, nullptr,
                              NdrNonConformantStringMemorySize};
    const unsigned char text[] = {0x26, 0x5c, 0x14, 0x00}, wide[] = {0x29, 0x5c, 0x0a, 0x00};
    const char narrow[20] = "abc";
    check_inline({"varying string (14.3.4.1)", strings, narrow, text, Image().u32(0).u32(4).text("abc")});
    check_inline({"varying wide string (14.3.4.1)", strings, L"de\0\0\0\0\0\0", wide, Image().u32(0).u32(3).wide(L"de")});
    Message m;
    m.attach(buffer, sizeof buffer);
    const char endless[20] = {'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'};
    const Outcome o = guarded([&] { NdrNonConformantStringMarshall(&m.m, bytes(endless), text); });
    expect(o.raised == RPC_X_INVALID_BOUND, "varying string", "one without an end is taken");
}

void ranges() {
    const unsigned char range[] = {0xb7, 0x08, 0x01, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x00};
    for (const LONG value : {0, 1, 10, 11}) {
        Message m;
        LONG got = -1;
        unsigned char* p = bytes(&got);
        std::memcpy(buffer, &value, sizeof value);
        m.attach(buffer, 4);
        const Outcome o = guarded([&] { NdrRangeUnmarshall(&m.m, &p, range, 0); });
        const bool within = value >= 1 && value <= 10;
        expect(o.raised == (within ? 0 : unsigned{RPC_X_INVALID_BOUND}), "NdrRangeUnmarshall", "what is out of range");
        expect(!within || (got == value && m.m.Buffer == buffer + 4), "NdrRangeUnmarshall", "the value");
    }
}

// A double that travels as a long.
LONG transmitted;
int instances_freed;
void __RPC_USER to_xmit(PMIDL_STUB_MESSAGE m) {
    transmitted = static_cast<LONG>(*reinterpret_cast<double*>(m->pPresentedType));
    m->pTransmitType = bytes(&transmitted);
}
void __RPC_USER from_xmit(PMIDL_STUB_MESSAGE m) { *reinterpret_cast<double*>(m->pPresentedType) = *reinterpret_cast<LONG*>(m->pTransmitType); }
void __RPC_USER free_xmit(PMIDL_STUB_MESSAGE) {}
void __RPC_USER free_instance(PMIDL_STUB_MESSAGE) { ++instances_freed; }
const XMIT_ROUTINE_QUINTUPLE quintuple = {to_xmit, from_xmit, free_xmit, free_instance};

// A pointer-sized handle that travels as a long, where another machine is: without a pointer in front.
ULONG __RPC_USER handle_size(ULONG*, ULONG start, void*) { return (start + 3) / 4 * 4 + 4; }
unsigned char* __RPC_USER handle_marshal(ULONG*, unsigned char* to, void* handle) { return std::memcpy(to, handle, 4), to + 4; }
unsigned char* __RPC_USER handle_unmarshal(ULONG*, unsigned char* from, void* handle) {
    std::memset(handle, 0, sizeof(void*));
    return std::memcpy(handle, from, 4), from + 4;
}
void __RPC_USER handle_free(ULONG*, void*) { ++instances_freed; }
const USER_MARSHAL_ROUTINE_QUADRUPLE quadruple = {handle_size, handle_marshal, handle_unmarshal, handle_free};

struct ByUser {
    const char* name;
    Routines routines;
    PFORMAT_STRING format;
    const void* memory;
    size_t size;
};

void by_user_routines(const ByUser& t) {
    Message m;
    m.desc.aXmitQuintuple = &quintuple;
    m.desc.aUserMarshalQuadruple = &quadruple;
    m.m.dwDestContext = MSHCTX_DIFFERENTMACHINE;
    m.m.BufferLength = 0;
    Outcome o = guarded([&] { t.routines.size(&m.m, bytes(t.memory), t.format); });
    expect(!o.raised && m.m.BufferLength == 4, t.name, "BufferSize");
    m.attach(buffer, sizeof buffer);
    o = guarded([&] { t.routines.marshal(&m.m, bytes(t.memory), t.format); });
    expect(!o.raised, t.name, "Marshall raises");
    same_image(t.name, buffer, static_cast<size_t>(m.m.Buffer - buffer), Image().u32(12));
    m.attach(buffer, 4);
    o = guarded([&] { return t.routines.measure(&m.m, t.format); });
    expect(!o.raised && o.value > 0 && m.m.Buffer == buffer + 4, t.name, "MemorySize");
    unsigned char* back = nullptr;
    m.attach(buffer, 4);
    o = guarded([&] { t.routines.unmarshal(&m.m, &back, t.format, 1); });
    expect(!o.raised && back && std::memcmp(back, t.memory, t.size) == 0 && m.m.Buffer == buffer + 4, t.name, "Unmarshall");
    instances_freed = 0;
    o = guarded([&] { t.routines.free(&m.m, back, t.format); });
    expect(!o.raised && instances_freed == 1, t.name, "Free tells the program");
    if (back) release(back);
}

void translated_types() {
    // 0 and 10: a long of 0 and more, sent for a double, by either name; 20: a long; 22: the handle
    const unsigned char f[] = {0xb7, 0x08, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0x2d, 0x03, 0, 0, 0x08, 0, 0x04, 0, 0xee, 0xff, 0x08, 0x5c,
                               0xb4, 0x03, 0, 0, sizeof(void*), 0, 0x04, 0, 0xf6, 0xff};
    const double twelve = 12;
    const uintptr_t handle = 12;
    by_user_routines({"transmit_as", ROUTINES(XmitOrRepAs), f + 10, &twelve, sizeof twelve});
    by_user_routines({"wire_marshal", ROUTINES(UserMarshal), f + 22, &handle, sizeof handle});
}

void byte_count() {
    const unsigned char f[] = {0x2c, 0x08, 0x28, 0x00, 0x00, 0x00};
    LONG value = 9;
    uintptr_t frame[] = {4};
    Message m;
    m.m.StackTop = bytes(frame);
    m.m.BufferLength = 1;
    const Outcome o = guarded([&] {
        NdrByteCountPointerBufferSize(&m.m, bytes(&value), f);
        NdrByteCountPointerFree(&m.m, bytes(&value), f);
    });
    expect(!o.raised && m.m.BufferLength == 8, "byte_count", "BufferSize and Free");
}

void interface_pointer() {
    unsigned char f[18] = {0x2f, 0x5a};
    std::memcpy(f + 2, &IID_IUnknown, 16);
    Message m;
    std::memset(buffer, 0, 4);
    m.attach(buffer, 4);
    const Outcome o = guarded([&] { NdrInterfacePointerMemorySize(&m.m, f); });
    expect(!o.raised && m.m.Buffer == buffer + 4, "FC_IP", "MemorySize of null");
}

// --- any type, numbers --------------------------------------------------------------------------------------------------

void any_type() {
    const Routines any = {NdrTypeSize, NdrTypeMarshall, NdrTypeUnmarshall, NdrTypeFree, nullptr};
    const struct {
        LONG a;
        short b;
        char c;
        __int64 h;
    } simple = {1, 2, 3, 4};
    check_inline({"NdrType*", any, &simple, sample::format + sample::at_simple, Image().u32(1).u16(2).u8(3).u64(4)});
    check_inline({"NdrType*, a pointer", any, L"x", sample::format + sample::at_wchar_t_p, Image().referent().u32(2).u32(0).u32(2).wide(L"x")});
    Message m;
    LONG value = 0;
    std::memcpy(buffer, "\1\2\3\4", 4);
    m.attach(buffer, 4);
    Outcome o = guarded([&] { NdrUnmarshallBasetypeInline(&m.m, bytes(&value), 0x08); });
    expect(!o.raised && value == 0x04030201 && m.m.Buffer == buffer + 4, "NdrUnmarshallBasetypeInline", "a long");
    const unsigned char out_long[] = {0x11, 0x08, 0x08, 0x5c};
    unsigned char* memory = nullptr;
    o = guarded([&] { NdrOutInit(&m.m, out_long, &memory); });
    expect(!o.raised && memory && *reinterpret_cast<LONG*>(memory) == 0, "NdrOutInit", "zeroed memory");
    if (memory) release(memory);
    unsigned char* end = nullptr;
    o = guarded([&] { end = NdrpMemoryIncrement(&m.m, bytes(&simple), sample::format + sample::at_simple); });
    expect(!o.raised && end == bytes(&simple) + sizeof simple, "NdrpMemoryIncrement", "where a structure ends");
}

void numbers() {
    const struct {
        unsigned char fc;
        unsigned wire, memory;
    } types[] = {{0x02, 1, 1}, {0x06, 2, 2}, {0x08, 4, 4}, {0x0b, 8, 8}, {0x0c, 8, 8}, {0x0d, 2, 4}, {0x0e, 4, 4}, {0xb8, 4, sizeof(void*)}};
    for (auto& t : types) {
        const std::string name = "base type " + std::to_string(t.fc);
        expect(NdrGetSimpleTypeBufferSize(t.fc) == t.wire, name.c_str(), "NdrGetSimpleTypeBufferSize");
        expect(NdrGetSimpleTypeBufferAlignment(t.fc) == t.wire - 1, name.c_str(), "NdrGetSimpleTypeBufferAlignment");
        expect(NdrGetSimpleTypeMemorySize(t.fc) == t.memory, name.c_str(), "NdrGetSimpleTypeMemorySize");
    }
}

// [in] short, [in] long, from a big-endian client: two -Oicf descriptions.
void conversions() {
    const unsigned char list[] = {0x48, 0, 0, 0, 0x06, 0, 0x48, 0, sizeof(void*), 0, 0x08, 0};
    const unsigned char sent[] = {0, 1, 0, 0, 0, 0, 0, 2}, wanted[] = {1, 0, 0, 0, 2, 0, 0, 0};
    Message m;
    m.m.IsClient = 0;
    m.rpc.DataRepresentation = NDR_BIG_ENDIAN;
    std::memcpy(buffer, sent, sizeof sent);
    m.attach(buffer, sizeof sent);
    Outcome o = guarded([&] { NdrConvert2(&m.m, list, 2); });
    expect(!o.raised && std::memcmp(buffer, wanted, 2) == 0 && std::memcmp(buffer + 4, wanted + 4, 4) == 0 && m.m.Buffer == buffer, "NdrConvert2", "values");
    m.attach(buffer, sizeof sent - 1);
    o = guarded([&] { NdrConvert2(&m.m, list, 2); });
    expect(o.raised == RPC_X_BAD_STUB_DATA, "NdrConvert2", "a truncated request is taken");
    // char, float, double, of other machines: 'A', 1 and -2.5 ([C706] 14.2.4, 14.2.5).
    const unsigned char three[] = {0x48, 0, 0, 0, 0x02, 0, 0x48, 0, 8, 0, 0x0a, 0, 0x48, 0, 16, 0, 0x0c, 0};
    const struct {
        const char* name;
        unsigned label;
        unsigned char bytes[16];
    } peers[] = {
        {"EBCDIC and VAX", NDR_LITTLE_ENDIAN | NDR_EBCDIC_CHAR | NDR_VAX_FLOAT, {0xc1, 0, 0, 0, 0x80, 0x40, 0, 0, 0x24, 0xc0, 0, 0, 0, 0, 0, 0}},
        {"EBCDIC and IBM", NDR_BIG_ENDIAN | NDR_EBCDIC_CHAR | NDR_IBM_FLOAT, {0xc1, 0, 0, 0, 0x41, 0x10, 0, 0, 0xc1, 0x28, 0, 0, 0, 0, 0, 0}},
        {"big-endian IEEE", NDR_BIG_ENDIAN, {'A', 0, 0, 0, 0x3f, 0x80, 0, 0, 0xc0, 0x04, 0, 0, 0, 0, 0, 0}},
    };
    for (auto& peer : peers) {
        m.rpc.DataRepresentation = peer.label;
        std::memcpy(buffer, peer.bytes, sizeof peer.bytes);
        m.attach(buffer, sizeof peer.bytes);
        o = guarded([&] { NdrConvert2(&m.m, three, 3); });
        float one = 0;
        double other = 0;
        std::memcpy(&one, buffer + 4, sizeof one);
        std::memcpy(&other, buffer + 8, sizeof other);
        expect(!o.raised && buffer[0] == 'A' && one == 1.0f && other == -2.5, "NdrConvert2", peer.name);
    }
    // A user_marshal routine's own: the representation is in the upper half of its flags.
    unsigned long flags = ULONG{NDR_BIG_ENDIAN} << 16;
    unsigned char* after = nullptr;
    std::memcpy(buffer + 8, "\1\2\3\4", 4);
    o = guarded([&] { after = NdrUserMarshalSimpleTypeConvert(&flags, buffer + 5, 0x08); });
    expect(!o.raised && after == buffer + 12 && std::memcmp(buffer + 8, "\4\3\2\1", 4) == 0, "NdrUserMarshalSimpleTypeConvert", "a long");
}

// A size that comes behind its array, in a stub built with /robust.
void late_sizes() {
    const unsigned char f[] = {0x1b, 0x03, 0x04, 0x00, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x5b};
    for (const LONG_PTR n : {2, 3}) {
        LONG_PTR frame = 0;
        unsigned char cache[64];
        Message m;
        m.m.IsClient = 0;
        m.m.StackTop = bytes(&frame);
        const Image w = Image().u32(2).u32(7).u32(8);
        std::memcpy(buffer, w.bytes.data(), w.bytes.size());
        m.attach(buffer, w.bytes.size());
        unsigned char* data = nullptr;
        Outcome o = guarded([&] {
            NdrCorrelationInitialize(&m.m, reinterpret_cast<unsigned long*>(cache), sizeof cache, 0);
            NdrConformantArrayUnmarshall(&m.m, &data, f, 0);
        });
        expect(!o.raised, "NdrCorrelationPass", "what is not known yet is refused");
        frame = n;
        o = guarded([&] { NdrCorrelationPass(&m.m); });
        expect(o.raised == (n == 2 ? 0 : unsigned{RPC_X_BAD_STUB_DATA}), "NdrCorrelationPass", "a size that does not agree");
        NdrCorrelationFree(&m.m);
    }
}

void statuses() {
    Message m;
    unsigned long comm = 0, fault = 0;
    expect(NdrMapCommAndFaultStatus(&m.m, &comm, &fault, RPC_S_OK) == RPC_S_OK && comm == 0 && fault == 0, "NdrMapCommAndFaultStatus", "nothing");
    expect(NdrMapCommAndFaultStatus(&m.m, &comm, &fault, RPC_S_SERVER_UNAVAILABLE) == RPC_S_OK && comm == RPC_S_SERVER_UNAVAILABLE && fault == 0,
           "NdrMapCommAndFaultStatus", "communication");
    comm = 0;
    expect(NdrMapCommAndFaultStatus(&m.m, &comm, &fault, RPC_X_BAD_STUB_DATA) == RPC_S_OK && comm == 0 && fault == RPC_X_BAD_STUB_DATA,
           "NdrMapCommAndFaultStatus", "faults");
    expect(NdrMapCommAndFaultStatus(&m.m, &comm, nullptr, RPC_X_BAD_STUB_DATA) == RPC_X_BAD_STUB_DATA, "NdrMapCommAndFaultStatus", "no place");
}

void set_up() {
    MIDL_STUB_DESC desc = stub_desc(sample::format), later = desc;
    later.Version = 0x7fffffff;
    RPC_MESSAGE rpc = {};
    MIDL_STUB_MESSAGE m;
    rpc.Buffer = buffer;
    rpc.BufferLength = 40;
    const auto ready = [&](const Outcome& o, const char* name) {
        expect(!o.raised && m.StubDesc == &desc && m.RpcMsg == &rpc && m.pfnAllocate == allocate, name, "the message");
    };
    const auto reads = [&] { return m.Buffer == buffer && m.BufferStart == buffer && m.BufferEnd == buffer + 40 && !m.IsClient; };
    std::memset(&m, 0xcc, sizeof m);
    ready(guarded([&] { NdrServerInitialize(&rpc, &m, &desc); }), "NdrServerInitialize");
    expect(reads(), "NdrServerInitialize", "the request");
    std::memset(&m, 0xcc, sizeof m);
    ready(guarded([&] { NdrServerInitializePartial(&rpc, &m, &desc, 8); }), "NdrServerInitializePartial");
    expect(reads(), "NdrServerInitializePartial", "the request");
    std::memset(&m, 0xcc, sizeof m);
    ready(guarded([&] { NdrServerInitializeUnmarshall(&m, &desc, &rpc); }), "NdrServerInitializeUnmarshall");
    expect(reads(), "NdrServerInitializeUnmarshall", "the request");
    m.BufferLength = 77;
    ready(guarded([&] { NdrServerInitializeMarshall(&rpc, &m); }), "NdrServerInitializeMarshall");
    expect(m.BufferLength == 0, "NdrServerInitializeMarshall", "sizing starts from nothing");
    std::memset(&m, 0xcc, sizeof m);
    ready(guarded([&] { NdrClientInitialize(&rpc, &m, &desc, 5); }), "NdrClientInitialize");
    expect(m.IsClient && rpc.ProcNum == 5, "NdrClientInitialize", "the call");
    const Outcome o = guarded([&] { NdrClientInitialize(&rpc, &m, &later, 5); });
    expect(o.raised == RPC_X_WRONG_STUB_VERSION, "NdrClientInitialize", "a stub of a later NDR");
    Message ignored;
    ignored.m.BufferLength = 1;
    NdrPartialIgnoreClientBufferSize(&ignored.m, nullptr);
    expect(ignored.m.BufferLength == 8, "NdrPartialIgnoreClientBufferSize", "4 aligned bytes");
}

}  // namespace

void other_routines() {
    arrays();
    ranges();
    translated_types();
    byte_count();
    interface_pointer();
    any_type();
    numbers();
    conversions();
    late_sizes();
    statuses();
    set_up();
}

}  // namespace checks
