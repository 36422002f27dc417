// Null where a parameter says that there are elements, through both interpreters: a server refuses the request and a client the
// reply, where the stubs are for target level 6.0 ([MS-RPCE] 3.1.1.5.3.3.1.2), and only there.
#include <gtest/gtest.h>

#include "stub/fake_runtime.h"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"

namespace rpc::stub {
namespace {

using test::Bytes;
using test::Header;
using test::Interface;
using test::procedure;

constexpr uint32_t level_5 = 0x50002, level_6 = 0x60001;
constexpr uint8_t early = 1, dont_check = 8, dereference = 0x54;
constexpr uint16_t unique_array = 14, pointer_to_it = 18;  // types
enum Number : size_t { takes, gives, gives_late };

int32_t g_size;
int32_t take(void*, int32_t, const int16_t* a, int32_t) { return a ? a[0] : -1; }
void give(void*, int32_t* n, int16_t** a) {
    *n = g_size;
    *a = nullptr;
}
void give_late(void*, int16_t** a, int32_t* n) { give(nullptr, n, a); }

// 2: short[n], n in `slot`; 14: a unique pointer to that; 18: a pointer to such a pointer.
Bytes types(uint8_t operation, uint16_t slot, uint8_t flags) {
    Bytes t{0x5b, 0x5c, 0x1b, 0x01, 0x02, 0x00, 0x28, operation};
    test::put16(t, slot * sizeof(void*));
    t.insert(t.end(), {flags, 0, 0x06, 0x5b, 0x12, 0x00, 0xf2, 0xff, 0x11, 0x14, 0xfa, 0xff});
    return t;
}

class NullCount : public testing::Test {
protected:
    void SetUp() override {
        fake::server = fake::Server();
        Interface::allocations() = 0;
    }
    void TearDown() override {
        EXPECT_EQ(fake::calls_alive, 0);
        EXPECT_EQ(Interface::allocations(), 0);
    }
    template <class... Args>
    Status call(Bytes t, uint32_t version, Number number, Args... rest) {
        Interface face(std::move(t));
        face.desc().Version = version;
        Header h;
        h.slots = 5;
        h.explicit_handle = {0x32, 0, 0, 0};
        h.opt_flags = 0x46;
        h.opt_flags2 = robust_ ? 0x07 : 0;
        face.add(procedure(0, h, {{0x48, 1, 8}, {0x0b, 2, unique_array}, {0x48, 3, 8}, {0x70, 4, 8}}), &take);
        face.add(procedure(1, h, {{0x2150, 1, 8}, {0x2013, 2, pointer_to_it}}), &give);
        face.add(procedure(2, h, {{0x2013, 1, pointer_to_it}, {0x2150, 2, 8}}), &give_late);
        fake::server.face = face.face();
        fake::server.dispatch = server_call;
        Slot args[] = {reinterpret_cast<Slot>(&fake::binding), Slot(rest)..., 0, 0};
        return client_call(face.desc(), face.format(number), args, result_);
    }
    bool robust_ = true;
    uint64_t result_ = 0;
};

// The size before the pointer, or behind it.
TEST_F(NullCount, AServerRefusesTheRequest) {
    for (bool late : {false, true}) {
        const Bytes t = types(0, late ? 3 : 1, late ? 0 : early);
        int16_t a[] = {7, 8};
        for (uint32_t version : {level_5, level_6}) {
            EXPECT_EQ(call(t, version, takes, 0, nullptr, 0), Status::ok) << late;
            EXPECT_EQ(static_cast<int32_t>(result_), -1);
            EXPECT_EQ(call(t, version, takes, 2, a, 2), Status::ok) << late;
            EXPECT_EQ(result_, 7u);
        }
        EXPECT_EQ(call(t, level_5, takes, 2, nullptr, 2), Status::ok) << late;
        EXPECT_EQ(call(t, level_6, takes, 2, nullptr, 2), Status::bad_stub_data) << late;
        EXPECT_EQ(fake::last_request.size(), 12u);  // a client sends what it is given
        EXPECT_EQ(call(types(0, late ? 3 : 1, (late ? 0 : early) | dont_check), level_6, takes, 2, nullptr, 2), Status::ok) << late;
    }
}

TEST_F(NullCount, AClientRefusesTheReply) {
    for (bool late : {false, true}) {
        const Number number = late ? gives_late : gives;
        for (uint8_t flags : {uint8_t{0}, early}) {
            if (late && flags) continue;
            const Bytes t = types(dereference, late ? 2 : 1, flags);
            int32_t n = 0;
            int16_t* a = nullptr;
            const Slot first = late ? reinterpret_cast<Slot>(&a) : reinterpret_cast<Slot>(&n);
            const Slot second = late ? reinterpret_cast<Slot>(&n) : reinterpret_cast<Slot>(&a);
            g_size = 0;
            EXPECT_EQ(call(t, level_6, number, first, second), Status::ok) << late;
            g_size = 2;
            EXPECT_EQ(call(t, level_5, number, first, second), Status::ok) << late;
            EXPECT_EQ(n, 2);
            EXPECT_EQ(call(t, level_6, number, first, second), Status::bad_stub_data) << late << int(flags);
        }
    }
}

// Their descriptors cannot say that they are not to be checked.
TEST_F(NullCount, WithoutRobustDescriptorsNothingIsRefused) {
    robust_ = false;
    Bytes t{0x5b, 0x5c, 0x1b, 0x01, 0x02, 0x00, 0x28, 0x00, sizeof(void*), 0x00, 0x06, 0x5b, 0x5c, 0x5c, 0x12, 0x00, 0xf2, 0xff};
    EXPECT_EQ(call(t, level_6, takes, 2, nullptr, 2), Status::ok);
}

}  // namespace
}  // namespace rpc::stub
