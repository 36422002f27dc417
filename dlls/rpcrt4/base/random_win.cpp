// Random bytes without a library to load: UuidCreate must work under the loader lock, and the usual source lives in a DLL
// that imports this one. ChaCha20 (RFC 8439, 2.3), keyed once per process from the kernel's seed for generators
// (NtQuerySystemInformation, SystemInterruptInformation: documented as an unpredictable seed), the processor's and what
// differs between processes. No lock: a call takes the next block number; during the one start it may seed for itself.
#include <windows.h>
#include <winternl.h>
#include <cpuid.h>

#include <atomic>
#include <bit>
#include <cstring>

#include "base/os.h"

namespace rpc::os {
namespace {

using Block = uint32_t[16];
constexpr uint32_t chacha_constant[4] = {0x61707865, 0x3320646E, 0x79622D32, 0x6B206574};

void quarter_round(Block& s, int a, int b, int c, int d) {
    s[a] += s[b], s[d] = std::rotl(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = std::rotl(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = std::rotl(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = std::rotl(s[b] ^ s[c], 7);
}

void chacha_block(const uint32_t (&key)[8], uint64_t number, Block& out) {
    Block start;
    std::memcpy(start, chacha_constant, sizeof chacha_constant);
    std::memcpy(start + 4, key, sizeof key);
    start[12] = static_cast<uint32_t>(number);
    start[13] = static_cast<uint32_t>(number >> 32);
    start[14] = start[15] = 0;
    std::memcpy(out, start, sizeof out);
    for (int i = 0; i < 10; ++i) {
        for (int c = 0; c < 4; ++c) quarter_round(out, c, 4 + c, 8 + c, 12 + c);
        for (int c = 0; c < 4; ++c) quarter_round(out, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
    }
    for (int i = 0; i < 16; ++i) out[i] += start[i];
}

// Mixes `n` bytes into the key, 32 at a time: the block function under the key so far hides both.
void absorb(uint32_t (&key)[8], const void* data, size_t n) {
    const auto* p = static_cast<const uint8_t*>(data);
    for (size_t from = 0; from < n; from += sizeof key) {
        uint32_t part[8] = {};
        std::memcpy(part, p + from, n - from < sizeof part ? n - from : sizeof part);
        for (int i = 0; i < 8; ++i) key[i] ^= part[i];
        Block b;
        chacha_block(key, n - from, b);
        std::memcpy(key, b, sizeof key);
    }
}

[[gnu::target("rdrnd")]] bool processor_random(uint32_t (&out)[8]) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_RDRND)) return false;
    for (uint32_t& word : out) {
        int tries = 10;
        unsigned value = 0;
        while (!__builtin_ia32_rdrand32_step(&value) && --tries) {}
        if (!tries) return false;
        word = value;
    }
    return true;
}

// False when neither the kernel nor the processor gave anything unpredictable.
bool make_key(uint32_t (&key)[8]) {
    constexpr auto system_interrupt_information = static_cast<SYSTEM_INFORMATION_CLASS>(23);
    std::memset(key, 0, sizeof key);
    uint8_t kernel[24 * 256];  // one record of 24 bytes for each processor
    ULONG length = 0;
    bool have_kernel = NtQuerySystemInformation(system_interrupt_information, kernel, sizeof kernel, &length) >= 0;
    if (have_kernel) absorb(key, kernel, length < sizeof kernel ? length : sizeof kernel);
    uint32_t processor[8];
    bool have_processor = processor_random(processor);
    if (have_processor) absorb(key, processor, sizeof processor);

    struct {
        LARGE_INTEGER counter;
        uint64_t time;
        uint32_t process, thread;
        const void* stack;
        const void* heap;
    } local = {};
    QueryPerformanceCounter(&local.counter);
    local.time = system_time();
    local.process = process_id();
    local.thread = thread_id();
    local.stack = &local;
    local.heap = GetProcessHeap();
    absorb(key, &local, sizeof local);
    return have_kernel || have_processor;
}

enum Seeding : int { unseeded, in_progress, seeded };
constinit std::atomic<int> g_seeding{unseeded};
constinit uint32_t g_key[8] = {};
constinit std::atomic<uint64_t> g_next_block{0};

// This process's key, or one of the caller's own while another thread is about to store it.
bool get_key(uint32_t (&key)[8]) {
    if (g_seeding.load(std::memory_order_acquire) == seeded) {
        std::memcpy(key, g_key, sizeof key);
        return true;
    }
    if (!make_key(key)) return false;
    int expected = unseeded;
    if (g_seeding.compare_exchange_strong(expected, in_progress, std::memory_order_acquire)) {
        std::memcpy(g_key, key, sizeof key);
        g_seeding.store(seeded, std::memory_order_release);
    }
    return true;
}

}  // namespace

bool random_bytes(void* out, size_t n) {
    uint32_t key[8];
    if (!get_key(key)) return false;
    auto* to = static_cast<uint8_t*>(out);
    while (n != 0) {
        Block b;
        chacha_block(key, g_next_block.fetch_add(1, std::memory_order_relaxed), b);
        size_t part = n < sizeof b ? n : sizeof b;
        std::memcpy(to, b, part);
        to += part;
        n -= part;
    }
    return true;
}

}  // namespace rpc::os
