/* An asynchronous server: each greeting waits on a timer, and none of them holds a thread. */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include "hello.h"

static HANDLE stopped;

/* One call between its arrival and its answer. What the manager routine was given lives until then. */
struct greeting
{
    PRPC_ASYNC_STATE state;
    const wchar_t *name;
    wchar_t **answer;
};

static VOID CALLBACK answer(PVOID context, BOOLEAN fired)
{
    struct greeting *g = context;
    size_t size = wcslen(g->name) + sizeof "Hello, !";
    LONG length;

    (void)fired;
    *g->answer = MIDL_user_allocate(size * sizeof(wchar_t));  /* the runtime frees it when it has been sent */
    length = swprintf(*g->answer, size, L"Hello, %ls!", g->name);
    RpcAsyncCompleteCall(g->state, &length);
    free(g);
}

void Greet(PRPC_ASYNC_STATE state, handle_t h, const wchar_t *name, LONG milliseconds, wchar_t **result)
{
    struct greeting *g = malloc(sizeof *g);
    HANDLE timer;

    (void)h;
    *result = NULL;
    if (!g) RpcRaiseException(RPC_S_OUT_OF_MEMORY);
    g->state = state;
    g->name = name;
    g->answer = result;
    if (!CreateTimerQueueTimer(&timer, NULL, answer, g, milliseconds, 0, WT_EXECUTEONLYONCE))
    {
        free(g);
        RpcRaiseException(RPC_S_OUT_OF_RESOURCES);
    }
}

void Stop(handle_t h)
{
    (void)h;
    SetEvent(stopped);
}

void *__RPC_USER MIDL_user_allocate(SIZE_T size) { return malloc(size); }
void __RPC_USER MIDL_user_free(void *memory) { free(memory); }

int main(void)
{
    RPC_STATUS status;

    stopped = CreateEventW(NULL, TRUE, FALSE, NULL);
    status = RpcServerUseProtseqEpA((RPC_CSTR)"ncalrpc", RPC_C_PROTSEQ_MAX_REQS_DEFAULT, (RPC_CSTR)"hello", NULL);
    if (!status) status = RpcServerRegisterIf(hello_v1_0_s_ifspec, NULL, NULL);
    if (!status) status = RpcServerListen(1, RPC_C_LISTEN_MAX_CALLS_DEFAULT, TRUE);
    if (status)
    {
        printf("the server does not start: %ld\n", status);
        return 1;
    }
    printf("the server listens\n");
    fflush(stdout);
    SetEvent(CreateEventW(NULL, TRUE, FALSE, L"hello: the server listens"));  /* open as long as this process is */
    WaitForSingleObject(stopped, INFINITE);
    RpcMgmtStopServerListening(NULL);
    RpcMgmtWaitServerListen();
    return 0;
}
