#include "security/access.h"

#include <gtest/gtest.h>

#include <vector>

using namespace rpc;
using security::AccessList;
using Bytes = std::vector<uint8_t>;

namespace {

const Bytes everybody{1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
const Bytes anonymous{1, 1, 0, 0, 0, 0, 0, 5, 7, 0, 0, 0};
const Bytes administrators{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};
constexpr uint32_t all = 0x10000000;

struct Ace {
    uint8_t type;  // 0 allows, 1 denies
    uint32_t mask;
    Bytes sid;
    uint8_t flags = 0;
};

Bytes acl(const std::vector<Ace>& aces) {
    Bytes out{2, 0, 0, 0, static_cast<uint8_t>(aces.size()), 0, 0, 0};
    for (const Ace& a : aces) {
        out.insert(out.end(), {a.type, a.flags, static_cast<uint8_t>(8 + a.sid.size()), 0});
        for (int i = 0; i < 4; ++i) out.push_back(static_cast<uint8_t>(a.mask >> 8 * i));
        out.insert(out.end(), a.sid.begin(), a.sid.end());
    }
    out[2] = static_cast<uint8_t>(out.size());
    return out;
}

// Self-relative, with no owner and no group.
Bytes relative(const Bytes& list) {
    Bytes out(20);
    out[0] = 1;
    out[2] = 4;
    out[3] = 0x80;
    out[16] = 20;
    out.insert(out.end(), list.begin(), list.end());
    return out;
}

Status make(const Bytes& list, Ref<AccessList>& out) {
    const Bytes descriptor = relative(list);  // gone when this returns: the list is a copy
    return AccessList::create(descriptor.data(), out);
}

struct Verdicts {
    Status known, unknown;
    bool operator==(const Verdicts&) const = default;
};
Verdicts ask(const std::vector<Ace>& aces) {
    Ref<AccessList> list;
    EXPECT_EQ(make(acl(aces), list), Status::ok);
    return list ? Verdicts{list->admits_thread(), list->admits_anonymous()} : Verdicts{Status::internal_error, Status::internal_error};
}
constexpr Status yes = Status::ok, no = Status::access_denied;

TEST(AccessList, TheFirstEntryForTheClientDecides) {
    EXPECT_EQ(ask({}), (Verdicts{no, no}));  // an empty list admits nobody
    EXPECT_EQ(ask({{0, all, everybody}}), (Verdicts{yes, no}));
    EXPECT_EQ(ask({{0, all, anonymous}}), (Verdicts{no, yes}));
    EXPECT_EQ(ask({{0, all, administrators}}), (Verdicts{no, no}));
    EXPECT_EQ(ask({{1, all, everybody}, {0, all, everybody}, {0, all, anonymous}}), (Verdicts{no, yes}));
    EXPECT_EQ(ask({{0, all, everybody}, {1, all, everybody}}), (Verdicts{yes, no}));
}

TEST(AccessList, EveryGenericRightIsTheRightToConnect) {
    for (uint32_t mask : {0x80000000u, 0x40000000u, 0x20000000u, 0x10000000u, 1u, 0x1F01FFu})
        EXPECT_EQ(ask({{0, mask, everybody}}), (Verdicts{yes, no})) << mask;
    for (uint32_t mask : {0u, 2u, 0x20000u}) EXPECT_EQ(ask({{0, mask, everybody}}), (Verdicts{no, no})) << mask;
}

TEST(AccessList, EntriesThatSayNothingHereArePassedOver) {
    EXPECT_EQ(ask({{0, all, everybody, 8}}), (Verdicts{no, no}));  // for heirs only
    EXPECT_EQ(ask({{0x11, all, everybody}, {0, all, everybody}}), (Verdicts{yes, no}));
}

TEST(AccessList, NoListAdmitsEverybody) {
    Bytes none = relative({});
    none[2] = 0;
    Ref<AccessList> list;
    ASSERT_EQ(AccessList::create(none.data(), list), Status::ok);
    EXPECT_EQ(list->admits_thread(), Status::ok);
    EXPECT_EQ(list->admits_anonymous(), Status::ok);
    none[2] = 4;
    none[16] = 0;  // present and NULL
    ASSERT_EQ(AccessList::create(none.data(), list), Status::ok);
    EXPECT_EQ(list->admits_anonymous(), Status::ok);
}

TEST(AccessList, AbsoluteOnesAreCopied) {
    Bytes entries = acl({{0, all, anonymous}});
    Bytes owner = administrators;
    struct {
        uint8_t revision = 1, zero = 0;
        uint16_t control = 4;
        const void *owner, *group = nullptr, *sacl = nullptr, *dacl;
    } descriptor;
    descriptor.owner = owner.data();
    descriptor.dacl = entries.data();
    Ref<AccessList> list;
    ASSERT_EQ(AccessList::create(&descriptor, list), Status::ok);
    std::fill(entries.begin(), entries.end(), uint8_t{0xEE});
    EXPECT_EQ(list->admits_anonymous(), Status::ok);
}

TEST(AccessList, MalformedOnesAreRefused) {
    Ref<AccessList> list;
    Bytes d = relative(acl({{0, all, everybody}}));
    EXPECT_EQ(AccessList::create(nullptr, list), Status::invalid_arg);
    for (auto [at, value] : {std::pair<size_t, int>{0, 2},   // revision
                             {20 + 2, 7},                    // a list smaller than its header
                             {20 + 4, 2},                    // one entry too many
                             {20 + 8 + 2, 3},                // an entry smaller than its header
                             {20 + 8 + 2, 60},               // an entry that passes the end
                             {20 + 8 + 2, 12},               // and one whose SID does
                             {20 + 8 + 4 + 4 + 1, 16}}) {    // a SID with too many parts
        Bytes bad = d;
        bad[at] = static_cast<uint8_t>(value);
        EXPECT_EQ(AccessList::create(bad.data(), list), Status::invalid_arg) << at << " " << value;
    }
    Bytes owned = d;
    owned[4] = static_cast<uint8_t>(owned.size());
    owned.insert(owned.end(), {3, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0});  // no such revision
    EXPECT_EQ(AccessList::create(owned.data(), list), Status::invalid_arg);
    EXPECT_EQ(list, nullptr);
}

}  // namespace
