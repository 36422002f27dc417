// What the servers do, whatever carries the call.
#include "channel.h"
#include "usage.h"
#include <stdio.h>
#include <string.h>

namespace bench {

HANDLE stopped;
static volatile Byte sink;

void echo(long count, const Byte* in, Byte* out) { memcpy(out, in, count); }
void take(long count, const Byte* in) { sink = in[count - 1]; }
void give(long count, Byte* out) {
    memset(out, 0x5a, count);
    out[count - 1] = 0xa5;
}
bool given(long count, const Byte* out) { return out[0] == 0x5a && out[count / 2] == 0x5a && out[count - 1] == 0xa5; }

long control(long what) {
    switch (what) {
    case kThreads: return thread_count();
    case kHandles: return handle_count();
    case kHeapBytes: return heap_bytes();
    case kCountAllocations: return count_allocations();
    case kAllocations: return allocations();
    case kMemory: return memory_kib();
    case kStop: SetEvent(stopped); return 0;
    default: return -1;
    }
}

unsigned short free_port() {
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data)) return 0;
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int size = sizeof address;
    unsigned short port = 0;
    if (!bind(s, reinterpret_cast<sockaddr*>(&address), sizeof address) &&
        !getsockname(s, reinterpret_cast<sockaddr*>(&address), &size))
        port = ntohs(address.sin_port);
    closesocket(s);
    return port;
}

}  // namespace bench
