// `pickles write`: one line a pickle, its name and its bytes in hexadecimal. `pickles read`: such lines from standard
// input, the values that are in them to standard output.
#include <cstdio>
#include <cstring>
#include <string>

#include "stub/pickle_test_rig.h"

using namespace rpc;
using namespace rpc::stub::pickle;
using namespace rpc::stub::pickle::test;

namespace {

struct Node {
    int32_t v;
    Node* next;
};

const Type node{&desc(), sample::format + sample::at_node, 0};

int fail(const char* what, Status s) {
    std::fprintf(stderr, "%s: %u\n", what, code(s));
    return 1;
}

int write(const char* name, const Type& type, void* object) {
    char* buffer = nullptr;
    ULong32 size = 0;
    void* handle = nullptr;
    if (Status s = encode_dynamic_buffer(&buffer, &size, &handle); failed(s)) return fail(name, s);
    if (Status s = type_encode(handle, type, object); failed(s)) return fail(name, s);
    std::printf("%s ", name);
    for (ULong32 i = 0; i < size; ++i) std::printf("%02x", static_cast<uint8_t>(buffer[i]));
    std::printf("\n");
    Heap::release(buffer);
    return failed(free_handle(handle));
}

int write_all() {
    Simple simple_value{-5, 0x1234, 'c', 0x0102030405060708};
    char16_t text[] = u"pickled";
    int32_t number = 77;
    int16_t array[] = {1, -2, 3};
    WithPointers tree{3, text, &number, array}, nothing{};
    Node last{3, nullptr}, middle{2, &last}, first{1, &middle};
    int32_t* pointer = &number;
    return write("simple", simple(), &simple_value) | write("with_pointers", with_pointers(), &tree) |
           write("nulls", with_pointers(), &nothing) | write("node", node, &first) |
           write("pointer", pointer_to_long(), &pointer);
}

template <class T, class Show>
int read(const std::string& bytes, const Type& type, Show show) {
    alignas(8) static char buffer[4096];
    if (bytes.size() > sizeof buffer) return 1;
    std::memcpy(buffer, bytes.data(), bytes.size());
    void* handle = nullptr;
    T object{};
    if (Status s = decode_buffer(buffer, static_cast<ULong32>(bytes.size()), &handle); failed(s))
        return fail("read", s);
    if (Status s = type_decode(handle, type, &object); failed(s)) return fail("read", s);
    show(object);
    return failed(free_handle(handle)) || failed(type_free(type, &object));
}

void show_tree(const WithPointers& tree) {
    std::printf("%d", tree.a);
    if (tree.s) std::printf(" %s", std::string(tree.s, tree.s + std::char_traits<char16_t>::length(tree.s)).c_str());
    if (tree.p) std::printf(" %d", *tree.p);
    for (int i = 0; tree.arr && i < tree.a; ++i) std::printf(" %d", tree.arr[i]);
    std::printf("\n");
}

int read_line(const std::string& name, const std::string& bytes) {
    if (name == "simple")
        return read<Simple>(bytes, simple(), [](const Simple& s) {
            std::printf("%d %d %d %lld\n", s.a, s.b, s.c, static_cast<long long>(s.h));
        });
    if (name == "with_pointers" || name == "nulls") return read<WithPointers>(bytes, with_pointers(), show_tree);
    if (name == "pointer")
        return read<int32_t*>(bytes, pointer_to_long(), [](int32_t* p) { std::printf("%d\n", p ? *p : 0); });
    return read<Node>(bytes, node, [](const Node& first) {
        for (const Node* n = &first; n; n = n->next) std::printf("%d ", n->v);
        std::printf("\n");
    });
}

int read_all() {
    char name[32], hex[8192];
    int failures = 0;
    while (std::scanf("%31s %8191s", name, hex) == 2) {
        std::string bytes;
        for (const char* at = hex; at[0] && at[1]; at += 2)
            bytes.push_back(static_cast<char>(std::stoi(std::string(at, 2), nullptr, 16)));
        failures |= read_line(name, bytes);
    }
    return failures;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    int failures = std::strcmp(argv[1], "write") == 0 ? write_all() : read_all();
    return failures || Heap::blocks != 0;
}
