#pragma once
// What the room's tests share: a message over a buffer, an allocator that counts, wire images written by hand.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/alloc.h"
#include "ndr/ndr.h"
#include "ndr/sample_formats.h"

namespace rpc::ndr::test {

// Blocks handed out by the message's allocator. fail_nth: the nth from now on is refused.
struct Heap {
    static inline long blocks = 0, bytes = 0, fail_nth = 0;
    static void* allocate(size_t n) {
        if (fail_nth != 0 && --fail_nth == 0) return nullptr;
        ++blocks;
        bytes += static_cast<long>(n);
        return std::malloc(n ? n : 1);
    }
    static void release(void* p) {
        --blocks;
        std::free(p);
    }
};

// A wire image: numbers are aligned to their size and little-endian.
class Image {
public:
    Image& u8(unsigned v) { return put(v, 1); }
    Image& u16(unsigned v) { return put(v, 2); }
    Image& u32(uint32_t v) { return put(v, 4); }
    Image& u64(uint64_t v) { return put(v, 8); }
    Image& align(size_t n) {
        while (bytes.size() % n) bytes.push_back(0);
        return *this;
    }
    Image& text(const char* s) {
        do bytes.push_back(static_cast<uint8_t>(*s));
        while (*s++);
        return *this;
    }
    Image& wide(const char16_t* s) {
        do u16(*s);
        while (*s++);
        return *this;
    }
    Image& referent(unsigned n) { return u32(0x20000 + 4 * n); }
    std::vector<uint8_t> bytes;

private:
    Image& put(uint64_t v, size_t n) {
        align(n);
        for (size_t i = 0; i < n; ++i) bytes.push_back(static_cast<uint8_t>(v >> 8 * i));
        return *this;
    }
};

struct alignas(16) Rig {
    Rig(bool client = true) {
        message.RpcMsg = &rpc;
        rpc.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
        message.IsClient = client;
        message.pfnAllocate = Heap::allocate;
        message.pfnFree = Heap::release;
        message.StubDesc = &desc;
        desc.pFormatTypes = sample::x64::format;
        attach();
    }
    void attach(size_t size = sizeof buffer) {
        rpc.Buffer = message.Buffer = message.BufferStart = buffer;
        message.BufferEnd = buffer + size;
        rpc.BufferLength = static_cast<unsigned>(size);
    }
    void load(const std::vector<uint8_t>& wire, size_t size = SIZE_MAX) {
        if (size > wire.size()) size = wire.size();
        std::memcpy(buffer, wire.data(), size);
        attach(size);
    }
    std::vector<uint8_t> written() const { return {message.BufferStart, message.Buffer}; }
    Status marshal(const void* memory, const uint8_t* f) {
        message.UniquePtrCount = 0;
        attach();
        std::memset(buffer, 0xcc, sizeof buffer);
        return ndr::marshal(message, bytes(memory), f);
    }
    Status size(const void* memory, const uint8_t* f) {
        message.BufferLength = 0;
        return ndr::buffer_size(message, bytes(memory), f);
    }
    template <class T>
    Status unmarshal(T*& memory, const uint8_t* f, bool must_alloc = false) {
        return ndr::unmarshal(message, reinterpret_cast<uint8_t**>(&memory), f, must_alloc);
    }
    static uint8_t* bytes(const void* p) { return static_cast<uint8_t*>(const_cast<void*>(p)); }

