#include "security/fake.h"

#include <atomic>

namespace rpc::security {
namespace {

std::atomic<int> g_contexts{0};
std::atomic<int> g_impersonations{0};

constexpr uint8_t filler = 0x5A;
constexpr std::string_view right_password = "right";

// FNV-1a: notices changes, no more is needed.
class Hash {
public:
    void add(ByteView bytes) {
        for (uint8_t b : bytes) value_ = (value_ ^ b) * 0x100000001B3u;
    }
    void add(uint64_t number) {
        for (int i = 0; i < 8; ++i) value_ = (value_ ^ (number >> 8 * i & 0xFF)) * 0x100000001B3u;
    }
    uint64_t value() const { return value_; }

private:
    uint64_t value_ = 0xCBF29CE484222325u;
};

// A leg's token: 'F', the number of the leg, then "user\0password" on the client's first one.
class FakeContext final : public Context {
public:
    FakeContext(bool client, int legs) : client_(client), legs_(legs) { ++g_contexts; }
    ~FakeContext() override { --g_contexts; }
    Str user, password;

    Status step(ByteView in, Buffer& out, bool& complete) override {
        if (complete_ || failed_) return Status::sec_pkg_error;
        Status status = leg(in, out);
        failed_ = failed(status);
        complete = complete_ = !failed_ && leg_ >= legs_;
        return status;
    }
    // A signature of 16 bytes, a seal of 20, so that the two are not mixed up.
    uint16_t token_size(Level level) const override { return level == Level::privacy ? 20 : 16; }
    Status protect(Level level, bool sign_header, const PduParts& pdu) override {
        if (!complete_ || pdu.token.size() != token_size(level)) return Status::sec_pkg_error;
        const uint64_t number = sent_++;
        const uint64_t sum = digest(client_, number, level, sign_header, pdu);
        if (level == Level::privacy) crypt(client_, number, pdu.body);
        std::memset(pdu.token.data(), filler, pdu.token.size());
        std::memcpy(pdu.token.data(), &sum, sizeof sum);
        return Status::ok;
    }
    Status unprotect(Level level, bool sign_header, const PduParts& pdu) override {
        if (!complete_ || pdu.token.size() != token_size(level)) return Status::sec_pkg_error;
        const uint64_t number = received_++;
        if (level == Level::privacy) crypt(!client_, number, pdu.body);
        const uint64_t sum = digest(!client_, number, level, sign_header, pdu);
        bool same = std::memcmp(pdu.token.data(), &sum, sizeof sum) == 0;
        for (uint8_t b : pdu.token.subspan(sizeof sum)) same = same && b == filler;
        return same ? Status::ok : Status::sec_pkg_error;
    }
    Status client_name(Str& name) override { return name.assign(user.view()) ? Status::ok : Status::out_of_memory; }
    Status impersonate() override { return ++g_impersonations, Status::ok; }
    Status revert() override { return --g_impersonations, Status::ok; }

private:
    Status leg(ByteView in, Buffer& out) {
        const bool first = client_ && leg_ == 0;
        if (!first) {
            if (in.size() < 2 || in[0] != 'F' || in[1] != leg_ + 1) return Status::sec_pkg_error;
            if (!client_ && leg_ == 0) RPC_TRY(read_login(in.subspan(2)));
            ++leg_;
            const bool last_of_server = legs_ - leg_ <= 1;
            if (!client_ && last_of_server && password.view() != right_password) return Status::access_denied;
        }
        if (leg_ >= legs_) return Status::ok;
        const uint8_t head[] = {'F', static_cast<uint8_t>(++leg_)};
        if (!out.append(head)) return Status::out_of_memory;
        if (!first) return Status::ok;
        const uint8_t nul = 0;
        auto bytes = [](const Str& s) { return ByteView(reinterpret_cast<const uint8_t*>(s.c_str()), s.size()); };
        return out.append(bytes(user)) && out.append({&nul, 1}) && out.append(bytes(password)) ? Status::ok
                                                                                               : Status::out_of_memory;
    }
    Status read_login(ByteView text) {
        size_t length = 0;
        while (length < text.size() && text[length] != 0) ++length;
        if (length == text.size()) return Status::sec_pkg_error;
        std::string_view all(reinterpret_cast<const char*>(text.data()), text.size());
        return user.assign(all.substr(0, length)) && password.assign(all.substr(length + 1)) ? Status::ok
                                                                                             : Status::out_of_memory;
    }
    static uint64_t digest(bool from_client, uint64_t number, Level level, bool sign_header, const PduParts& pdu) {
        Hash hash;
        hash.add(uint64_t{from_client} << 32 | number);
        hash.add(static_cast<uint64_t>(level));
        if (sign_header) hash.add(pdu.header);
        hash.add(pdu.body);
        if (sign_header) hash.add(pdu.trailer);
        return hash.value();
    }
    static void crypt(bool from_client, uint64_t number, MutBytes bytes) {
        uint8_t key = static_cast<uint8_t>(0x3C + number * 7 + from_client);
        for (uint8_t& b : bytes) b ^= key++;
    }
    const bool client_;
    const int legs_;
    int leg_ = 0;  // the last one, of either side
    bool complete_ = false;
    bool failed_ = false;
    uint64_t sent_ = 0, received_ = 0;
};

int legs_of(uint8_t service) {
    return service >= fake_service(2) && service <= fake_service(6) ? service - 0xF0 : 0;
}

class FakeAuth final : public ClientAuth {
public:
    Str user, password;
    bool same_as(const ClientAuth& other) const override {
        auto& fake = static_cast<const FakeAuth&>(other);
        return user == fake.user && password == fake.password;
    }
    Status new_context(Ref<Context>& context) const override {
        auto made = make_ref<FakeContext>(true, legs_of(service));
        if (!made || !made->user.assign(user.view()) || !made->password.assign(password.view()))
            return Status::out_of_memory;
        context = std::move(made);
        return Status::ok;
    }
};

}  // namespace

Status fake_client(uint8_t service, Level level, const FakeLogin& login, Ref<ClientAuth>& auth) {
    if (legs_of(service) == 0) return Status::unknown_authn_service;
    auto made = make_ref<FakeAuth>();
    if (!made || !made->user.assign(login.user) || !made->password.assign(login.password)) return Status::out_of_memory;
    made->service = service;
    made->level = level;
    auth = std::move(made);
    return Status::ok;
}

Status fake_server(uint8_t service, Ref<Context>& context) {
    if (legs_of(service) == 0) return Status::unknown_authn_service;
    auto made = make_ref<FakeContext>(false, legs_of(service));
    if (!made) return Status::out_of_memory;
    context = std::move(made);
    return Status::ok;
}

int fake_contexts() {
    return g_contexts;
}
int fake_impersonations() {
    return g_impersonations;
}

}  // namespace rpc::security
