#pragma once
// Tests: an endpoint mapper of the test's own in this process, at the well-known endpoint. It reads requests and writes
// replies by the letter of C706 appendix O, with none of the client's code.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/message.h"
#include "runtime/server.h"
#include "wire/ept.h"
#include "wire/pdu.h"

namespace rpc::runtime::fake_mapper {

struct Element {
    Uuid object;
    std::string tower;
    std::string annotation;
};
inline std::vector<Element> elements;
inline uint32_t replaced = 0;      // the last insert's `replace`
inline uint32_t lookups_open = 0;  // handles given out and not back
inline size_t per_reply = 2;       // elements of one lookup
inline std::string raw_reply;      // when not empty: what every operation answers

inline std::string read_tower(Reader& in) {
    in.align(4);
    const uint32_t room = in.u32(), size = in.u32();
    EXPECT_EQ(room, size);
    const ByteView bytes = in.bytes(size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void write_tower(Writer& out, const std::string& tower) {
    out.align(4);
    out.u32(static_cast<uint32_t>(tower.size()));
    out.u32(static_cast<uint32_t>(tower.size()));
    out.bytes({reinterpret_cast<const uint8_t*>(tower.data()), tower.size()});
}

// Which layout of entries it takes; the other one is answered with nothing.
inline wire::ept::EntryLayout layout = wire::ept::EntryLayout::wine;

// False: they are in the other layout.
inline bool read_elements(Reader& in, std::vector<Element>& out) {
    const uint32_t count = in.u32();
    EXPECT_EQ(in.u32(), count);
    out.resize(in.ok() && count < 1000 ? count : 0);
    for (Element& e : out) {
        in.align(4);
        e.object = wire::read_uuid(in);
        if (layout == wire::ept::EntryLayout::dce && in.u32() == 0) return false;
        if (in.u32() != 0) return false;
        const ByteView text = in.bytes(in.u32());
        EXPECT_TRUE(!text.empty() && text.size() <= 64 && text.back() == 0);
        e.annotation.assign(reinterpret_cast<const char*>(text.data()), text.empty() ? 0 : text.size() - 1);
    }
    for (Element& e : out) e.tower = read_tower(in);
    return true;
}

inline void answer(RPC_MESSAGE* m, const Buffer& body) {
    ByteView view = body.view();
    if (!raw_reply.empty()) view = {reinterpret_cast<const uint8_t*>(raw_reply.data()), raw_reply.size()};
    m->BufferLength = static_cast<unsigned>(view.size());
    if (failed(get_buffer(*m))) return;  // an empty reply tells the test
    if (!view.empty()) std::memcpy(m->Buffer, view.data(), view.size());
}

inline Reader reader(RPC_MESSAGE* m) {
    return Reader({static_cast<const uint8_t*>(m->Buffer), m->BufferLength});
}
inline bool same(const Element& a, const Element& b) {
    return a.object == b.object && a.tower == b.tower;
}
constexpr uint32_t not_registered = 0x16C9A0D6;

inline void answer_status(RPC_MESSAGE* m, uint32_t status) {
    Buffer out;
    Writer(out).u32(status);
    answer(m, out);
}

inline void insert(RPC_MESSAGE* m) {
    Reader in = reader(m);
    std::vector<Element> read;
    if (!read_elements(in, read)) return;
    for (Element& e : read) elements.push_back(std::move(e));
    in.align(4);
    replaced = in.u32();
    EXPECT_TRUE(in.ok() && in.remaining() == 0);
    answer_status(m, 0);
}

inline void remove(RPC_MESSAGE* m) {
    Reader in = reader(m);
    uint32_t status = 0;
    std::vector<Element> read;
    if (!read_elements(in, read)) return;
    for (Element& gone : read) {
        auto at = std::find_if(elements.begin(), elements.end(), [&](const Element& e) { return same(e, gone); });
        if (at == elements.end())
            status = not_registered;
        else
            elements.erase(at);
    }
    EXPECT_TRUE(in.ok() && in.remaining() == 0);
    answer_status(m, status);
}

// Everything, `per_reply` at a time: the handle's first field counts what was said.
inline void lookup(RPC_MESSAGE* m) {
    Reader in = reader(m);
    in.skip(4);
    EXPECT_NE(in.u32(), 0u);
    in.skip(16);
    EXPECT_NE(in.u32(), 0u);
    in.skip(20 + 4 + 4);
    size_t from = in.u32();
    if (from == 0) ++lookups_open;
    in.skip(12);
    const size_t room = in.u32();
    EXPECT_TRUE(in.ok() && in.remaining() == 0);
    const size_t count = std::min({room, per_reply, elements.size() - from});
    const bool more = from + count < elements.size();
    if (!more) --lookups_open;
    Buffer out;
    Writer w(out);
    w.u32(0);
    w.u32(more ? static_cast<uint32_t>(from + count) : 0);
    w.zeros(12);
    for (size_t n : {count, room, size_t{0}, count}) w.u32(static_cast<uint32_t>(n));
    for (size_t i = 0; i < count; ++i) {
        const Element& e = elements[from + i];
        w.align(4);
        wire::write_uuid(w, e.object);
        w.u32(1);
        w.u32(0);
        w.u32(static_cast<uint32_t>(e.annotation.size() + 1));
        w.bytes({reinterpret_cast<const uint8_t*>(e.annotation.c_str()), e.annotation.size() + 1});
    }
    for (size_t i = 0; i < count; ++i) write_tower(w, elements[from + i].tower);
    w.align(4);
    w.u32(count == 0 ? not_registered : 0);
    answer(m, out);
}

// What has the interface (the first two floors) and the protocol, whatever its endpoint.
inline void map(RPC_MESSAGE* m) {
    Reader in = reader(m);
    EXPECT_NE(in.u32(), 0u);
    in.skip(16);
    EXPECT_NE(in.u32(), 0u);
    const std::string wanted = read_tower(in);
    in.align(4);
    in.skip(20);
    const uint32_t room = in.u32();
    EXPECT_TRUE(in.ok() && in.remaining() == 0);
    std::vector<std::string> found;
    for (const Element& e : elements)
        if (e.tower.substr(0, 52) == wanted.substr(0, 52) && found.size() < room) found.push_back(e.tower);
    Buffer out;
    Writer w(out);
    w.zeros(20);
    const auto count = static_cast<uint32_t>(found.size());
    for (uint32_t n : {count, room, 0u, count}) w.u32(n);
    for (uint32_t i = 0; i < count; ++i) w.u32(3 + i);
    for (const std::string& tower : found) write_tower(w, tower);
    w.align(4);
    w.u32(count == 0 ? not_registered : 0);
    answer(m, out);
}

inline void handle_free(RPC_MESSAGE* m) {
    EXPECT_EQ(m->BufferLength, 20u);
    --lookups_open;
    Buffer out;
    Writer w(out);
    w.zeros(24);
    answer(m, out);
}

inline void unused(RPC_MESSAGE*) {}

inline void mgmt_delete(RPC_MESSAGE* m) {
    Reader in = reader(m);
    const bool any = in.u32() == 0;
    in.skip(4);
    const Uuid object = wire::read_uuid(in);
    in.skip(4);
    const std::string tower = read_tower(in);
    EXPECT_TRUE(in.ok() && in.remaining() == 0);
    const size_t before = elements.size();
    std::erase_if(elements, [&](const Element& e) { return e.tower == tower && (any || e.object == object); });
    answer_status(m, elements.size() == before ? not_registered : 0);
}

// Once per process; forgets what is registered.
inline void start() {
    elements.clear();
    raw_reply.clear();
    static RPC_DISPATCH_FUNCTION functions[] = {insert, remove, lookup, map, handle_free, unused, mgmt_delete, nullptr};
    static RPC_DISPATCH_TABLE table = {7, functions, 0};
    static RPC_SERVER_INTERFACE spec{};
    if (spec.Length != 0) return;
    spec.Length = sizeof spec;
    spec.InterfaceId = {{0xE1AF8308, 0x5D1F, 0x11C9, {0x91, 0xA4, 0x08, 0x00, 0x2B, 0x14, 0xA0, 0xFA}}, {3, 0}};
    spec.TransferSyntax = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}}, {2, 0}};
    spec.DispatchTable = &table;
    ASSERT_EQ(Server::instance().register_interface({&spec, {}, nullptr, 1, 0, UINT32_MAX, nullptr}), Status::ok);
    ASSERT_EQ(Server::instance().use_endpoint("ncalrpc", "epmapper", 10, nullptr), Status::ok);
}

}  // namespace rpc::runtime::fake_mapper
