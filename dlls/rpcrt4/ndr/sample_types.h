#pragma once
// Tests only: memory of sample.idl's types, as x64 code has it.
#include <cstdint>

namespace rpc::ndr::sample {

struct Simple {
    int32_t a;
    int16_t b;
    char c;
    int64_t h;
};
struct WithPointers {
    int32_t a;
    const char16_t* s;
    const int32_t* p;
    const int16_t* arr;  // [size_is(a)]
};
struct Node {
    int32_t v;
    const Node* next;
};
template <int N>
struct Conf {
    int32_t n;
    int16_t a[N];
};
template <int N>
struct ConfVar {
    int32_t n, l;
    int16_t a[N];
};
struct Strs {
    char s[20];
    char16_t w[10];
};
struct Enums {
    int32_t e, v;
    uint8_t bb;
};
struct Encapsulated {
    int32_t tag;
    union {
        int32_t l;
        WithPointers ww;
        int64_t h;
        const char* s;
        int16_t d;
    };
};
union NonEncapsulated {
    int32_t l;
    int64_t h;
    const Simple* sp;
    char c;
};
struct HasUnion {
    int32_t tt;
    NonEncapsulated u;
};

}  // namespace rpc::ndr::sample
