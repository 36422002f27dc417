#pragma once
// One way to do the measured operations: over RPC, or over the bare transport below it.
#include <winsock2.h>
#include <windows.h>
#include <functional>
#include <memory>
#include <string>

namespace bench {

using Byte = unsigned char;
constexpr long kBulk = 1 << 20;    // bytes of the in and out rows
constexpr long kEcho = 100;        // bytes of the echo row
constexpr int kClients = 16;       // of the rate row

enum class Op : long { null, echo, in, out, control };
enum Control : long { kThreads, kHandles, kHeapBytes, kCountAllocations, kAllocations, kStop, kMemory };

// What a server answers: the bytes of `out` follow from `count`, or from `in`.
void echo(long count, const Byte* in, Byte* out);
void take(long count, const Byte* in);
void give(long count, Byte* out);
// True when `out` is what give(count) writes.
bool given(long count, const Byte* out);
long control(long what);
extern HANDLE stopped;  // signalled by kStop

// Memory outside every heap, so that the heap's size is the library's doing.
struct FreePages {
    void operator()(Byte* pages) const { VirtualFree(pages, 0, MEM_RELEASE); }
};
using Pages = std::unique_ptr<Byte[], FreePages>;
inline Pages make_pages(long size) {
    return Pages(static_cast<Byte*>(VirtualAlloc(nullptr, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE)));
}

// A client's connection. One thread at a time.
struct Channel {
    virtual ~Channel() = default;
    // 0, or what went wrong. `in` and `out` are read and written as the operation says, `count` bytes each.
    [[nodiscard]] virtual unsigned call(Op op, long count, const Byte* in, Byte* out) = 0;
    [[nodiscard]] virtual unsigned control(long what, long* value) = 0;
};

struct Endpoint {
    std::string protocol;  // lrpc, np or tcp
    std::string name;      // empty: a server chooses its own and fills it in
};

// Null after a message on stderr.
std::unique_ptr<Channel> connect_rpc(const Endpoint&);
std::unique_ptr<Channel> connect_raw(const Endpoint&);
// Shares no association with others of this process.
std::unique_ptr<Channel> connect_rpc_alone(const Endpoint&);
// Serves on threads of its own until the process ends. False after a message on stderr.
[[nodiscard]] bool serve_rpc(Endpoint&);
[[nodiscard]] bool serve_raw(Endpoint&);

// A port of the loopback that nobody has now; 0 when there is none.
unsigned short free_port();

}  // namespace bench
