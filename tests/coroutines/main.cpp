// Runs the example, and every way of being told.
#include "example.h"

#include <stdio.h>

#include <memory>
#include <vector>

static int g_failures;
static void check(bool ok, const char* what) {
    printf("%s: %s\n", ok ? "ok" : "FAILED", what);
    g_failures += !ok;
}

template <class Way>
static rpccoro::task<long> add(handle_t server, long a, long b, Way way, DWORD* thread = nullptr) {
    long sum = 0, product = 0;
    const RPC_STATUS status =
        co_await rpccoro::call([&](PRPC_ASYNC_STATE s) { Add(s, server, a, b, &sum); }, &product, way);
    if (thread) *thread = GetCurrentThreadId();
    co_return status == RPC_S_OK&& sum == a + b ? product : -static_cast<long>(status);
}

static void test_example(handle_t server) {
    check(rpccoro::run(multiply(server, 6, 7)) == 42, "a call");
    check(rpccoro::run(multiply(server, 2, 3, 7)) == 42, "a call behind a call");
    check(rpccoro::run(fail(server, 1234)) == 1234, "the server's own code");
    RPC_WSTR text = nullptr;
    handle_t nobody = nullptr;
    if (RpcStringBindingComposeW(nullptr, (RPC_WSTR)L"ncalrpc", nullptr, (RPC_WSTR)L"nobody-is-here", nullptr, &text) ==
            0 &&
        RpcBindingFromStringBindingW(text, &nobody) == 0) {
        const RPC_STATUS status = rpccoro::run(fail(nobody, 1));
        check(status != RPC_S_OK && status != 1, "nobody is there");
        RpcBindingFree(&nobody);
    }
    RpcStringFreeW(&text);
}

static void test_many(handle_t server) {
    std::vector<std::unique_ptr<rpccoro::running<long>>> calls;
    for (long i = 0; i < 50; ++i) calls.push_back(std::make_unique<rpccoro::running<long>>(multiply(server, i, 3)));
    bool right = true;
    for (long i = 0; i < 50; ++i) right = right && calls[i]->get() == i * 3;
    check(right, "fifty at a time");
}

static void test_cancel(handle_t server) {
    rpccoro::canceller stop;
    rpccoro::running<RPC_STATUS> first(hold(server, 1, stop)), second(hold(server, 2, stop));
    check(desk::wait_held(1) && desk::wait_held(2), "two calls are held");
    stop.cancel(true);
    check(first.get() == RPC_S_CALL_CANCELLED && second.get() == RPC_S_CALL_CANCELLED, "cancelled, both of them");
    rpccoro::running<RPC_STATUS> late(hold(server, 3, stop));
    check(late.get() == RPC_S_CALL_CANCELLED, "and what comes later");
    for (long key : {1, 2, 3}) desk::release(key, 0);

    rpccoro::canceller gentle;
    rpccoro::running<RPC_STATUS> asked(hold(server, 4, gentle));
    check(desk::wait_held(4), "a call is held");
    gentle.cancel();
    check(!asked.wait(100), "asked to end, it goes on");
    desk::release(4, 1);
    check(asked.get() == RPC_S_OK, "and completes");
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM w, LPARAM l) {
    if (message != WM_APP + 7) return DefWindowProcW(window, message, w, l);
    rpccoro::resume(l);
    return 0;
}

static rpccoro::task<DWORD> who_goes_on(handle_t server, long key) {
    long value = 0, reply = 0;
    co_await rpccoro::call([&](PRPC_ASYNC_STATE s) { Hold(s, server, key, &value); }, &reply);
    co_return GetCurrentThreadId();
}

static void test_ways(handle_t server) {
    DWORD thread = 0;
    check(rpccoro::run(add(server, 6, 7, rpccoro::on_pool())) == 42, "on_pool");
    rpccoro::running<DWORD> held(who_goes_on(server, 9));
    check(desk::wait_held(9), "a call is held");  // and its stub has returned
    desk::release(9, 1);
    check(held.get() != GetCurrentThreadId(), "on_pool, another thread");
    check(rpccoro::run(add(server, 6, 7, rpccoro::on_callback())) == 42, "on_callback");
    check(rpccoro::run(add(server, 6, 7, rpccoro::on_apc(), &thread)) == 42 && thread == GetCurrentThreadId(),
          "on_apc");

    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
    rpccoro::running<long> by_port(add(server, 6, 7, rpccoro::on_port(port, 5), &thread));
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED* overlapped = nullptr;
    if (GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 30000) && key == 5) rpccoro::resume(overlapped);
    check(overlapped && by_port.get() == 42 && thread == GetCurrentThreadId(), "on_port");
    CloseHandle(port);

    rpccoro::poller poller;
    rpccoro::running<long> polled(add(server, 6, 7, rpccoro::on_poll(poller), &thread));
    for (int i = 0; i < 3000 && poller.poll() != 0; ++i) Sleep(10);
    check(polled.get() == 42 && thread == GetCurrentThreadId(), "on_poll");

    WNDCLASSW window_class{};
    window_class.lpfnWndProc = on_message;
    window_class.lpszClassName = L"coroutines";
    RegisterClassW(&window_class);
    HWND window = CreateWindowW(L"coroutines", L"", 0, 0, 0, 0, 0, HWND_MESSAGE, nullptr, nullptr, nullptr);
    check(window != nullptr, "a window");
    rpccoro::running<long> by_message(add(server, 6, 7, rpccoro::on_window(window, WM_APP + 7), &thread));
    MSG message;
    for (ULONGLONG until = GetTickCount64() + 30000; !by_message.wait(0) && GetTickCount64() < until;) {
        MsgWaitForMultipleObjects(0, nullptr, FALSE, 100, QS_ALLINPUT);
        while (PeekMessageW(&message, nullptr, 0, 0, PM_REMOVE)) DispatchMessageW(&message);
    }
    check(by_message.wait(0) && by_message.get() == 42 && thread == GetCurrentThreadId(), "on_window");
}

int main() {
    handle_t server = desk::connect();
    check(server != nullptr, "the server");
    if (!server) return 1;
    test_example(server);
    test_many(server);
    test_ways(server);
    test_cancel(server);
    RpcBindingFree(&server);
    printf("%d failures\n", g_failures);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), g_failures != 0);
}
