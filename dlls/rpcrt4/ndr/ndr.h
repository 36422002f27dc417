#pragma once
// NDR 2.0 (C706 chapter 14) driven by MIDL's type format strings: the room's only door. Sources: the documentation pages of
// the Ndr* functions (rpcndr.h) and "Type Format Strings".
//
// Common rules.
//  - Nothing here raises; a status is what the exported function would raise. User code (allocator, expression evaluation,
//    user_marshal, transmit_as) is called guarded: an exception that is not the process's own business becomes a status.
//  - `memory` is what the exported function of that type takes: the pointer's own value for pointer types, the address of
//    the data for every other type.
//  - Marshalling writes between message.Buffer and the end of the buffer that it lies in (RpcMsg->Buffer or BufferStart to
//    BufferEnd); unmarshalling reads between Buffer and that end; buffers are 8-byte aligned. Buffer (BufferLength when
//    sizing) moves past what was done, on success only.
//  - Conformance of parameters is read from the frame at message.StackTop; where that is null (-Os stubs), MaxCount, Offset
//    and ActualCount are the caller's.
//  - Lists are walked iteratively. A stub message may be used by one thread at a time.
//  - Sizes that a peer gives are checked against the data left in the buffer before memory is asked for; only what a varying
//    type may hold beyond its data is not backed by bytes, and that is limited to 256 MiB.
#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::ndr {

// Adds to message.BufferLength exactly what marshal will write at an equally aligned place.
Status buffer_size(MIDL_STUB_MESSAGE& message, uint8_t* memory, PFORMAT_STRING format);

Status marshal(MIDL_STUB_MESSAGE& message, uint8_t* memory, PFORMAT_STRING format);

// `*memory` is where the data go when it is not null and `must_alloc` is false; otherwise memory is found: on a server
// without must_alloc the data themselves where their wire form is their memory form (valid as long as the request buffer),
// else pfnAllocate's. A pointer type's `*memory` is the pointer. On failure everything that this call allocated is freed and
// pointers that led to it are null again.
Status unmarshal(MIDL_STUB_MESSAGE& message, uint8_t** memory, PFORMAT_STRING format, bool must_alloc);

// Frees (pfnFree) what pointers within the data lead to, and for a pointer type its referent too. Memory inside BufferStart
// to BufferEnd (on a server the request) is nobody's to free. `memory` may be null.
Status free(MIDL_STUB_MESSAGE& message, uint8_t* memory, PFORMAT_STRING format);

// Where the memory of one instance ends, with its conformant array, whose size is found like when marshalling.
Status memory_end(MIDL_STUB_MESSAGE& message, uint8_t* memory, PFORMAT_STRING format, uint8_t*& end);

// The memory that unmarshalling the data at Buffer would take, referents included (each rounded up to 8 bytes); Buffer moves
// past the data. Added to message.MemorySize, the sum is also `size`.
Status memory_size(MIDL_STUB_MESSAGE& message, PFORMAT_STRING format, uint32_t& size);

// One base type, aligned; `format_char` is FC_BYTE to FC_ERROR_STATUS_T, FC_INT3264, FC_UINT3264.
Status simple_type_marshal(MIDL_STUB_MESSAGE& message, const uint8_t* memory, uint8_t format_char);
Status simple_type_unmarshal(MIDL_STUB_MESSAGE& message, uint8_t* memory, uint8_t format_char);

// Bytes of a base type on the wire (its alignment too) and in memory; 0 for what is no base type.
uint32_t simple_type_wire_size(uint8_t format_char);
uint32_t simple_type_memory_size(uint8_t format_char);

// --- data representation --------------------------------------------------------------------------------------------

// Whether the sender's representation differs from ours, so that the data must be converted before they are unmarshalled.
constexpr bool needs_conversion(uint32_t data_representation) {
    return (data_representation & 0xffff) != NDR_LOCAL_DATA_REPRESENTATION;
}
// Turns the data of one type at Buffer into our representation, in place, and moves Buffer past them. Byte order is
// converted, EBCDIC, and VAX and IBM floating point; a label that names anything else is cannot_support.
Status convert_type(MIDL_STUB_MESSAGE& message, PFORMAT_STRING format);
// The same for one base type.
Status convert_simple_type(MIDL_STUB_MESSAGE& message, uint8_t format_char);
// NdrUserMarshalSimpleTypeConvert: one base type at `buffer`, aligned; `after` is what follows it.
Status convert_user_type(uint32_t data_representation, uint8_t* buffer, uint8_t format_char, uint8_t*& after);
// NdrConvert: `format` is the parameter list of an -Os procedure (FC_IN_PARAM ... FC_END). Converts [in] data on a server,
// [out] data on a client, from Buffer on; Buffer stays where it is.
Status convert(MIDL_STUB_MESSAGE& message, PFORMAT_STRING format);
// NdrConvert2: `format` is the list of `count` -Oicf parameter descriptions (attributes, stack offset, type; 6 bytes each).
Status convert2(MIDL_STUB_MESSAGE& message, PFORMAT_STRING format, int count);

// --- correlation ----------------------------------------------------------------------------------------------------

// The value of a correlation descriptor that describes a parameter: a size, a length or a discriminant.
Status conformance(MIDL_STUB_MESSAGE& message, PFORMAT_STRING descriptor, uint64_t& value);

// Bytes of a correlation descriptor under the message's flags: 4, 6 or 16.
size_t correlation_size(const MIDL_STUB_MESSAGE& message);
// Whether robust descriptors carry a range (INTERPRETER_OPT_FLAGS2, HasRangeOnConformance).
void set_range_on_conformance(MIDL_STUB_MESSAGE& message, bool on);

