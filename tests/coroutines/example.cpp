// Asynchronous RPC as coroutines, in four steps. desk.h has the server and the stubs; rpccoro.h has the rest.
#include "example.h"

// 1. A call is awaited. Its reply and [out] parameters are there when the status is RPC_S_OK.
rpccoro::task<long> multiply(handle_t server, long a, long b) {
    long sum = 0, product = 0;
    RPC_STATUS status = co_await rpccoro::call([&](PRPC_ASYNC_STATE s) { Add(s, server, a, b, &sum); }, &product);
    co_return status == RPC_S_OK&& sum == a + b ? product : -1;
}

// 2. Coroutines await one another: a * b * c in two calls, and no thread waits for either.
rpccoro::task<long> multiply(handle_t server, long a, long b, long c) {
    co_return co_await multiply(server, co_await multiply(server, a, b), c);
}

// 3. What the server answers, and what the stub raises because the server cannot be reached, is the status.
rpccoro::task<RPC_STATUS> fail(handle_t server, long code) {
    long ignored = 0, reply = 0;
    co_return co_await rpccoro::call([&](PRPC_ASYNC_STATE s) { Act(s, server, desk::abort, code, &ignored); }, &reply);
}

// 4. A call that may take for ever can be cancelled, by whoever has the canceller.
rpccoro::task<RPC_STATUS> hold(handle_t server, long key, rpccoro::canceller& stop) {
    long value = 0, reply = 0;
    co_return co_await rpccoro::call([&](PRPC_ASYNC_STATE s) { Hold(s, server, key, &value); }, &reply,
                                     rpccoro::on_pool(), &stop);
}
