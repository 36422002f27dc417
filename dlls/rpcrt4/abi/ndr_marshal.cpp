// The per-type routines of the NDR engine, which -Os stubs and user_marshal helpers call. Documentation pages of each: the
// format string says what the type is, so that all of a kind do the same; marshalling and unmarshalling answer null.
#include "abi/export.h"
#include "abi/raise.h"
#include "ndr/ndr.h"

using namespace rpc;

namespace {

using Message = PMIDL_STUB_MESSAGE;
using Memory = unsigned char*;
using Format = PFORMAT_STRING;

void size_type(Message m, Memory memory, Format f) { abi::raise_if_failed(ndr::buffer_size(*m, memory, f)); }

Memory marshal_type(Message m, Memory memory, Format f) {
    abi::raise_if_failed(ndr::marshal(*m, memory, f));
    return nullptr;
}

Memory unmarshal_type(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    Memory found = nullptr;
    abi::raise_if_failed(ndr::unmarshal(*m, memory ? memory : &found, f, must_alloc != 0));
    return nullptr;
}

void free_type(Message m, Memory memory, Format f) { abi::raise_if_failed(ndr::free(*m, memory, f)); }

unsigned long measure_type(Message m, Format f) {
    uint32_t size = 0;
    abi::raise_if_failed(ndr::memory_size(*m, f, size));
    return size;
}

}  // namespace

RPC_EXPORT(void, NdrPointerBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrPointerMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrPointerUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrPointerMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrPointerFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrSimpleStructBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrSimpleStructMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrSimpleStructUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrSimpleStructMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrSimpleStructFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrConformantStructBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrConformantStructMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrConformantStructUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrConformantStructMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrConformantStructFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrConformantVaryingStructBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrConformantVaryingStructMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrConformantVaryingStructUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrConformantVaryingStructMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrConformantVaryingStructFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrComplexStructBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrComplexStructMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrComplexStructUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrComplexStructMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrComplexStructFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrFixedArrayBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrFixedArrayMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrFixedArrayUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrFixedArrayMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrFixedArrayFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrConformantArrayBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrConformantArrayMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrConformantArrayUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrConformantArrayMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrConformantArrayFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrConformantVaryingArrayBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrConformantVaryingArrayMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrConformantVaryingArrayUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrConformantVaryingArrayMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrConformantVaryingArrayFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrVaryingArrayBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrVaryingArrayMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrVaryingArrayUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrVaryingArrayMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrVaryingArrayFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrComplexArrayBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrComplexArrayMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrComplexArrayUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrComplexArrayMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrComplexArrayFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrConformantStringBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrConformantStringMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrConformantStringUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrConformantStringMemorySize)(Message m, Format f) { return measure_type(m, f); }

RPC_EXPORT(void, NdrNonConformantStringBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrNonConformantStringMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrNonConformantStringUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrNonConformantStringMemorySize)(Message m, Format f) { return measure_type(m, f); }

RPC_EXPORT(void, NdrEncapsulatedUnionBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrEncapsulatedUnionMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrEncapsulatedUnionUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrEncapsulatedUnionMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrEncapsulatedUnionFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrNonEncapsulatedUnionBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrNonEncapsulatedUnionMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrNonEncapsulatedUnionUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrNonEncapsulatedUnionMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrNonEncapsulatedUnionFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrXmitOrRepAsBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrXmitOrRepAsMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrXmitOrRepAsUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrXmitOrRepAsMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrXmitOrRepAsFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrUserMarshalBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrUserMarshalMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrUserMarshalUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrUserMarshalMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrUserMarshalFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(void, NdrByteCountPointerBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrByteCountPointerMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrByteCountPointerUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(void, NdrByteCountPointerFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

// `memory` is the interface pointer itself, as with NdrPointer*. What ole32 fails with is raised.
RPC_EXPORT(void, NdrInterfacePointerBufferSize)(Message m, Memory memory, Format f) { size_type(m, memory, f); }
RPC_EXPORT(Memory, NdrInterfacePointerMarshall)(Message m, Memory memory, Format f) { return marshal_type(m, memory, f); }
RPC_EXPORT(Memory, NdrInterfacePointerUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
RPC_EXPORT(unsigned long, NdrInterfacePointerMemorySize)(Message m, Format f) { return measure_type(m, f); }
RPC_EXPORT(void, NdrInterfacePointerFree)(Message m, Memory memory, Format f) { free_type(m, memory, f); }

RPC_EXPORT(Memory, NdrRangeUnmarshall)(Message m, Memory* memory, Format f, unsigned char must_alloc) {
    return unmarshal_type(m, memory, f, must_alloc);
}
