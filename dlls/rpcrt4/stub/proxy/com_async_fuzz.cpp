// Anything as the request or the reply of an asynchronous COM call. First byte: 1 a reply, else a request; 2 of Add, else of Mix.
// fuzz-cost: 4
#include "stub/proxy/async_test_rig.h"

namespace {

using namespace rpc::com;
using namespace rpc::com::async_rig;

struct Bytes {
    const uint8_t* data;
    size_t size;
    static void replace(std::vector<uint8_t>& bytes, void* self) {
        auto& b = *static_cast<Bytes*>(self);
        bytes.assign(b.data, b.data + b.size);
    }
};

void require(bool ok) {
    if (!ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    Bytes bytes{data + 1, size - 1};
    long before = allocations;
    {
        Pair p;
        require(p.make() == s_ok);
        p.wire.spoiler = &bytes;
        (data[0] & 1 ? p.wire.spoil_reply : p.wire.spoil_request) = Bytes::replace;
        bool add = data[0] & 2;
        require((add ? p.begin_add(1, 2) : p.begin_mix()) == s_ok);
        p.wire.give_up();
        int32_t value = 0;
        char16_t* copy = nullptr;
        Hresult h = add ? p.finish_add(&value) : p.finish_mix(&value, &copy);
        require(h != rpc_s_call_pending || p.wire.spoil_reply);  // a reply may say even that
        give(copy);
        // The next call is none the worse for it.
        p.wire.spoil_reply = p.wire.spoil_request = nullptr;
        require(p.begin_add(40, 2) == s_ok && p.finish_add(&value) == s_ok && value == 42);
        require(p.wire.buffers == 0);
    }
    require(allocations == before);
    return 0;
}
