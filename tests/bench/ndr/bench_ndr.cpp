// bench_ndr drive rpc|raw    takes commands, one a line, and answers each with a line
// bench_ndr smoke rpc|raw [builtin]    every operation twice, and whether the data come back
//
// Commands:  run OP COUNT 1    does OP COUNT times: "took MICROSECONDS"
//            quit
// A command that fails answers "failed STATUS". OP is DATA.out (sized, then marshalled into a buffer), DATA.in (unmarshalled
// to new memory, as a client does) or DATA.free. raw copies as many bytes as DATA takes on the wire.
//
// The routines are called as -Os stubs call them. Memory comes from a bump allocator, so that the engine is what is measured.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats.h"
#include "support/guard.h"

namespace bench {

namespace {

using Byte = unsigned char;

struct Record {
    LONG id;
    wchar_t* name;
    char* text;
    LONGLONG h;
};
struct Records {
    LONG n;
    alignas(8) Record r[1];
};
struct Tree {
    LONG v;
    Tree *left, *right;
};
struct Node {
    LONG v;
    Node* next;
};
struct Flat {
    LONG a;
    SHORT b;
    CHAR c;
    LONGLONG h;
};

// Memory that is only ever given back as a whole.
class Arena {
public:
    explicit Arena(size_t size)
        : start_(static_cast<Byte*>(VirtualAlloc(nullptr, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE))), at_(start_),
          end_(start_ + size) {}
    void* take(size_t size) {
        size = (size + 15) & ~size_t{15};
        if (size > static_cast<size_t>(end_ - at_)) return nullptr;
        void* block = at_;
        at_ += size;
        return block;
    }
    void reset() { at_ = start_; }

private:
    Byte *start_, *at_, *end_;
};

Arena* sources() {
    static Arena arena(size_t{96} << 20);
    return &arena;
}
Arena* results() {
    static Arena arena(size_t{96} << 20);
    return &arena;
}
void* __RPC_USER allocate(size_t size) { return results()->take(size); }
void __RPC_USER release(void*) {}

template <class T>
T* source(size_t count = 1) {
    return static_cast<T*>(memset(sources()->take(count * sizeof(T)), 0, count * sizeof(T)));
}

Byte* make_records() {
    constexpr LONG count = 1000;
    auto* all = reinterpret_cast<Records*>(source<Byte>(sizeof(Records) + count * sizeof(Record)));
    all->n = count;
    for (LONG i = 0; i < count; ++i) {
        char text[32];
        snprintf(text, sizeof text, "the text of record %ld", i);
        Record& r = all->r[i];
        r.id = i;
        r.h = i * 0x100000001LL;
        r.text = strcpy(source<char>(sizeof text), text);
        r.name = source<wchar_t>(16);
        for (int k = 0; k < 11; ++k) r.name[k] = static_cast<wchar_t>(L'a' + (i + k) % 26);
    }
    return reinterpret_cast<Byte*>(all);
}
Tree* make_tree(int depth) {
    if (depth == 0) return nullptr;
    auto* t = source<Tree>();
    t->v = depth;
    t->left = make_tree(depth - 1);
    t->right = make_tree(depth - 1);
    return t;
}
Byte* make_list(LONG count) {
    auto* all = source<Node>(count);
    for (LONG i = 0; i < count; ++i) all[i] = {i, i + 1 < count ? &all[i + 1] : nullptr};
    return reinterpret_cast<Byte*>(all);
}
constexpr LONG longs_count = 1 << 18, flats_count = 1 << 16;  // 1 MiB
Byte* make_longs() {
    auto* all = source<LONG>(longs_count);
    for (LONG i = 0; i < longs_count; ++i) all[i] = i;
    return reinterpret_cast<Byte*>(all);
}
Byte* make_flats() {
    auto* all = source<Flat>(flats_count);
    for (LONG i = 0; i < flats_count; ++i) {
        all[i].a = i;
        all[i].b = static_cast<SHORT>(i);
        all[i].h = -i;
    }
    return reinterpret_cast<Byte*>(all);
}

bool same_records(const Byte* a, const Byte* b) {
    auto *x = reinterpret_cast<const Records*>(a), *y = reinterpret_cast<const Records*>(b);
    bool same = x->n == y->n;
    for (LONG i = 0; same && i < x->n; ++i) {
        const Record &p = x->r[i], &q = y->r[i];
        same = p.id == q.id && p.h == q.h && !wcscmp(p.name, q.name) && !strcmp(p.text, q.text);
    }
    return same;
}
bool same_tree(const Tree* a, const Tree* b) {
    if (!a || !b) return a == b;
    return a->v == b->v && same_tree(a->left, b->left) && same_tree(a->right, b->right);
}
bool same_list(const Byte* a, const Byte* b) {
    auto *x = reinterpret_cast<const Node*>(a), *y = reinterpret_cast<const Node*>(b);
    for (; x && y; x = x->next, y = y->next)
        if (x->v != y->v) return false;
    return x == y;
}

struct Kind {
    void(RPC_ENTRY* size)(PMIDL_STUB_MESSAGE, Byte*, PFORMAT_STRING);
    Byte*(RPC_ENTRY* marshal)(PMIDL_STUB_MESSAGE, Byte*, PFORMAT_STRING);
    Byte*(RPC_ENTRY* unmarshal)(PMIDL_STUB_MESSAGE, Byte**, PFORMAT_STRING, Byte);
    void(RPC_ENTRY* free)(PMIDL_STUB_MESSAGE, Byte*, PFORMAT_STRING);
};
constexpr Kind pointer_kind{NdrPointerBufferSize, NdrPointerMarshall, NdrPointerUnmarshall, NdrPointerFree};
constexpr Kind array_kind{NdrConformantArrayBufferSize, NdrConformantArrayMarshall, NdrConformantArrayUnmarshall, nullptr};

struct Data {
    const char* name;
    Kind kind;
    unsigned format;
    LONG count;  // what the stub says of a size that is a parameter
    Byte* (*make)();
    bool (*same)(const Byte* a, const Byte* b);
};
const Data all_data[] = {
    {"records", pointer_kind, formats::records_p, 0, make_records, same_records},
    {"tree", pointer_kind, formats::tree_p, 0, [] { return reinterpret_cast<Byte*>(make_tree(13)); },
     [](const Byte* a, const Byte* b) { return same_tree(reinterpret_cast<const Tree*>(a), reinterpret_cast<const Tree*>(b)); }},
    {"list", pointer_kind, formats::node_p, 0, [] { return make_list(10000); }, same_list},
    {"longs", array_kind, formats::longs, longs_count, make_longs,
     [](const Byte* a, const Byte* b) { return !memcmp(a, b, longs_count * sizeof(LONG)); }},
    {"flats", array_kind, formats::flats, flats_count, make_flats,
     [](const Byte* a, const Byte* b) { return !memcmp(a, b, flats_count * sizeof(Flat)); }},
    {"million", pointer_kind, formats::node_p, 0, [] { return make_list(1000000); }, same_list},
};

class Subject {
public:
    Subject(const Data& data, bool raw) : data_(data), raw_(raw), source_(data.make()) {
        desc_.pfnAllocate = allocate;
        desc_.pfnFree = release;
        desc_.pFormatTypes = formats::bytes;
        desc_.Version = 0x50002;
        desc_.MIDLVersion = 0x700022b;
        desc_.fCheckBounds = 1;
        format_ = formats::bytes + data.format;
        start();
        size();
        bytes_ = message_.BufferLength;
        buffer_ = static_cast<Byte*>(sources()->take(bytes_));
        if (raw) copy_ = source<Byte>(bytes_);
        attach();
        data.kind.marshal(&message_, source_, format_);
    }
    // Size and marshal.
    void out() {
        if (raw_) return static_cast<void>(memcpy(buffer_, copy_, bytes_));
        start();
        size();
        attach();
        data_.kind.marshal(&message_, source_, format_);
    }
    void in() {
        if (raw_) return static_cast<void>(memcpy(copy_, buffer_, bytes_));
        results()->reset();
        start();
        attach();
        result_ = nullptr;
        data_.kind.unmarshal(&message_, &result_, format_, data_.kind.free == nullptr);
    }
    void free() {
        if (raw_ || !data_.kind.free) return;
        start();
        data_.kind.free(&message_, result_, format_);
    }
    bool same() {
        in();
        return raw_ || data_.same(source_, result_);
    }

private:
    void start() {
        NdrClientInitializeNew(&rpc_, &message_, &desc_, 0);
        rpc_.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
        message_.MaxCount = data_.count;
        message_.BufferLength = 0;
    }
    void size() { data_.kind.size(&message_, source_, format_); }
    void attach() {
        rpc_.Buffer = message_.Buffer = message_.BufferStart = buffer_;
        message_.BufferEnd = buffer_ + bytes_;
        rpc_.BufferLength = message_.BufferLength = bytes_;
    }

