#pragma once
#include <rpccoro.h>

#include "desk.h"

rpccoro::task<long> multiply(handle_t server, long a, long b);
rpccoro::task<long> multiply(handle_t server, long a, long b, long c);
rpccoro::task<RPC_STATUS> fail(handle_t server, long code);
rpccoro::task<RPC_STATUS> hold(handle_t server, long key, rpccoro::canceller& stop);
