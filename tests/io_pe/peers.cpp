#include "peers.h"

#include <algorithm>

std::string pattern(size_t size, unsigned seed) {
    std::string text(size, 0);
    for (char& c : text) {
        seed = seed * 1664525 + 1013904223;
        c = static_cast<char>(seed >> 24);
    }
    return text;
}

std::string receive(Stream& s, size_t n) {
    std::string all(n, 0);
    size_t have = 0;
    while (have < n) {
        size_t got = 0;
        Status status = s.read({reinterpret_cast<uint8_t*>(all.data()) + have, n - have}, got, 20000);
        if (failed(status)) printf("    read: status %u after %u bytes\n", code(status), static_cast<unsigned>(have));
        if (failed(status) || got == 0) break;
        have += got;
    }
    all.resize(have);
    return all;
}

std::string fresh_endpoint(const Protocol& protocol) {
    static std::atomic<unsigned> next{0};
    const unsigned number = ++next;
    std::string_view name = protocol.name;
    if (name == "ncacn_ip_tcp") return std::to_string(20000 + (GetCurrentProcessId() * 37 + number) % 20000);
    std::string text = "io-test-" + std::to_string(GetCurrentProcessId()) + "-" + std::to_string(number);
    return name == "ncacn_np" ? "\\pipe\\" + text : text;
}

Address address_of(std::string_view endpoint) {
    Address a;
    CHECK(a.endpoint.assign(endpoint));
    return a;
}

Ref<Stream> connect(const Protocol& protocol, std::string_view endpoint) {
    Ref<Stream> stream;
    CHECK_STATUS(protocol.connect(address_of(endpoint), 10000, stream), Status::ok);
    return stream;
}

bool Recorder::wait_for(size_t bytes, int closes, DWORD timeout) {
    const ULONGLONG until = GetTickCount64() + timeout;
    Guard g(mutex);
    while (data.size() < bytes || closed < closes) {
        if (GetTickCount64() > until) return false;
        changed.wait(mutex, 100);
    }
    return true;
}

namespace {

struct Session final : StreamSink {
    Session(EchoServer& s, Ref<Stream> st) : server(s), stream(std::move(st)) {}
    void on_data(ByteView bytes, WorkList&) override {
        Buffer copy;
        CHECK(copy.append(bytes));
        stream->post(std::move(copy));
    }
    void on_closed(Status why, WorkList&) override {
        server.last_why = code(why);
        ++server.ends;
        EchoServer& s = server;
        delete this;
        --s.open;
    }
    EchoServer& server;
    Ref<Stream> stream;
};

}  // namespace

EchoServer::EchoServer(const Protocol& protocol, const char* endpoint) {
    std::string name = endpoint ? endpoint : fresh_endpoint(protocol);
    listened = protocol.listen(name, {}, *this, acceptor);
    if (!endpoint) CHECK_STATUS(listened, Status::ok);
}

EchoServer::~EchoServer() {
    if (acceptor) acceptor->close();
    close_streams();
    CHECK(wait_idle());
}

void EchoServer::on_accept(Ref<Stream> stream, WorkList&) {
    ++accepted;
    ++open;
    if (keep_streams) {
        Guard g(mutex);
        streams.push_back(stream);
    }
    auto session = new Session(*this, stream);
    if (!failed(stream->start(*session))) return;
    delete session;
    --open;
}

bool EchoServer::wait_idle() {
    for (int i = 0; i < 1000 && open != 0; ++i) Sleep(10);
    return open == 0;
}

void EchoServer::close_streams() {
    Guard g(mutex);
    for (Ref<Stream>& s : streams) s->close();
    streams.clear();
}

HANDLE run_self(const std::string& command) {
    char path[MAX_PATH];
    GetModuleFileNameA(nullptr, path, sizeof path);
    std::string line = "\"" + std::string(path) + "\" " + command;
    STARTUPINFOA startup{};
    startup.cb = sizeof startup;
    PROCESS_INFORMATION process;
    if (!CreateProcessA(nullptr, line.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup, &process)) return nullptr;
    CloseHandle(process.hThread);
    return process.hProcess;
}
