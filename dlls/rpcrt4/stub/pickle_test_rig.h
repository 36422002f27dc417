#pragma once
// Tests only: a stub with a few types and procedures, as MIDL describes them, and buffers for it.
#include <array>
#include <cstring>
#include <vector>

#include "ndr/sample_types.h"
#include "ndr/test_rig.h"
#include "stub/pickle.h"
#include "stub/stub_test_interface.h"

namespace rpc::stub::pickle::test {

using ndr::sample::Simple;
using ndr::sample::WithPointers;
using ndr::test::Heap;
using ndr::test::Image;
using rpc::test::Bytes;
namespace sample = ndr::sample::x64;

constexpr uint8_t unique_to_long[] = {0x12, 0x08, 0x08, 0x5c};
// A structure of two [ptr] long*.
constexpr uint8_t full_pair[] = {0x1a, 0x03, 0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x36, 0x36,
                                 0x5c, 0x5b, 0x14, 0x08, 0x08, 0x5c, 0x14, 0x08, 0x08, 0x5c};

inline const RPC_CLIENT_INTERFACE& interface() {
    static RPC_CLIENT_INTERFACE face{};
    face.InterfaceId = {{0x11223344, 0x5566, 0x7788, {1, 2, 3, 4, 5, 6, 7, 8}}, {1, 2}};
    return face;
}

inline const MIDL_STUB_DESC& desc() {
    static MIDL_STUB_DESC d{};
    d.RpcInterfaceInformation = const_cast<RPC_CLIENT_INTERFACE*>(&interface());
    d.pfnAllocate = Heap::allocate;
    d.pfnFree = Heap::release;
    d.pFormatTypes = sample::format;
    d.Version = 0x50002;
    return d;
}

inline Type simple() {
    return {&desc(), sample::format + sample::at_simple, 0};
}
inline Type with_pointers() {
    return {&desc(), sample::format + sample::at_withptr, 0};
}
inline Type pointer_to_long() {
    return {&desc(), unique_to_long, 0};
}

// void f([in] long a, [in, out] long* b, [out] long* c, [in, out, string, unique] wchar_t** s), number 7, encoded and
// decoded.
inline const Bytes& both_ways() {
    static const Bytes format = [] {
        rpc::test::Header h;
        h.oi_flags = 0x48 | 0x30;
        h.slots = 5;
        h.explicit_handle = {0x32, 0, 0, 0};
        h.opt_flags2 = 0;
        return rpc::test::procedure(7, h,
                                    {{0x48, 1, 8}, {0x158, 2, 8}, {0x2150, 3, 8}, {0x201b, 4, sample::at_wchar_t_p}});
    }();
    return format;
}

}  // namespace rpc::stub::pickle::test