    const Data& data_;
    bool raw_;
    Byte *source_, *buffer_ = nullptr, *copy_ = nullptr, *result_ = nullptr;
    unsigned bytes_ = 0;
    PFORMAT_STRING format_;
    MIDL_STUB_DESC desc_ = {};
    RPC_MESSAGE rpc_ = {};
    MIDL_STUB_MESSAGE message_ = {};
};

struct Operation {
    const char* name;
    void (Subject::*run)();
};
constexpr Operation operations[] = {{"out", &Subject::out}, {"in", &Subject::in}, {"free", &Subject::free}};

class Driver {
public:
    explicit Driver(bool raw) : raw_(raw) {}

    // The subject of DATA.OP, or null.
    Subject* find(const char* what, const Operation** operation) {
        for (size_t i = 0; i < std::size(all_data); ++i) {
            const size_t length = strlen(all_data[i].name);
            if (strncmp(what, all_data[i].name, length) || what[length] != '.') continue;
            for (const Operation& o : operations)
                if (!strcmp(what + length + 1, o.name)) *operation = &o;
            if (!subjects_[i]) {
                subjects_[i] = std::make_unique<Subject>(all_data[i], raw_);
                subjects_[i]->in();
            }
            return *operation ? subjects_[i].get() : nullptr;
        }
        return nullptr;
    }

private:
    bool raw_;
    std::unique_ptr<Subject> subjects_[std::size(all_data)];
};

// 0 or why not; `took` is microseconds.
unsigned run(Driver& driver, const char* what, long count, double* took) {
    const Outcome outcome = guarded([&]() -> unsigned {
        const Operation* operation = nullptr;
        Subject* subject = driver.find(what, &operation);
        if (!subject) return ERROR_INVALID_FUNCTION;
        LARGE_INTEGER frequency, start, end;
        QueryPerformanceFrequency(&frequency);
        QueryPerformanceCounter(&start);
        for (long i = 0; i < count; ++i) (subject->*operation->run)();
        QueryPerformanceCounter(&end);
        *took = (end.QuadPart - start.QuadPart) * 1e6 / frequency.QuadPart;
        return 0;
    });
    return outcome.status();
}

int drive(bool raw) {
    Driver driver(raw);
    char line[128], what[32];
    long count;
    while (fgets(line, sizeof line, stdin) && strncmp(line, "quit", 4)) {
        double took = 0;
        unsigned failure = ERROR_INVALID_FUNCTION;
        if (sscanf(line, "run %31s %ld", what, &count) == 2) failure = run(driver, what, count, &took);
        if (failure) printf("failed %u\n", failure);
        else printf("took %.1f\n", took);
        fflush(stdout);
    }
    return 0;
}

int smoke(bool raw, bool ours) {
    Driver driver(raw);
    int failures = 0;
    for (const Data& data : all_data) {
        // Wine's own goes down a list by recursion and has no stack for so many, however large.
        if (!ours && !raw && !strcmp(data.name, "million")) continue;
        for (const Operation& o : operations) {
            double took = 0;
            const std::string what = std::string(data.name) + "." + o.name;
            const unsigned status = run(driver, what.c_str(), 2, &took);
            printf("%s %s: status %u\n", status ? "FAILED" : "ok    ", what.c_str(), status);
            failures += status != 0;
        }
        const Operation* operation = nullptr;
        Subject* subject = driver.find((std::string(data.name) + ".in").c_str(), &operation);
        const Outcome same = guarded([&] { return subject && subject->same(); });
        printf("%s %s comes back as it was\n", same == 1 ? "ok    " : "FAILED", data.name);
        failures += !(same == 1);
    }
    printf("%d failures\n", failures);
    return failures ? 1 : 0;
}

}  // namespace

}  // namespace bench

static int argument_count, result = 2;
static char** arguments;

static DWORD WINAPI run(void*) {
    const bool raw = argument_count > 2 && !strcmp(arguments[2], "raw");
    if (argument_count > 2 && !strcmp(arguments[1], "drive")) result = bench::drive(raw);
    else if (argument_count > 2 && !strcmp(arguments[1], "smoke")) result = bench::smoke(raw, argument_count == 3);
    else fprintf(stderr, "usage: bench_ndr drive|smoke rpc|raw [builtin]\n");
    return 0;
}

int main(int argc, char** argv) {
    argument_count = argc;
    arguments = argv;
    // Wine's own goes down a list by recursion.
    HANDLE thread = CreateThread(nullptr, 64 << 20, run, nullptr, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
    if (!thread) return 2;
    WaitForSingleObject(thread, INFINITE);
    return result;
}