// Whether the description asks for the checks of target level 6.0 ([MS-RPCE] 3.1.1.5.3.3): a null [unique] or [ptr] pointer to a
// conformant array or sized string whose size is not 0 is bad_stub_data as it is unmarshalled (3.1.1.5.3.3.1.2), unless the
// descriptor says not to check. Inferred: compilers that were told to (-target NT60, and robust descriptors) write version 6 of
// the library into the stub descriptor.
bool target_level_6(const MIDL_STUB_MESSAGE& message);

// Checks of sizes against parameters that come later than what they describe. Between init and free, unmarshal notes them;
// pass checks what is noted (bad_stub_data) and forgets it. Without init only sizes that are known in time are checked.
// NdrCorrelationInitialize, NdrCorrelationPass, NdrCorrelationFree.
Status correlation_init(MIDL_STUB_MESSAGE& message);
Status correlation_pass(MIDL_STUB_MESSAGE& message);
// For clients, whose other sizes are checked as they come: pass then has only what target_level_6 asks of null pointers.
Status null_checks_init(MIDL_STUB_MESSAGE& message);
void correlation_free(MIDL_STUB_MESSAGE& message);

// --- memory of a message --------------------------------------------------------------------------------------------

// pfnAllocate, guarded; null is out_of_memory. `memory` is 0-sized safe.
Status allocate(MIDL_STUB_MESSAGE& message, size_t size, void** memory);
// The same, and remembered where track_allocations is on.
Status allocate_tracked(MIDL_STUB_MESSAGE& message, size_t size, void** memory);

// Between these two, the message remembers what unmarshal allocates, over several calls. discard_tracked frees all of it and
// nulls the pointers that led there, without looking at the data, which may be inconsistent: a server's way out when a
// request turns out bad halfway. forget_tracked only forgets.
Status track_allocations(MIDL_STUB_MESSAGE& message);
void discard_tracked(MIDL_STUB_MESSAGE& message);
void forget_tracked(MIDL_STUB_MESSAGE& message);

// --- full pointers --------------------------------------------------------------------------------------------------

// message.FullPtrXlatTables: without them full pointers are handled as unique ones.
Status full_pointers_init(MIDL_STUB_MESSAGE& message, XLAT_SIDE side);
void full_pointers_free(MIDL_STUB_MESSAGE& message);
// The tables by themselves, null when memory is out.
PFULL_PTR_XLAT_TABLES full_pointer_tables(XLAT_SIDE side);
void full_pointer_tables_free(PFULL_PTR_XLAT_TABLES tables);

// For stubs that keep the tables themselves (headers: NdrFullPointerQueryPointer and its kin, which have no page). `query` is
// the caller's own set of bits: `known` tells whether all of them were asked before for this pointer or identifier; then they
// are noted. Null and 0 belong together and are always known.
// The identifier of a pointer, a new one when it has none.
Status full_pointer_query(FULL_PTR_XLAT_TABLES& tables, void* pointer, uint8_t query, uint32_t& id, bool& known);
// The pointer of an identifier, null when it has none yet.
Status full_pointer_query_id(FULL_PTR_XLAT_TABLES& tables, uint32_t id, uint8_t query, void*& pointer, bool& known);
// Names an identifier's pointer.
Status full_pointer_insert(FULL_PTR_XLAT_TABLES& tables, uint32_t id, void* pointer);
// Whether this is the first time that the pointer is about to be freed: true means that it is the caller's to do.
Status full_pointer_free_once(FULL_PTR_XLAT_TABLES& tables, void* pointer, bool& first);

// --- user_marshal ---------------------------------------------------------------------------------------------------

// USER_MARSHAL_CB.Signature of the blocks that user_marshal routines get.
constexpr uint32_t user_marshal_signature = 0x55535243;  // 'USRC'

// What a description that is not to be understood ends in: bad_stub_data, and the log says which character stands where.
Status unknown_type(const MIDL_STUB_MESSAGE& message, PFORMAT_STRING format);

// --- what other rooms add -------------------------------------------------------------------------------------------

enum class Op : uint8_t { size, marshal, unmarshal, free, memory_size, convert };

// Handles a type that this room leaves to another: FC_BIND_CONTEXT. `slot` is the address of the handle. Without a hook it is
// cannot_support. Set once, at start.
using TypeHook = Status (*)(Op op, MIDL_STUB_MESSAGE& message, uint8_t* slot, PFORMAT_STRING format);
void set_context_hook(TypeHook hook);

// An interface pointer (FC_IP) that is not null, as an OBJREF ([MS-DCOM] 2.2.18). size: adds to message.BufferLength at most
// what marshal will write. marshal: writes at message.Buffer, no more than `room` bytes, and moves it. unmarshal: makes
// `object` of the `room` bytes at Buffer, which stays where it is. free: releases `object` (`iid` is null). Never called for
// another operation. Without a hook interface pointers are cannot_support. Set once, at start.
using InterfaceHook = Status (*)(Op op, MIDL_STUB_MESSAGE& message, const void* iid, void** object, uint32_t room);
void set_interface_hook(InterfaceHook hook);

// Host tests: pointers in memory are 4 bytes (of a 64-bit address below 4 GiB), as on x86.
void set_narrow_pointers(MIDL_STUB_MESSAGE& message, bool on);
// Host tests: whether structures that come again and again are planned (they are), to compare the two ways.
void set_plans(MIDL_STUB_MESSAGE& message, bool on);

}  // namespace rpc::ndr
