#pragma once
// What the room's tests share: a message over a buffer, an allocator that counts, wire images written by hand.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
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

// Memory below 4 GiB, for pointers that are 4 bytes wide as on x86. Never given back; use it little.
struct Low {
    static void* take(size_t n) {
        static uint8_t* at = static_cast<uint8_t*>(
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_NORESERVE, -1, 0));
        static uint8_t* end = at + size;
        n = (n + 15) & ~size_t{15};
        if (n > static_cast<size_t>(end - at)) std::abort();
        return std::exchange(at, at + n);
    }
    static void* allocate(size_t n) {
        if (Heap::fail_nth != 0 && --Heap::fail_nth == 0) return nullptr;
        ++Heap::blocks;
        return std::memset(take(n), 0xdd, n);
    }
    static void release(void* p) {
        --Heap::blocks;
        // A mark that a second release would find.
        if (*static_cast<uint8_t*>(p) == 0xde && static_cast<uint8_t*>(p)[1] == 0xde) std::abort();
        static_cast<uint8_t*>(p)[0] = static_cast<uint8_t*>(p)[1] = 0xde;
    }
    template <class T>
    static T* copy(const T& value) {
        return new (take(sizeof value)) T(value);
    }
    static constexpr size_t size = size_t{512} << 20;
};
// A 4-byte pointer to a copy of `value`.
template <class T>
uint32_t low(const T& value) {
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(Low::copy(value)));
}

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

// A rig as x86 code would see it.
inline Rig* narrow_rig() {
    Rig* r = new (Low::take(sizeof(Rig))) Rig;
    r->message.pfnAllocate = Low::allocate;
    r->message.pfnFree = Low::release;
    r->desc.pFormatTypes = sample::x32::format;
    set_narrow_pointers(r->message, true);
    return r;
}

// What every type must do with `memory` and its wire image: sizes and marshals to it; comes back as a client's memory that
// marshals to it again; is measured; every truncation and every failing allocation is a clean error; on a server too.
class TypeCheck {
public:
    TypeCheck(const uint8_t* f, const std::vector<uint8_t>& wire, void* stack, bool narrow)
        : f_(f), wire_(wire), pointer_(f[0] >= 0x11 && f[0] <= 0x14), narrow_(narrow) {
        first_ = make(stack);
        second_ = make(stack);
    }
    ~TypeCheck() {
        if (narrow_) return;
        delete first_;
        delete second_;
    }

    void run(const void* memory) {
        marshals(memory);
        for (bool client : {true, false}) {
            first_->message.IsClient = client;
            comes_back();
            is_measured();
            refuses_truncations();
            survives_allocations();
        }
    }

private:
    Rig* make(void* stack) {
        Rig* r = narrow_ ? narrow_rig() : new Rig;
        r->message.StackTop = static_cast<unsigned char*>(stack);
        return r;
    }
    void marshals(const void* memory) {
        Rig& r = *first_;
        ASSERT_EQ(Status::ok, r.size(memory, f_));
        EXPECT_EQ(wire_.size(), r.message.BufferLength);
        ASSERT_EQ(Status::ok, r.marshal(memory, f_));
        ASSERT_EQ(wire_, r.written());
        for (size_t n = 0; n < wire_.size(); ++n) {
            r.attach(n);
            ASSERT_EQ(Status::bad_stub_data, ndr::marshal(r.message, Rig::bytes(memory), f_)) << n;
            EXPECT_EQ(r.buffer, r.message.Buffer);
        }
    }
    // Frees what unmarshal found. The block of a type that is no pointer is the caller's.
    void release(uint8_t* data) {
        MIDL_STUB_MESSAGE& m = first_->message;
        ASSERT_EQ(Status::ok, ndr::free(m, data, f_));
        bool in_buffer = data >= m.BufferStart && data < m.BufferEnd;
        if (!pointer_ && data && !in_buffer) m.pfnFree(data);
    }
    void comes_back() {
        long before = Heap::blocks;
        first_->load(wire_);
        uint8_t* data = nullptr;
        ASSERT_EQ(Status::ok, first_->unmarshal(data, f_)) << int(first_->message.IsClient);
        EXPECT_EQ(first_->buffer + wire_.size(), first_->message.Buffer);
        ASSERT_EQ(Status::ok, second_->marshal(data, f_));
        EXPECT_EQ(wire_, second_->written());
        release(data);
        EXPECT_EQ(before, Heap::blocks);
    }
    void is_measured() {
        first_->load(wire_);
        uint32_t size = 0;
        first_->message.MemorySize = 0;
        EXPECT_EQ(Status::ok, ndr::memory_size(first_->message, f_, size));
        EXPECT_EQ(first_->buffer + wire_.size(), first_->message.Buffer);
    }
    void refuses_truncations() {
        Rig& r = *first_;
        long before = Heap::blocks;
        for (size_t n = 0; n < wire_.size(); ++n) {
            // A buffer of its own, so that the sanitizer sees what is read past the end.
            std::vector<uint64_t> room((n + 7) / 8 + 1);
            auto* exact = narrow_ ? static_cast<uint8_t*>(Low::take(n)) : reinterpret_cast<uint8_t*>(room.data());
            std::memcpy(exact, wire_.data(), n);
            r.rpc.Buffer = r.message.Buffer = r.message.BufferStart = exact;
            r.message.BufferEnd = exact + n;
            r.rpc.BufferLength = static_cast<unsigned>(n);
            uint8_t* none = nullptr;
            ASSERT_TRUE(failed(r.unmarshal(none, f_))) << n;
            ASSERT_EQ(before, Heap::blocks) << n;
            r.message.Buffer = exact;
            uint32_t size = 0;
            ASSERT_TRUE(failed(ndr::memory_size(r.message, f_, size))) << n;
        }
    }
    void survives_allocations() {
        long before = Heap::blocks;
        for (long nth = 1, left = 0; left == 0; ++nth) {
            first_->load(wire_);
            uint8_t* data = nullptr;
            Heap::fail_nth = nth;
            Status s = first_->unmarshal(data, f_, true);
            left = std::exchange(Heap::fail_nth, 0);
            if (left == 0) ASSERT_EQ(Status::out_of_memory, s);
            else release(data);
            ASSERT_EQ(before, Heap::blocks);
        }
        for (long nth = 1; nth < 40; ++nth) {
            first_->load(wire_);
            uint8_t* data = nullptr;
            mem_fail_nth(nth);
            Status s = first_->unmarshal(data, f_);
            mem_fail_nth(0);
            if (failed(s)) ASSERT_EQ(Status::out_of_memory, s);
            else release(data);
            ASSERT_EQ(before, Heap::blocks);
        }
    }

    const uint8_t* f_;
    const std::vector<uint8_t>& wire_;
    bool pointer_, narrow_;
    Rig *first_, *second_;
};

inline void check_type(const void* memory, const uint8_t* f, const std::vector<uint8_t>& wire, void* stack = nullptr) {
    TypeCheck(f, wire, stack, false).run(memory);
}
// With 4-byte pointers in memory; `memory` and what it leads to come from Low.
inline void check_narrow(const void* memory, const uint8_t* f, const std::vector<uint8_t>& wire, void* stack = nullptr) {
    TypeCheck(f, wire, stack, true).run(memory);
}

}  // namespace rpc::ndr::test
