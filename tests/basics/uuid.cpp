// Documentation pages UuidCreate, UuidCreateSequential, UuidCreateNil, UuidCompare, UuidEqual, UuidHash, UuidIsNil,
// UuidFromString, UuidToString.
#include <windows.h>
#include <rpc.h>
#include <rpcdcep.h>

#include <string.h>

#include "check.h"

namespace {

const UUID sample = {0x6B29FC40, 0xCA47, 0x1067, {0xB3, 0x1D, 0x00, 0xDD, 0x01, 0x06, 0x62, 0xDA}};

unsigned char* ansi(const char* s) { return reinterpret_cast<unsigned char*>(const_cast<char*>(s)); }
unsigned short* wide(const wchar_t* s) { return reinterpret_cast<unsigned short*>(const_cast<wchar_t*>(s)); }

void test_text() {
    UUID u;
    CHECK_EQ(UuidFromStringA(ansi("6B29FC40-CA47-1067-B31D-00DD010662DA"), &u), RPC_S_OK);
    CHECK(!memcmp(&u, &sample, sizeof u));
    memset(&u, 0, sizeof u);
    CHECK_EQ(UuidFromStringW(wide(L"6b29fc40-ca47-1067-b31d-00dd010662da"), &u), RPC_S_OK);
    CHECK(!memcmp(&u, &sample, sizeof u));
    for (const char* bad : {"", "x", "{6B29FC40-CA47-1067-B31D-00DD010662DA}", "6B29FC40-CA47-1067-B31D-00DD010662D",
                            "6B29FC40CA471067B31D00DD010662DA", "6B29FC40-CA47-1067-B31D-00DD010662DA "}) {
        UUID kept = sample;
        CHECK_EQ(UuidFromStringA(ansi(bad), &kept), RPC_S_INVALID_STRING_UUID);
        CHECK(!memcmp(&kept, &sample, sizeof kept));
    }
    unsigned short foreign[] = {0x0661, '-', 0};
    CHECK_EQ(UuidFromStringW(foreign, &u), RPC_S_INVALID_STRING_UUID);
    CHECK_EQ(UuidFromStringA(nullptr, &u), RPC_S_OK);
    RPC_STATUS status = 1;
    CHECK(UuidIsNil(&u, &status));

    RPC_CSTR a = nullptr;
    RPC_WSTR w = nullptr;
    u = sample;
    CHECK_EQ(UuidToStringA(&u, &a), RPC_S_OK);
    CHECK(a && !strcmp(reinterpret_cast<char*>(a), "6b29fc40-ca47-1067-b31d-00dd010662da"));
    CHECK_EQ(RpcStringFreeA(&a), RPC_S_OK);
    CHECK(!a);
    CHECK_EQ(UuidToStringW(&u, &w), RPC_S_OK);
    CHECK(w && !wcscmp(reinterpret_cast<wchar_t*>(w), L"6b29fc40-ca47-1067-b31d-00dd010662da"));
    CHECK_EQ(RpcStringFreeW(&w), RPC_S_OK);
    CHECK(!w);
}

void test_order_and_hash() {
    UUID a = sample, b = sample, nil;
    RPC_STATUS status = 1;
    CHECK_EQ(UuidCreateNil(&nil), RPC_S_OK);
    CHECK_EQ(UuidCompare(&a, &b, &status), 0);
    CHECK_EQ(status, RPC_S_OK);
    b.Data4[7]++;
    CHECK_EQ(UuidCompare(&a, &b, &status), -1);
    CHECK_EQ(UuidCompare(&b, &a, &status), 1);
    b = sample;
    b.Data1 = 0xFFFFFFFF;
    CHECK_EQ(UuidCompare(&a, &b, &status), -1);
    CHECK_EQ(UuidCompare(&nil, &a, &status), -1);
    CHECK_EQ(UuidCompare(nullptr, &nil, &status), 0);
    CHECK_EQ(UuidEqual(&a, &a, &status), 1);
    CHECK_EQ(UuidEqual(&a, &b, &status), 0);
    CHECK_EQ(UuidIsNil(&a, &status), 0);
    CHECK_EQ(UuidIsNil(&nil, &status), 1);
    status = 1;
    CHECK_EQ(UuidHash(&nil, &status), 0);
    CHECK_EQ(status, RPC_S_OK);
    CHECK_EQ(UuidHash(&a, &status), UuidHash(&a, &status));
    CHECK(UuidHash(&a, &status) != UuidHash(&b, &status));
}

constexpr int per_thread = 20000;
struct Made {
    UUID random[per_thread];
    UUID sequential[per_thread];
};

DWORD WINAPI make_many(void* p) {
    auto* made = static_cast<Made*>(p);
    for (int i = 0; i < per_thread; ++i) {
        RPC_STATUS status = UuidCreate(&made->random[i]);
        RPC_STATUS second = UuidCreateSequential(&made->sequential[i]);
        if (status != RPC_S_OK || (second != RPC_S_OK && second != RPC_S_UUID_LOCAL_ONLY)) return 1;
    }
    return 0;
}

int in_bytes_order(const void* a, const void* b) { return memcmp(a, b, sizeof(UUID)); }

// Four threads at once: versions and variants, and no two alike.
void test_create() {
    constexpr int threads = 4;
    static Made made[threads];
    static UUID all[2 * threads * per_thread];
    HANDLE running[threads];
    for (int i = 0; i < threads; ++i) running[i] = CreateThread(nullptr, 0, make_many, &made[i], 0, nullptr);
    WaitForMultipleObjects(threads, running, TRUE, INFINITE);
    int n = 0, wrong = 0;
    for (int i = 0; i < threads; ++i) {
        DWORD code = 1;
        GetExitCodeThread(running[i], &code);
        CHECK_EQ(code, 0);
        CloseHandle(running[i]);
        for (const UUID& u : made[i].random) wrong += u.Data3 >> 12 != 4 || u.Data4[0] >> 6 != 2, all[n++] = u;
        for (const UUID& u : made[i].sequential) wrong += u.Data3 >> 12 != 1 || u.Data4[0] >> 6 != 2, all[n++] = u;
    }
    CHECK_EQ(wrong, 0);
    qsort(all, n, sizeof all[0], in_bytes_order);
    int twice = 0;
    for (int i = 1; i < n; ++i) twice += !memcmp(&all[i - 1], &all[i], sizeof(UUID));
    CHECK_EQ(twice, 0);
    // One node: the last six bytes of the sequential ones, which are all from this computer.
    CHECK(!memcmp(made[0].sequential[0].Data4 + 2, made[1].sequential[per_thread - 1].Data4 + 2, 6));

    // Every bit of the random ones takes both values.
    UUID any = {}, every;
    memset(&every, 0xFF, sizeof every);
    for (const UUID& u : made[0].random)
        for (size_t i = 0; i < sizeof u; ++i) {
            reinterpret_cast<unsigned char*>(&any)[i] |= reinterpret_cast<const unsigned char*>(&u)[i];
            reinterpret_cast<unsigned char*>(&every)[i] &= reinterpret_cast<const unsigned char*>(&u)[i];
        }
    const UUID fixed_ones = {0, 0, 0x4000, {0x80}}, free_bits = {0xFFFFFFFF, 0xFFFF, 0x4FFF, {0xBF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};
    CHECK(!memcmp(&any, &free_bits, sizeof any));
    CHECK(!memcmp(&every, &fixed_ones, sizeof every));

    UUID u;
    CHECK_EQ(I_UuidCreate(&u), RPC_S_OK);
}

}  // namespace

void test_uuid() {
    test_text();
    test_order_and_hash();
    test_create();
}