    alignas(16) uint8_t buffer[1 << 16];
    MIDL_STUB_DESC desc = {};
    RPC_MESSAGE rpc = {};
    MIDL_STUB_MESSAGE message = {};
};

// What every type must do with `memory` and its wire image: sizes and marshals to it; comes back as a client's memory that
// marshals to it again; is measured; every truncation and every failing allocation is a clean error; on a server too. For
// types that are no pointers the block itself is the caller's to free.
inline void check_type(const void* memory, const uint8_t* f, const std::vector<uint8_t>& wire, void* stack = nullptr,
                       bool narrow = false, size_t (*top_block)(void*) = nullptr) {
    (void)top_block;
    auto rig = std::make_unique<Rig>();
    rig->message.StackTop = static_cast<unsigned char*>(stack);
    set_narrow_pointers(rig->message, narrow);
    bool pointer = f[0] >= 0x11 && f[0] <= 0x14;
    ASSERT_EQ(Status::ok, rig->size(memory, f));
    EXPECT_EQ(wire.size(), rig->message.BufferLength);
    ASSERT_EQ(Status::ok, rig->marshal(memory, f));
    ASSERT_EQ(wire, rig->written());
    // One byte too little to write to.
    for (size_t n = 0; n < wire.size(); ++n) {
        rig->attach(n);
        ASSERT_EQ(Status::bad_stub_data, ndr::marshal(rig->message, Rig::bytes(memory), f)) << n;
        EXPECT_EQ(rig->buffer, rig->message.Buffer);
    }
    auto free_all = [&](MIDL_STUB_MESSAGE& m, uint8_t* data) {
        ASSERT_EQ(Status::ok, ndr::free(m, data, f));
        bool in_buffer = data >= m.BufferStart && data < m.BufferEnd;
        if (!pointer && data && !in_buffer) Heap::release(data);
    };
    for (bool client : {true, false}) {
        Rig& r = *rig;
        r.message.IsClient = client;
        long before = Heap::blocks;
        r.load(wire);
        uint8_t* data = nullptr;
        ASSERT_EQ(Status::ok, r.unmarshal(data, f)) << client;
        EXPECT_EQ(r.buffer + wire.size(), r.message.Buffer);
        auto again = std::make_unique<Rig>();
        again->message.StackTop = static_cast<unsigned char*>(stack);
        set_narrow_pointers(again->message, narrow);
        ASSERT_EQ(Status::ok, again->marshal(data, f));
        EXPECT_EQ(wire, again->written());
        free_all(r.message, data);
        EXPECT_EQ(before, Heap::blocks);

        r.load(wire);
        uint32_t size = 0;
        r.message.MemorySize = 0;
        EXPECT_EQ(Status::ok, ndr::memory_size(r.message, f, size));
        EXPECT_EQ(r.buffer + wire.size(), r.message.Buffer);

        for (size_t n = 0; n < wire.size(); ++n) {
            // A buffer of its own, so that the sanitizer sees what is read past the end.
            std::vector<uint64_t> room((n + 7) / 8 + 1);
            auto* exact = reinterpret_cast<uint8_t*>(room.data());
            std::memcpy(exact, wire.data(), n);
            r.rpc.Buffer = r.message.Buffer = r.message.BufferStart = exact;
            r.message.BufferEnd = exact + n;
            r.rpc.BufferLength = static_cast<unsigned>(n);
            uint8_t* none = nullptr;
            ASSERT_TRUE(failed(r.unmarshal(none, f))) << n;
            ASSERT_EQ(before, Heap::blocks) << n;
            r.message.Buffer = exact;
            ASSERT_TRUE(failed(ndr::memory_size(r.message, f, size))) << n;
        }
        for (long nth = 1;; ++nth) {
            r.load(wire);
            uint8_t* none = nullptr;
            Heap::fail_nth = nth;
            Status s = r.unmarshal(none, f, true);
            bool reached = Heap::fail_nth == 0;
            Heap::fail_nth = 0;
            if (!reached) {
                ASSERT_EQ(Status::ok, s);
                free_all(r.message, none);
                break;
            }
            ASSERT_EQ(Status::out_of_memory, s);
            ASSERT_EQ(before, Heap::blocks);
        }
        for (long nth = 1; nth < 60; ++nth) {
            r.load(wire);
            uint8_t* none = nullptr;
            mem_fail_nth(nth);
            Status s = r.unmarshal(none, f);
            mem_fail_nth(0);
            if (!failed(s)) free_all(r.message, none);
            else ASSERT_EQ(Status::out_of_memory, s);
            ASSERT_EQ(before, Heap::blocks);
        }
    }
}

}  // namespace rpc::ndr::test
