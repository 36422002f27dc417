#pragma once
// What the checks of ndr_pe share: wire images written by hand, messages as -Os stubs make them, and the ways that each type goes.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "../../dlls/rpcrt4/ndr/sample_formats.h"

#ifdef _WIN64
namespace sample = rpc::ndr::sample::x64;
#else
namespace sample = rpc::ndr::sample::x32;
#endif

namespace checks {

inline int failures = 0, checked = 0;
inline bool ours = false;  // what the builtin does otherwise is checked too
inline long blocks = 0;  // of the message's allocator

void expect(bool ok, const char* name, const char* what);
void* __RPC_USER allocate(size_t n);
void __RPC_USER release(void* p);

// Numbers at their own alignment, little-endian ([C706] 14.2.2, 14.2.5).
class Image {
public:
    Image& u8(unsigned v) { return put({v, 1, false}); }
    Image& u16(unsigned v) { return put({v, 2, false}); }
    Image& u32(uint32_t v) { return put({v, 4, false}); }
    Image& u64(uint64_t v) { return put({v, 8, false}); }
    Image& text(const char* s) {
        do u8(static_cast<unsigned char>(*s));
        while (*s++);
        return *this;
    }
    Image& wide(const wchar_t* s) {
        do u16(*s);
        while (*s++);
        return *this;
    }
    // A referent id: any number but 0 ([C706] 14.3.10).
    Image& referent() { return put({0x20000u + 4 * static_cast<unsigned>(referents.size()), 4, true}); }
    // What comes now are the referents of what came before ([C706] 14.3.12.3).
    Image& behind() {
        flat_ = numbers_.size();
        return *this;
    }
    // `n` of these as elements of a conformant array: the count, the elements, then their referents, in order.
    Image array_of(unsigned n, unsigned alignment) const;

    std::vector<uint8_t> bytes;
    std::vector<size_t> referents;

private:
    struct Number {
        uint64_t value;
        unsigned size;
        bool referent;
    };
    Image& put(const Number& n);
    void align(size_t alignment) { bytes.resize((bytes.size() + alignment - 1) / alignment * alignment); }
    size_t flat() const { return flat_ == SIZE_MAX ? numbers_.size() : flat_; }
    std::vector<Number> numbers_;
    size_t flat_ = SIZE_MAX;
};

struct Routines {
    void(RPC_ENTRY* size)(PMIDL_STUB_MESSAGE, unsigned char*, PFORMAT_STRING);
    unsigned char*(RPC_ENTRY* marshal)(PMIDL_STUB_MESSAGE, unsigned char*, PFORMAT_STRING);
    unsigned char*(RPC_ENTRY* unmarshal)(PMIDL_STUB_MESSAGE, unsigned char**, PFORMAT_STRING, unsigned char);
    void(RPC_ENTRY* free)(PMIDL_STUB_MESSAGE, unsigned char*, PFORMAT_STRING);
    unsigned long(RPC_ENTRY* measure)(PMIDL_STUB_MESSAGE, PFORMAT_STRING);
};
#define ROUTINES(type) \
    checks::Routines{Ndr##type##BufferSize, Ndr##type##Marshall, Ndr##type##Unmarshall, Ndr##type##Free, Ndr##type##MemorySize}

MIDL_STUB_DESC stub_desc(PFORMAT_STRING types);

struct Message {
    explicit Message(PFORMAT_STRING types = sample::format) : desc(stub_desc(types)) {
        NdrClientInitializeNew(&rpc, &m, &desc, 0);
        rpc.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    }
    void attach(uint8_t* data, size_t size) {
        rpc.Buffer = m.Buffer = m.BufferStart = data;
        m.BufferEnd = data + size;
        rpc.BufferLength = m.BufferLength = static_cast<unsigned>(size);
    }
    MIDL_STUB_DESC desc;
    RPC_MESSAGE rpc = {};
    MIDL_STUB_MESSAGE m = {};
};

alignas(16) inline uint8_t buffer[4096], second_buffer[4096];

// One value of one type. `name` says the rule that the image follows, a section of [C706].
struct Row {
    const char* name;
    Routines routines;
    const void* memory;
    PFORMAT_STRING format;
    const Image& image;
    ULONG_PTR max = 0;  // what a parameter says of a size or a discriminant
    ULONG actual = 0;   // and of a length
};

// Whether `got` is the image, but for the referent ids.
void same_image(const char* name, const uint8_t* got, size_t size, const Image& w);

// There and back by the type's own routines, as -Os stubs call them.
void check_inline(const Row& row, PFORMAT_STRING types = sample::format);
// The same of an array of them, which the engine goes through by a plan of one. Structures without conformance only.
bool can_plan(PFORMAT_STRING format);
void check_planned(const Row& row);
// As a parameter of interpreted procedures: what the client sends, what it makes of a reply, what the server makes of a request
// and replies. The type is one of sample::format's.
void check_interpreted(const Row& row);

// What target level 6.0 asks of null pointers; the builtin does not.
void null_counts();
// The routines that nothing else in the tests calls.
void other_routines();
void context_routines();

}  // namespace checks
