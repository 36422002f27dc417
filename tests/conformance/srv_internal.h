#pragma once
// What the fixture's parts share: the manager routines and the memory they use.
#include "srv.h"

namespace srv {

void* __RPC_USER server_allocate(size_t size);
void __RPC_USER server_free(void* memory);

void add_async(RPC_ASYNC_STATE*, handle_t, long a, long b, long* c);
void hold_async(RPC_ASYNC_STATE*, handle_t, long key, long* out);
void void_async(RPC_ASYNC_STATE*, handle_t, long key);
void act_async(RPC_ASYNC_STATE*, handle_t, long action, long argument, long* out);
void text_async(RPC_ASYNC_STATE*, handle_t, const wchar_t* in, wchar_t** out);
void bytes_async(RPC_ASYNC_STATE*, handle_t, long count, unsigned char* bytes);
void swap_async(RPC_ASYNC_STATE*, handle_t, long* x, long* y);
void push_async(RPC_ASYNC_STATE*, handle_t, long count, const unsigned char* bytes, long* sum);
void ref_text_async(RPC_ASYNC_STATE*, handle_t, wchar_t** out);

void pipe_in_async(RPC_ASYNC_STATE*, handle_t, long mode, long count, AsyncPipe* in, long* out);
void pipe_out_async(RPC_ASYNC_STATE*, handle_t, long mode, long count, AsyncPipe* pipe, long* out);
void pipe_both_async(RPC_ASYNC_STATE*, handle_t, long mode, long count, AsyncPipe* in, AsyncPipe* pipe, long* out);
long pipe_in_sync(handle_t, long mode, long count, SyncPipe* in, long* out);
long pipe_out_sync(handle_t, long mode, long count, SyncPipe* pipe, long* out);
long pipe_both_sync(handle_t, long mode, long count, SyncPipe* in, SyncPipe* pipe, long* out);

long add_sync(handle_t, long a, long b, long* c);
long hold_sync(handle_t, long key, long* out);
void void_sync(handle_t, long key);
long act_sync(handle_t, long action, long argument, long* out);
long text_sync(handle_t, const wchar_t* in, wchar_t** out);
long bytes_sync(handle_t, long count, unsigned char* bytes);
long swap_sync(handle_t, long* x, long* y);
long push_sync(handle_t, long count, const unsigned char* bytes, long* sum);
long ref_text_sync(handle_t, wchar_t** out);

}  // namespace srv
