/* An asynchronous client: three calls at once on one binding; the shortest, issued last, is answered first. */
#include <stdio.h>
#include <stdlib.h>
#include "hello.h"

#define CALLS 3
static const wchar_t *const names[CALLS] = {L"Ada", L"Grace", L"Edsger"};
static const LONG milliseconds[CALLS] = {900, 600, 300};

void *__RPC_USER MIDL_user_allocate(SIZE_T size) { return malloc(size); }
void __RPC_USER MIDL_user_free(void *memory) { free(memory); }

/* The server may still be starting: half a minute for it. */
static BOOL wait_for_server(void)
{
    HANDLE listening = CreateEventW(NULL, TRUE, FALSE, L"hello: the server listens");

    return WaitForSingleObject(listening, 30000) == WAIT_OBJECT_0;
}

int main(void)
{
    RPC_ASYNC_STATE states[CALLS];
    HANDLE events[CALLS];
    wchar_t *greetings[CALLS];
    handle_t h;
    int i, done;

    if (RpcBindingFromStringBindingA((RPC_CSTR)"ncalrpc:[hello]", &h)) return 1;
    if (!wait_for_server())
    {
        printf("there is no server\n");
        return 1;
    }
    for (i = 0; i < CALLS; i++)
    {
        RpcAsyncInitializeHandle(&states[i], sizeof states[i]);
        states[i].NotificationType = RpcNotificationTypeEvent;
        states[i].u.hEvent = events[i] = CreateEventW(NULL, FALSE, FALSE, NULL);
        Greet(&states[i], h, names[i], milliseconds[i], &greetings[i]);  /* returns at once */
    }
    for (done = 0; done < CALLS; done++)
    {
        LONG length = 0;
        RPC_STATUS status;

        i = WaitForMultipleObjects(CALLS, events, FALSE, INFINITE) - WAIT_OBJECT_0;
        status = RpcAsyncCompleteCall(&states[i], &length);
        if (status)
        {
            printf("call %d failed: %ld\n", i, status);
            return 1;
        }
        printf("%ls (%ld characters)\n", greetings[i], length);
        MIDL_user_free(greetings[i]);
    }
    for (i = 0; i < CALLS; i++) CloseHandle(events[i]);
    Stop(h);  /* synchronous */
    RpcBindingFree(&h);
    return 0;
}
