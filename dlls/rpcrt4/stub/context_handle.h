#pragma once
// Context handles. On the wire: 20 bytes, 4-aligned: attributes (u32, 0) and a UUID, all zero for a null handle.
// Sources: C706 chapter 14 (context handles), documentation page "Context Handles" and those of NDRCContext*,
// NDRSContext*.
//
// Client: a handle keeps a copy of the binding that made it and the 20 bytes. Server: a table per association, so a
// handle of another client is unknown; when the association ends, every handle left is run down.
#include "base/abi_types.h"
#include "base/bytes.h"
#include "base/status.h"
#include "stub/context_lock.h"

namespace rpc::stub {

constexpr size_t context_wire_size = 20;

// RPC_X_SS_CONTEXT_MISMATCH as a server sends it: nca_s_fault_context_mismatch.
constexpr Status context_mismatch_fault = static_cast<Status>(0x1C00001A);

// The binding of a live handle, which stays the handle's. ss_in_null_context for null, invalid_handle
// (RPC_X_SS_CONTEXT_MISMATCH) for what is none.
Status client_context_binding(void* context, void*& binding);

// Writes the 20 bytes; null writes zeros.
Status client_context_marshal(void* context, uint8_t* wire);

// Reads the 20 bytes into `*context`: makes one (a copy of `binding` goes with it), renews it, or frees it and sets
// null.
Status client_context_unmarshal(void*& context, void* binding, const uint8_t* wire, bool big_endian);

// Frees without telling the server (RpcSsDestroyClientContext) and sets null.
Status client_context_destroy(void*& context);

// NDR_SCONTEXT's public face is { void* pad[2]; void* userContext }; the address of the last is what managers get.
struct ServerContext;
void*& user_context(ServerContext& context);
ContextLock& lock_of(ServerContext& context);
void* context_face(ServerContext& context);  // as an NDR_SCONTEXT
ServerContext* context_of(void* face);       // and back

// A new, empty context that no table knows yet.
[[nodiscard]] ServerContext* server_context_new();
bool server_context_is_new(const ServerContext& context);

// Whether every context handle of this process is strict, whatever its interface says; off at first.
void set_contexts_always_strict(bool on);

// The context that the 20 bytes name in the association of `call` (null: the call of this thread). Null bytes make a
// new, empty one. `owner`: the caller's interface (RPC_SERVER_INTERFACE), which a strict handle must match, or null.
// The caller holds a reference.
Status server_context_find(void* call, const uint8_t* wire, bool big_endian, const void* owner, bool strict,
                           ServerContext*& context);

// Writes the 20 bytes of a context whose value the manager left: registers a new one, forgets one whose value is null
// now.
Status server_context_marshal(void* call, ServerContext& context, NDR_RUNDOWN rundown, const void* owner,
                              uint8_t* wire);

// Drops the caller's reference.
void server_context_release(ServerContext* context);

// The interface is gone: its context handles go too, with their rundown routines or, when the server has destroyed what
// they stand for, without.
void server_contexts_leave(const void* owner, bool run_down);

// A context with a value that the client never got to know: run down now. No-op for those in a table.
void server_context_abandon(ServerContext& context, NDR_RUNDOWN rundown);

}  // namespace rpc::stub
