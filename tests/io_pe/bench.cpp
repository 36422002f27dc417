#include "peers.h"

// Printed, never tested: a machine's speed is no property of the code.
void bench(const char* only) {
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    auto now = [&] {
        LARGE_INTEGER t;
        QueryPerformanceCounter(&t);
        return static_cast<double>(t.QuadPart) / static_cast<double>(frequency.QuadPart);
    };
    for (size_t i = 0; const Protocol* protocol = protocol_at(i); ++i) {
        if (!protocol->listen) continue;
        if (only && strcmp(only, protocol->name) != 0) continue;
        EchoServer server(*protocol);
        Ref<Stream> s = connect(*protocol, server.endpoint());
        NEED(s);
        for (size_t size : {24, 100, 4000}) {
            const std::string text = pattern(size, 1);
            std::string back(size, 0);
            const ByteView part = view(text);
            const int rounds = 3000;
            for (int warm = 0; warm < 2; ++warm) {
                const double began = now();
                for (int n = 0; n < rounds; ++n) {
                    size_t got = 0;
                    CHECK_STATUS(s->exchange({&part, 1}, {reinterpret_cast<uint8_t*>(back.data()), size}, got, 10000), Status::ok);
                    if (got < size) receive(*s, size - got);
                }
                if (warm) printf("%-13s %6u bytes: %7.1f us a round trip\n", protocol->name, static_cast<unsigned>(size),
                                 (now() - began) / rounds * 1e6);
            }
        }
        const std::string text = pattern(64000, 1);
        const int rounds = 500;
        const double began = now();
        for (int n = 0; n < rounds; ++n) {
            Threads none;
            CHECK_STATUS(send(*s, text), Status::ok);
            receive(*s, text.size());
        }
        printf("%-13s  64000 bytes: %7.1f MB/s there and back\n", protocol->name, 2 * rounds * text.size() / (now() - began) / 1e6);
    }
}
