// Pipes: what is on the wire, in which order, and what a manager or a program may not do with them.
#include "stub/pipe.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "stub/fake_runtime.h"
#include "stub/pipe_stream.h"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"

namespace rpc::stub {
namespace {

using test::Bytes;
using test::Header;
using test::Interface;
using test::procedure;

// 2: long; 4: a pipe of it; 12: a structure of a short and a byte, 24: a pipe of it; 32: char, 34: a pipe of it.
const Bytes types = {
    0x5b, 0x5c,
    0x08, 0x5c,
    0xb5, 0x03, 0xfc, 0xff, 0x04, 0x00, 0x04, 0x00,
    0x15, 0x01, 0x04, 0x00, 0x06, 0x02, 0x3d, 0x5b, 0x5c, 0x5c, 0x5c, 0x5c,
    0xb5, 0x01, 0xf2, 0xff, 0x04, 0x00, 0x04, 0x00,
    0x02, 0x5c,
    0xb5, 0x00, 0xfc, 0xff, 0x01, 0x00, 0x01, 0x00,
};
constexpr uint16_t in_pipe = 0x10c, out_pipe = 0x114, in_out_pipe = 0x11c;

// Where abi raises, a host test remembers.
Status last_error = Status::ok;
void pull_entry(char* state, void* buffer, uint32_t size, uint32_t* count) {
    Status s = pipe_pull(state, buffer, size, *count);
    if (failed(s)) last_error = s;
}
void push_entry(char* state, void* buffer, uint32_t count) {
    Status s = pipe_push(state, buffer, count);
    if (failed(s)) last_error = s;
}
const PipeRoutines routines = {pull_entry, push_entry};

// --- managers -------------------------------------------------------------------------------------------------------

uint32_t portion = 3;  // what a manager asks for at once

int32_t sum(void*, int32_t start, PipeControl* pipe) {
    int32_t data[64];
    uint32_t count = 0;
    for (;;) {
        pipe->pull(pipe->state, data, portion, &count);
        if (failed(last_error) || count == 0) return start;
        for (uint32_t i = 0; i < count; ++i) start += data[i];
    }
}

int32_t count_up(void*, int32_t n, PipeControl* pipe, int32_t* last) {
    for (int32_t i = 0; i < n; ++i) pipe->push(pipe->state, &i, 1);
    pipe->push(pipe->state, nullptr, 0);
    *last = n;
    return n + 1;
}

int32_t echo(void*, PipeControl* pipe) {
    char data[256];
    uint32_t got = 0, all = 0;
    do {
        pipe->pull(pipe->state, data + all, sizeof data - all, &got);
        all += got;
    } while (got != 0 && !failed(last_error));
    pipe->push(pipe->state, data, all);
    pipe->push(pipe->state, data, 0);
    return static_cast<int32_t>(all);
}

enum class Misuse { none, push_first, pull_after_end, push_after_end, second_first, not_drained, not_ended, no_object, no_size };
Misuse misuse = Misuse::none;
int32_t two(void*, PipeControl* a, PipeControl* b, PipeControl* out) {
    int32_t data[16];
    uint32_t n = 0;
    auto drain = [&](PipeControl* p) {
        do p->pull(p->state, data, 16, &n);
        while (n != 0 && !failed(last_error));
    };
    if (misuse == Misuse::push_first) out->push(out->state, data, 1);
    if (misuse == Misuse::second_first) b->pull(b->state, data, 1, &n);
    if (misuse == Misuse::no_object) a->pull(reinterpret_cast<char*>(data), data, 1, &n);
    if (misuse == Misuse::no_size) a->pull(a->state, data, 0, &n);
    drain(a);
    if (misuse == Misuse::pull_after_end) drain(a);
    if (misuse != Misuse::not_drained) drain(b);
    if (misuse != Misuse::not_ended) out->push(out->state, data, 0);
    if (misuse == Misuse::push_after_end) out->push(out->state, data, 1);
    return 0;
}

// --- a program's pipe -----------------------------------------------------------------------------------------------

struct Program {
    PipeControl control{pull, push, alloc, reinterpret_cast<char*>(this)};
    std::vector<int32_t> source, target;
    size_t at = 0;
    uint32_t at_once = 2;
    bool ended = false, no_memory = false, too_many = false;
    int32_t room[4096];

