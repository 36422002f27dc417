// DLLs with stubs come and go at one address: what their format strings said there is not taken for what they say now. Both have the
// same preferred address, and descriptions of the same size in the same place.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>

#include <cstring>
#include <string>

#include "../basics/check.h"

namespace {

// Every request comes back, but for its first parameter, and with it as the result.
void __RPC_STUB echo(PRPC_MESSAGE message) {
    const unsigned size = message->BufferLength, padded = (size - 4 + 3) & ~3u;  // a string may end anywhere
    const auto* const request = static_cast<unsigned char*>(message->Buffer);
    message->BufferLength = padded + 4;
    if (const long why = I_RpcGetBuffer(message)) RpcRaiseException(why);
    auto* const reply = static_cast<unsigned char*>(message->Buffer);
    std::memset(reply, 0, padded);
    std::memcpy(reply, request + 4, size - 4);
    std::memcpy(reply + padded, request, 4);
}

RPC_DISPATCH_FUNCTION functions[] = {echo};
RPC_DISPATCH_TABLE table = {1, functions, 0};
RPC_SERVER_INTERFACE interface_ = {
    sizeof(RPC_SERVER_INTERFACE),
    {{0x6b1d2b1e, 0x0f0c, 0x4f5e, {0x9a, 0x53, 0x2f, 0x6f, 0x5d, 0x0a, 0x9c, 0x31}}, {1, 0}},
    {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}},
    &table, 0, nullptr, nullptr, nullptr, 0};

struct Seen {
    const void *module, *description;
    unsigned char text[10];  // of the description
};

Seen use(const char* name, handle_t h) {
    HMODULE module = LoadLibraryA(name);
    CHECK(module != nullptr);
    if (!module) return {};
    Seen seen{module, reinterpret_cast<const void* (*)()>(reinterpret_cast<void*>(GetProcAddress(module, "description")))(), {}};
    std::memcpy(seen.text, seen.description, sizeof seen.text);
    auto* const call = reinterpret_cast<int (*)(handle_t)>(reinterpret_cast<void*>(GetProcAddress(module, "call")));
    for (int i = 0; i < 20; ++i) CHECK(call(h));
    CHECK(FreeLibrary(module));
    CHECK(!GetModuleHandleA(name));
    return seen;
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    const std::wstring endpoint = L"same-address-" + std::to_wstring(GetCurrentProcessId());
    std::wstring text = L"ncalrpc:[" + endpoint + L"]", protocol = L"ncalrpc", name = endpoint;
    auto wide = [](std::wstring& s) { return reinterpret_cast<RPC_WSTR>(s.data()); };
    CHECK(RpcServerUseProtseqEpW(wide(protocol), 10, wide(name), nullptr) == RPC_S_OK);
    CHECK(RpcServerRegisterIf(&interface_, nullptr, nullptr) == RPC_S_OK);
    CHECK(RpcServerListen(1, 10, TRUE) == RPC_S_OK);
    handle_t h = nullptr;
    CHECK(RpcBindingFromStringBindingW(wide(text), &h) == RPC_S_OK);
    const Seen first = use("same_address_first.dll", h);
    for (int i = 0; i < 10; ++i) {
        const Seen seen = use(i % 2 ? "same_address_first.dll" : "same_address_second.dll", h);
        CHECK(seen.module == first.module && seen.description == first.description);
        CHECK((std::memcmp(seen.text, first.text, sizeof seen.text) == 0) == (i % 2 == 1));
    }
    RpcBindingFree(&h);
    printf("same_address: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
