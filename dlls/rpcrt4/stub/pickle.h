#pragma once
// Serialisation ("pickling") in status form: what the Mes* and NdrMes* exports do. Sources: the documentation pages of
// midles.h and "Serialization Services", [MS-RPCE] 2.2.6 and 2.2.7.
//
// Rules.
//  - A handle is used by one thread at a time. Whatever is none is invalid_arg.
//  - User routines run guarded: an exception of theirs becomes the status.
//  - Buffers start 8-byte aligned (invalid_buffer), and nothing is read or written outside what they were said to hold.
//  A
//    fixed buffer that is too small, and data that end early, are invalid_buffer.
//  - A failed operation on a buffer leaves the handle where it was.
//  - Encoding takes a procedure's [in] parameters, decoding gives its [out] ones.
//  - Decoding treats memory as a client's [out, in] memory: pointers in it are null or lead to memory that is used
//  again.
//  - Types are written in version 1 and read in both versions, in NDR 2.0 only: encode_ndr64 is unsupported_trans_syn.
#include "base/abi_types.h"
#include "base/status.h"
#include "stub/procedure.h"
#include "stub/stub.h"

namespace rpc::stub::pickle {

constexpr auto invalid_buffer = static_cast<Status>(1784);  // RPC_X_INVALID_BUFFER

using AllocRoutine = void(__RPC_API*)(void* state, char** buffer, unsigned int* size);
using WriteRoutine = void(__RPC_API*)(void* state, char* buffer, unsigned int size);
using ReadRoutine = void(__RPC_API*)(void* state, char** buffer, unsigned int* size);

// MIDL_ES_CODE and MIDL_ES_HANDLE_STYLE.
enum class Action : int { encode = 0, decode = 1, encode_ndr64 = 2 };
enum class HandleStyle : unsigned { incremental = 0, fixed_buffer = 1, dynamic_buffer = 2 };

// --- handles --------------------------------------------------------------------------------------------------------

Status encode_incremental(void* state, AllocRoutine alloc, WriteRoutine write, void** handle);
Status decode_incremental(void* state, ReadRoutine read, void** handle);
// `*encoded` is what all operations since then have written; the buffer stays the caller's.
Status encode_fixed_buffer(char* buffer, ULong32 size, ULong32* encoded, void** handle);
// `*buffer` is one block of the stub's allocator with all that was encoded; it becomes the caller's, and a later
// operation on the same handle replaces it.
Status encode_dynamic_buffer(char** buffer, ULong32* encoded, void** handle);
Status decode_buffer(char* buffer, ULong32 size, void** handle);
// Null routines and a null state: as before. invalid_arg where the operation lacks a routine, and for another style's
// handle.
Status reset_incremental(void* handle, void* state, AllocRoutine alloc, WriteRoutine write, ReadRoutine read,
                         Action action);
Status reset_buffer(void* handle, HandleStyle style, Action action, char** buffer, ULong32 size, ULong32* encoded);
Status free_handle(void* handle);
// Of the last procedure encoded, or the next one to decode, which is read ahead. invalid_es_action where there is none.
Status encoding_id(void* handle, RPC_SYNTAX_IDENTIFIER* interface_id, ULong32* number);

// --- types ----------------------------------------------------------------------------------------------------------

// MIDL_TYPE_PICKLING_INFO.Flags.
constexpr uint32_t type_new_correlation = 0x2;

struct Type {
    const MIDL_STUB_DESC* desc;
    PFORMAT_STRING format;
    uint32_t flags;  // 0 for stubs without that structure
};

// `object` is the address of the object; of a pointer type, that of the pointer.
// What type_encode would write now, headers and padding included.
Status type_align_size(void* handle, const Type& type, void* object, size_t& size);
Status type_encode(void* handle, const Type& type, void* object);
Status type_decode(void* handle, const Type& type, void* object);
// Frees what the object leads to (the stub's pfnFree).
Status type_free(const Type& type, void* object);

// One base type of `size` bytes: 1, 2, 4 or 8, else invalid_arg.
Status simple_align_size(void* handle, size_t& size);
Status simple_encode(void* handle, const MIDL_STUB_DESC* desc, const void* object, int size);
Status simple_decode(void* handle, void* object, int size);

// The entry of pSyntaxInfo in NDR 2.0; an interface of types alone has no procedures there. unsupported_trans_syn.
Status find_ndr20_types(const MIDL_STUBLESS_PROXY_INFO& info, size_t& entry);
// Type number `number` of a stub with several transfer syntaxes, in NDR 2.0. `offsets` has a list for each syntax;
// `desc` is where the type's description may have to be made. unsupported_trans_syn where only others are there.
Status type_of(const MIDL_STUBLESS_PROXY_INFO& info, const ULong32* const* offsets, ULong32 number, uint32_t flags,
               MIDL_STUB_DESC& desc, Type& type);

// --- procedures -----------------------------------------------------------------------------------------------------

// `args` as client_call's. `returned`, which may be null, and `result`: where the decoded return value goes, as
// client_call_all has it. unknown_if for an encoding of another interface.
Status procedure(void* handle, const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args, Style style,
                 void* returned, uint64_t& result);

}  // namespace rpc::stub::pickle