    static Program& of(char* state) { return *reinterpret_cast<Program*>(state); }
    static void alloc(char* state, uint32_t bytes, void** buffer, uint32_t* given) {
        Program& p = of(state);
        *given = bytes < p.at_once * 4 ? bytes : p.at_once * 4;
        *buffer = p.no_memory ? nullptr : p.room;
    }
    static void pull(char* state, void* buffer, uint32_t size, uint32_t* count) {
        Program& p = of(state);
        uint32_t n = 0;
        for (; n < size && p.at < p.source.size(); ++n) static_cast<int32_t*>(buffer)[n] = p.source[p.at++];
        *count = p.too_many ? size + 1 : n;
    }
    static void push(char* state, void* buffer, uint32_t count) {
        Program& p = of(state);
        EXPECT_FALSE(p.ended);
        auto* data = static_cast<int32_t*>(buffer);
        p.target.insert(p.target.end(), data, data + count);
        p.ended = count == 0;
    }
};

struct Text {
    PipeControl control{pull, push, alloc, reinterpret_cast<char*>(this)};
    std::string source, target;
    char room[64];
    static Text& of(char* state) { return *reinterpret_cast<Text*>(state); }
    static void alloc(char* state, uint32_t bytes, void** buffer, uint32_t* given) {
        *given = bytes < 5 ? bytes : 5;
        *buffer = of(state).room;
    }
    static void pull(char* state, void* buffer, uint32_t size, uint32_t* count) {
        std::string& s = of(state).source;
        *count = static_cast<uint32_t>(s.copy(static_cast<char*>(buffer), size));
        s.erase(0, *count);
    }
    static void push(char* state, void* buffer, uint32_t count) { of(state).target.append(static_cast<char*>(buffer), count); }
};

Header header(uint16_t slots) {
    Header h;
    h.slots = slots;
    h.explicit_handle = {0x32, 0, 0, 0};
    h.opt_flags = 0x4c;
    return h;
}

class Pipes : public testing::Test {
protected:
    Pipes() : face(types) {
        face.add(procedure(0, header(4), {{0x48, 1, 8}, {in_pipe, 2, 4}, {0x70, 3, 8}}), &sum);
        face.add(procedure(1, header(5), {{0x48, 1, 8}, {out_pipe, 2, 4}, {0x2150, 3, 8}, {0x70, 4, 8}}), &count_up);
        face.add(procedure(2, header(3), {{in_out_pipe, 1, 34}, {0x70, 2, 8}}), &echo);
        face.add(procedure(3, header(5), {{in_pipe, 1, 4}, {in_pipe, 2, 4}, {out_pipe, 3, 4}, {0x70, 4, 8}}), &two);
        fake::server = fake::Server();
        fake::server.face = face.face();
        fake::server.dispatch = server_call;
        set_pipe_routines(&routines);
        last_error = Status::ok;
        misuse = Misuse::none;
        portion = 3;
    }
    ~Pipes() override {
        EXPECT_EQ(fake::calls_alive, 0);
        set_pipe_routines(nullptr);
    }
    Status call(size_t number, std::initializer_list<Slot> arguments) {
        std::vector<Slot> args{reinterpret_cast<Slot>(&fake::binding)};
        args.insert(args.end(), arguments);
        args.resize(8);
        return client_call(face.desc(), face.format(number), args.data(), result);
    }
    Slot slot(void* p) { return reinterpret_cast<Slot>(p); }
    Status call_two() { return call(3, {slot(&a.control), slot(&b.control), slot(&c.control)}); }

