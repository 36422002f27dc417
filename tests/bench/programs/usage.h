#pragma once
// What this process holds, and what the RPC library allocates in it.

namespace bench {

long thread_count();
long handle_count();
// Bytes of the blocks in use in every heap of the process.
long heap_bytes();

// KiB of memory that the process has in use.
long memory_kib();

// From now on every allocation that rpcrt4.dll makes through its imports is counted, ours or Wine's own. False when it
// is not loaded.
bool count_allocations();
long allocations();
void note_allocation();  // an allocation of a stub's own

}  // namespace bench
