// The interpreter against the routines of the types: data that a peer may have sent, as [in, out] parameters from a client
// through a server and back. What both halves put on the wire, and what the client has in the end, are what the routines write
// and size of the same memory; the memory that they take is what the data are measured as. Allocations fail on the way.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/alloc.h"
#include "ndr/ndr.h"
#include "ndr/sample_formats.h"
#include "stub/fake_runtime.inc"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"

using namespace rpc;

namespace {

namespace sample = ndr::sample::x64;
using test::Bytes;
using Image = std::vector<uint8_t>;

constexpr uint16_t types[] = {sample::at_simple, sample::at_withptr, sample::at_node, sample::at_conf,    sample::at_confvar,
                              sample::at_confp,  sample::at_vary,    sample::at_strs, sample::at_enums,   sample::at_encu,
                              sample::at_hasu,   sample::at_big,     sample::at_nestconf, sample::at_nestconfp, sample::at_exprs};
constexpr unsigned type_count = sizeof types / sizeof *types;

long g_blocks = 0, g_countdown = 0;
size_t g_bytes = 0;
void* allocate(size_t n) {
    // Varying types may ask for much that the data do not fill.
    if ((g_countdown != 0 && --g_countdown == 0) || n > (1u << 20)) return nullptr;
    ++g_blocks;
    g_bytes += (n + 7) & ~size_t{7};
    return std::malloc(n ? n : 1);
}
void release(void* p) {
    --g_blocks;
    std::free(p);
}

void check(bool ok, const char* what) {
    if (ok) return;
    std::fprintf(stderr, "interpreter_fuzz: %s\n", what);
    std::abort();
}

struct Message {
    Message(MIDL_STUB_DESC& desc, uint8_t* bytes, size_t size) {
        m.RpcMsg = &rpc;
        m.StubDesc = &desc;
        m.IsClient = 1;
        m.pfnAllocate = allocate;
        m.pfnFree = release;
        rpc.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
        rpc.Buffer = m.Buffer = m.BufferStart = bytes;
        m.BufferEnd = bytes + size;
        rpc.BufferLength = static_cast<unsigned>(size);
    }
    RPC_MESSAGE rpc = {};
    MIDL_STUB_MESSAGE m = {};
};

MIDL_STUB_DESC* g_desc = nullptr;
PFORMAT_STRING g_type = nullptr;
Image g_at_server;

// What the routines make of the data; false when they refuse them.
bool image_of(uint8_t* data, Image& image) {
    Message s(*g_desc, nullptr, 0);
    if (failed(ndr::buffer_size(s.m, data, g_type))) return false;
    image.assign(s.m.BufferLength, 0xcc);
    Message w(*g_desc, image.data(), image.size());
    if (failed(ndr::marshal(w.m, data, g_type))) return false;
    check(w.m.Buffer == image.data() + image.size(), "the size is not what marshalling takes");
    return true;
}

// Referents have other numbers in another message only if their order is another one.
int32_t manager(void*, uint8_t* data) {
    check(image_of(data, g_at_server), "what a server unmarshalled cannot be marshalled");
    return 7;
}

struct Face {
    test::Interface face{Bytes(sample::format, sample::format + sizeof sample::format)};
    Face() {
        test::Header h;
        h.slots = 3;
        h.explicit_handle = {0x32, 0, 0, 0};
        h.opt_flags2 = 0;  // the samples' descriptors are the old ones
        for (uint16_t i = 0; i < type_count; ++i)
            face.add(test::procedure(i, h, {{0x11b, 1, types[i]}, {0x70, 2, 8}}), &manager);
        face.desc().pfnAllocate = allocate;
        face.desc().pfnFree = release;
        fake::server.face = face.face();
        fake::server.dispatch = stub::server_call;
        g_desc = &face.desc();
    }
};

// The data that bytes describe, in memory of their own; null when there are none.
uint8_t* data_of(uint8_t* bytes, size_t size) {
    Message r(*g_desc, bytes, size);
    uint8_t* data = nullptr;
    g_bytes = 0;
    if (failed(ndr::unmarshal(r.m, &data, g_type, true))) return nullptr;
    uint32_t measured = 0;
    Message again(*g_desc, bytes, size);
    check(!failed(ndr::memory_size(again.m, g_type, measured)), "what was unmarshalled cannot be measured");
    check(again.m.Buffer == r.m.Buffer, "measuring ends elsewhere");
    check(measured == g_bytes, "what was measured is not what was taken");
    return data;
}

Status call_with(Face& f, unsigned number, uint8_t* data) {
    stub::Slot args[] = {reinterpret_cast<stub::Slot>(&fake::binding), reinterpret_cast<stub::Slot>(data), 0};
    uint64_t result = 0;
    Status s = stub::client_call(f.face.desc(), f.face.format(number), args, result);
    check(failed(s) || result == 7, "the result");
    return s;
}

void call_and_compare(Face& f, unsigned number, uint8_t* data) {
    Image before, after;
    if (!image_of(data, before)) return;
    check(call_with(f, number, data) == Status::ok, "what the routines marshal the interpreter does not");
    check(fake::last_request == before, "the request");
    check(g_at_server == before, "the server's data");
    check(fake::last_reply.size() >= before.size() && std::equal(before.begin(), before.end(), fake::last_reply.begin()), "the reply");
    check(image_of(data, after) && after == before, "what came back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
    if (size < 4 || size > (1 << 16)) return 0;
    static Face* f = new Face;
    const unsigned number = input[0] % type_count;
    const long own = input[1] & 0x3f, blocks = input[2] & 0x3f;
    g_type = f->face.desc().pFormatTypes + types[number];
    g_blocks = g_countdown = 0;
    size -= 4;
    void* bytes = nullptr;
    if (posix_memalign(&bytes, 16, size ? size : 1) != 0) return 0;
    std::memcpy(bytes, input + 4, size);
    if (uint8_t* data = data_of(static_cast<uint8_t*>(bytes), size)) {
        call_and_compare(*f, number, data);
        Image image;
        if (image_of(data, image)) {
            g_countdown = blocks;
            mem_fail_nth(own);
            Status s = call_with(*f, number, data);
            mem_fail_nth(0);
            g_countdown = 0;
            check(s == Status::ok || s == Status::out_of_memory, "a failing allocation is something else");
        }
        Message m(*g_desc, nullptr, 0);
        check(!failed(ndr::free(m.m, data, g_type)), "what is left cannot be freed");
        release(data);
    }
    check(g_blocks == 0, "memory is left");
    check(fake::calls_alive == 0, "a call is left");
    std::free(bytes);
    return 0;
}
