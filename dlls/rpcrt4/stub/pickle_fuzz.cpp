// Pickles that anybody may have written: types of every kind, base types and procedures, read from one buffer that is
// exactly as long as it says. What can be read is written again, and must then read and write the same.
#include <algorithm>
#include <cstring>
#include <memory>

#include "stub/pickle_test_rig.h"

using namespace rpc;
using namespace rpc::stub;
using namespace rpc::stub::pickle;
using namespace rpc::stub::pickle::test;

namespace {

constexpr unsigned type_offsets[] = {sample::at_simple, sample::at_withptr, sample::at_node, sample::at_strs,
                                     sample::at_enums,  sample::at_vary,    sample::at_encu, sample::at_long_p};

void require(bool ok) {
    if (!ok) __builtin_trap();
}

struct Free {
    void operator()(char* p) const { ::operator delete[](p, std::align_val_t{8}); }
};
using Exact = std::unique_ptr<char[], Free>;

Exact exactly(const void* data, size_t size) {
    Exact copy(new (std::align_val_t{8}) char[size ? size : 1]);
    if (size) std::memcpy(copy.get(), data, size);
    return copy;
}

struct Handle {
    void* value = nullptr;
    ~Handle() {
        if (value) require(free_handle(value) == Status::ok);
    }
};

struct alignas(16) Object {
    uint8_t bytes[512] = {};
};

struct Encoded {
    char* buffer = nullptr;
    ULong32 size = 0;
    ~Encoded() {
        if (buffer) Heap::release(buffer);
    }
};

bool encode(const Type& type, Object& object, Encoded& out) {
    Handle h;
    require(encode_dynamic_buffer(&out.buffer, &out.size, &h.value) == Status::ok);
    size_t size = 0;
    Status sized = type_align_size(h.value, type, &object, size), status = type_encode(h.value, type, &object);
    require(sized == status);
    require(failed(status) || size == out.size);
    return !failed(status);
}

// What was read once is written and read without end.
void round_trip(const Type& type, Object& object) {
    Encoded first, second;
    if (!encode(type, object, first)) return;
    Handle h;
    Object again;
    require(decode_buffer(first.buffer, first.size, &h.value) == Status::ok);
    require(type_decode(h.value, type, &again) == Status::ok);
    require(encode(type, again, second));
    require(first.size == second.size && std::memcmp(first.buffer, second.buffer, first.size) == 0);
    require(type_free(type, &again) == Status::ok);
}

void read_type(void* handle, unsigned which) {
    unsigned offset = type_offsets[which % std::size(type_offsets)];
    Type type{&desc(), sample::format + offset, 0};
    Object object;
    if (failed(type_decode(handle, type, &object))) return;
    round_trip(type, object);
    require(type_free(type, &object) == Status::ok);
}

void read_procedure(void* handle) {
    RPC_SYNTAX_IDENTIFIER id;
    ULong32 number = 0;
    (void)code(encoding_id(handle, &id, &number));
    int32_t b = 0, c = 0;
    char16_t* s = nullptr;
    Slot args[] = {0, 1, reinterpret_cast<Slot>(&b), reinterpret_cast<Slot>(&c), reinterpret_cast<Slot>(&s)};
    uint64_t result = 0;
    if (failed(procedure(handle, desc(), both_ways().data(), args, Style::oif, nullptr, result))) return;
    if (s) Heap::release(s);
}

}  // namespace

// The first byte says how many operations follow, the bytes after it which.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    size_t operations = std::min<size_t>(data[0] % 8, size - 1);
    Exact stream = exactly(data + 1 + operations, size - 1 - operations);
    {
        Handle h;
        require(decode_buffer(stream.get(), static_cast<ULong32>(size - 1 - operations), &h.value) == Status::ok);
        for (size_t i = 0; i < operations; ++i) {
            uint8_t what = data[1 + i];
            int64_t value = 0;
            if (what < 0xa0)
                read_type(h.value, what);
            else if (what < 0xd0)
                (void)code(simple_decode(h.value, &value, 1 << what % 4));
            else
                read_procedure(h.value);
        }
    }
    require(std::memcmp(stream.get(), data + 1 + operations, size - 1 - operations) == 0);
    require(Heap::blocks == 0);
    return 0;
}
