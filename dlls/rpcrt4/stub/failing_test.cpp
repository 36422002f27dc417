// Calls with data of every depth, there and back, with each of their allocations failing once: the program's and our own.
#include "ndr/test_rig.h"
#include "stub/fake_runtime.h"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"

namespace rpc::stub {
namespace {

namespace sample = ndr::sample::x64;
using ndr::test::Heap;
using ndr::test::Image;
using ndr::test::Rig;

constexpr uint16_t types[] = {sample::at_confp, sample::at_node, sample::at_encu};

int32_t manager(void*, const void*) { return 7; }

// Six structures with three pointers each.
Image structures() {
    Image w;
    w.u32(6).u32(6);
    for (unsigned i = 0; i < 6; ++i) w.u32(2).referent(3 * i).referent(3 * i + 1).referent(3 * i + 2);
    for (unsigned i = 0; i < 6; ++i) w.align(4).u32(3).u32(0).u32(3).wide(u"hi").u32(i).u32(2).u16(i).u16(i);
    return w;
}
Image list() {
    Image w;
    for (unsigned i = 0; i < 7; ++i) w.u32(i), i < 6 ? w.referent(i) : w.u32(0);
    return w;
}
Image tagged() { return Image().u32(4).referent(0).u32(5).u32(0).u32(5).text("four"); }

class Failing : public testing::TestWithParam<unsigned> {
protected:
    Failing() : face(test::Bytes(sample::format, sample::format + sizeof sample::format)) {
        test::Header h;
        h.slots = 3;
        h.explicit_handle = {0x32, 0, 0, 0};
        h.opt_flags2 = 0;  // the samples' descriptors are the old ones
        for (uint16_t i = 0; i < std::size(types); ++i)
            face.add(test::procedure(i, h, {{0x11b, 1, types[i]}, {0x70, 2, 8}}), &manager);
        face.desc().pfnAllocate = Heap::allocate;
        face.desc().pfnFree = Heap::release;
        fake::server = fake::Server();
        fake::server.face = face.face();
        fake::server.dispatch = server_call;
        rig.load((GetParam() == 0 ? structures() : GetParam() == 1 ? list() : tagged()).bytes);
        EXPECT_EQ(Status::ok, rig.unmarshal(data, type(), true));
        blocks = Heap::blocks;
    }
    ~Failing() override {
        EXPECT_EQ(Status::ok, ndr::free(rig.message, data, type()));
        Heap::release(data);
        EXPECT_EQ(0, Heap::blocks);
        EXPECT_EQ(0, fake::calls_alive);
    }
    const uint8_t* type() const { return sample::format + types[GetParam()]; }
    Status call() {
        Slot args[] = {reinterpret_cast<Slot>(&fake::binding), reinterpret_cast<Slot>(data), 0};
        uint64_t result = 0;
        return client_call(face.desc(), face.format(GetParam()), args, result);
    }
    test::Interface face;
    Rig rig;
    uint8_t* data = nullptr;
    long blocks = 0;
};

TEST_P(Failing, TheProgramsAllocations) {
    long nth = 1;
    for (long left = 0; left == 0; ++nth) {
        Heap::fail_nth = nth;
        Status s = call();
        left = std::exchange(Heap::fail_nth, 0);
        EXPECT_EQ(left ? Status::ok : Status::out_of_memory, s) << nth;
        EXPECT_EQ(blocks, Heap::blocks) << nth;
    }
    EXPECT_GT(nth, GetParam() == 1 ? 6 : 1);  // on a server most data stay in the request
}

TEST_P(Failing, OurOwnAllocations) {
    bool pending = false;
    for (long nth = 1; !pending; ++nth) {
        mem_fail_nth(nth);
        Status s = call();
        pending = mem_fail_nth_pending();
        mem_fail_nth(0);
        EXPECT_EQ(pending ? Status::ok : Status::out_of_memory, s) << nth;
        EXPECT_EQ(blocks, Heap::blocks) << nth;
    }
}

INSTANTIATE_TEST_SUITE_P(Call, Failing, testing::Range(0u, 3u));

}  // namespace
}  // namespace rpc::stub