    Interface face;
    Program a, b, c;
    uint64_t result = 0;
};

// A count and its elements, again and again, and no elements at the end; after the other parameters.
TEST_F(Pipes, In) {
    a.source = {1, 2, 3};
    ASSERT_EQ(call(0, {100, slot(&a.control)}), Status::ok);
    EXPECT_EQ(result, 106u);
    EXPECT_EQ(fake::last_request, (Bytes{100, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_F(Pipes, InWithEveryPortion) {
    for (uint32_t at_once = 1; at_once < 5; ++at_once)
        for (portion = 1; portion < 7; ++portion) {
            a = Program();
            a.control.state = reinterpret_cast<char*>(&a);
            a.at_once = at_once;
            a.source = {1, 2, 3, 4, 5, 6, 7};
            ASSERT_EQ(call(0, {0, slot(&a.control)}), Status::ok);
            EXPECT_EQ(result, 28u);
        }
}

TEST_F(Pipes, Empty) {
    ASSERT_EQ(call(0, {7, slot(&a.control)}), Status::ok);
    EXPECT_EQ(result, 7u);
    EXPECT_EQ(fake::last_request, (Bytes{7, 0, 0, 0, 0, 0, 0, 0}));
}

// Before the other parameters.
TEST_F(Pipes, Out) {
    int32_t last = 0;
    ASSERT_EQ(call(1, {3, slot(&a.control), slot(&last)}), Status::ok);
    EXPECT_EQ(a.target, (std::vector<int32_t>{0, 1, 2}));
    EXPECT_TRUE(a.ended);
    EXPECT_EQ(last, 3);
    EXPECT_EQ(result, 4u);
    EXPECT_EQ(fake::last_reply, (Bytes{1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
                                       3, 0, 0, 0, 4, 0, 0, 0}));
}

TEST_F(Pipes, InOutOfCharacters) {
    Text text;
    text.source = "some characters";
    ASSERT_EQ(call(2, {slot(&text.control)}), Status::ok);
    EXPECT_EQ(text.target, "some characters");
    EXPECT_EQ(result, 15u);
    // Counts are aligned, whatever the elements leave.
    EXPECT_EQ(fake::last_request.size(), 4u + 5 + 3 + 4 + 5 + 3 + 4 + 5 + 3 + 4);
}

TEST_F(Pipes, Structures) {
    struct Element {
        int16_t a;
        char b;
    } elements[3] = {{1, 'a'}, {2, 'b'}, {3, 'c'}}, back[3] = {};
    Parameter p;
    p.type = types.data() + 24;
    PipeType type;
    ASSERT_EQ(parse_pipe(p, type), Status::ok);
    MIDL_STUB_MESSAGE m{};
    Buffer out;
    ASSERT_EQ(append_chunk(m, type, elements, 3, out), Status::ok);
    ASSERT_EQ(append_chunk(m, type, nullptr, 0, out), Status::ok);
    EXPECT_EQ(out.size(), 4u + 12 + 4);
    PipeCursor cursor;
    uint32_t count = 0;
    PipeReader reader;
    ASSERT_EQ(reader.begin(m, NDR_LOCAL_DATA_REPRESENTATION, out.view(), 0, true), Status::ok);
    ASSERT_EQ(reader.read(type, cursor, back, 3, count), Status::ok);
    EXPECT_EQ(count, 3u);
    EXPECT_EQ(back[2].b, 'c');
}

TEST_F(Pipes, Long) {
    for (int32_t i = 0; i < 60000; ++i) a.source.push_back(i);
    a.at_once = 4000;
    portion = 64;
    ASSERT_EQ(call(0, {0, slot(&a.control)}), Status::ok);
    EXPECT_EQ(static_cast<int32_t>(result), 1799970000);
}

// Wherever the first fragment ends, and whatever the manager asks for at once.
TEST_F(Pipes, InPieces) {
    for (unsigned first = 0; first < 64; first += 8)
        for (portion = 1; portion < 5; ++portion) {
            a = Program();
            a.control.state = reinterpret_cast<char*>(&a);
            a.source = {1, 2, 3, 4, 5, 6, 7};
            fake::server.first_fragment = first;
            ASSERT_EQ(call(0, {1, slot(&a.control)}), Status::ok) << first;
            EXPECT_EQ(result, 29u);
        }
}

// What the server has to say is told in the middle of what the program has.
TEST_F(Pipes, TheCallFails) {
    a.source = {1, 2, 3};
    fake::next_failure = Status::server_too_busy;
    EXPECT_EQ(call(0, {0, slot(&a.control)}), Status::server_too_busy);
    int32_t last = 0;
    fake::next_failure = Status::server_too_busy;
    EXPECT_EQ(call(1, {3, slot(&a.control), slot(&last)}), Status::server_too_busy);
    EXPECT_FALSE(a.ended);
}

TEST_F(Pipes, FromABigEndianClient) {
    Bytes request{0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0};
    fake::server.replace_request = &request;
    fake::server.drep = 0;
    ASSERT_EQ(call(0, {0, slot(&a.control)}), Status::ok);
    EXPECT_EQ(result, 15u);
}

TEST_F(Pipes, BrokenOffAnywhere) {
    a.source = {1, 2, 3};
    ASSERT_EQ(call(0, {100, slot(&a.control)}), Status::ok);
    Bytes whole = fake::last_request;
    for (size_t n = 4; n < whole.size(); ++n) {
        Bytes part(whole.begin(), whole.begin() + static_cast<long>(n));
        fake::server.replace_request = &part;
        last_error = Status::ok;
        EXPECT_NE(call(0, {100, slot(&a.control)}), Status::ok) << n;
        EXPECT_EQ(last_error, Status::bad_stub_data) << n;
    }
    Bytes endless{0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0};
    fake::server.replace_request = &endless;
    EXPECT_NE(call(0, {100, slot(&a.control)}), Status::ok);
}

TEST_F(Pipes, RepliesBrokenOff) {
    int32_t last = 0;
    ASSERT_EQ(call(1, {3, slot(&a.control), slot(&last)}), Status::ok);
    Bytes whole = fake::last_reply;
    for (size_t n = 1; n < whole.size(); ++n) {
        Bytes part(whole.begin(), whole.begin() + static_cast<long>(n));
        fake::server.replace_reply = &part;
        a.ended = false;
        EXPECT_EQ(call(1, {3, slot(&a.control), slot(&last)}), Status::bad_stub_data) << n;
    }
}

TEST_F(Pipes, WhatAManagerMayNotDo) {
    struct {
        Misuse what;
        Status error, call;
    } const cases[] = {
        {Misuse::none, Status::ok, Status::ok},
        {Misuse::push_first, Status::wrong_pipe_order, Status::ok},
        {Misuse::second_first, Status::wrong_pipe_order, Status::ok},
        {Misuse::pull_after_end, Status::pipe_empty, Status::ok},
        {Misuse::push_after_end, Status::pipe_closed, Status::ok},
        {Misuse::no_object, Status::invalid_pipe_object, Status::ok},
        {Misuse::no_size, Status::pipe_discipline_error, Status::ok},
        {Misuse::not_ended, Status::ok, Status::pipe_discipline_error},
    };
    for (auto& t : cases) {
        a.source = b.source = {1, 2};
        a.at = b.at = 0;
        c.ended = false;
        last_error = Status::ok;
        misuse = t.what;
        Status s = call_two();
        EXPECT_EQ(last_error, t.error) << static_cast<int>(t.what);
        if (!failed(t.error)) EXPECT_EQ(s, t.call) << static_cast<int>(t.what);
    }
    misuse = Misuse::not_drained;
    a.source = b.source = {1, 2};
    a.at = b.at = 0;
    EXPECT_EQ(call_two(), Status::pipe_discipline_error);
}

TEST_F(Pipes, WhatAProgramMayNotDo) {
    a.source = {1};
    a.too_many = true;
    EXPECT_EQ(call(0, {0, slot(&a.control)}), Status::pipe_discipline_error);
    a.no_memory = true;
    EXPECT_EQ(call(0, {0, slot(&a.control)}), Status::out_of_memory);
    a.control.pull = nullptr;
    EXPECT_EQ(call(0, {0, slot(&a.control)}), Status::invalid_pipe_object);
    EXPECT_EQ(call(0, {0, 0}), Status::null_ref_pointer);
}

TEST_F(Pipes, NotBuilt) {
    set_pipe_routines(nullptr);
    EXPECT_EQ(call(0, {0, slot(&a.control)}), Status::cannot_support);
    Parameter p;
    const uint8_t flagged[] = {0xb5, 0x83, 0xfc, 0xff, 4, 0, 4, 0};
    p.type = flagged;
    PipeType type;
    EXPECT_EQ(parse_pipe(p, type), Status::cannot_support);
}

}  // namespace
}  // namespace rpc::stub
