// What this system's secur32 can do, asked without rpcrt4: where it cannot, authenticated RPC cannot either, and that
// is no fault of ours. Prints one line a package and side; what it prints tells a test which calls to expect to work.
#define SECURITY_WIN32
#include <windows.h>

#include <sspi.h>

#include <secext.h>
#include <stdio.h>

#include <string>
#include <vector>

#include "basics/check.h"
#include "sspi_probe.h"

namespace {

struct Side {
    CredHandle credentials{};
    CtxtHandle context{};
    bool have_credentials = false, have_context = false, done = false;
    ~Side() {
        if (have_context) DeleteSecurityContext(&context);
        if (have_credentials) FreeCredentialsHandle(&credentials);
    }
};

SECURITY_STATUS leg(Side& side, bool client, std::vector<unsigned char>& token) {
    std::vector<unsigned char> out(16384);
    SecBuffer in_buffer{static_cast<unsigned long>(token.size()), SECBUFFER_TOKEN, token.data()};
    SecBuffer out_buffer{static_cast<unsigned long>(out.size()), SECBUFFER_TOKEN, out.data()};
    SecBufferDesc in{SECBUFFER_VERSION, 1, &in_buffer}, given{SECBUFFER_VERSION, 1, &out_buffer};
    unsigned long attributes = 0;
    TimeStamp expiry;
    const unsigned long flags = ISC_REQ_CONNECTION | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT |
                                ISC_REQ_CONFIDENTIALITY | ISC_REQ_USE_DCE_STYLE;
    CtxtHandle* known = side.have_context ? &side.context : nullptr;
    SECURITY_STATUS status =
        client ? InitializeSecurityContextW(&side.credentials, known, nullptr, flags | ISC_REQ_INTEGRITY, 0,
                                            SECURITY_NATIVE_DREP, known ? &in : nullptr, 0, &side.context, &given,
                                            &attributes, &expiry)
               : AcceptSecurityContext(&side.credentials, known, &in, flags | ASC_REQ_INTEGRITY, SECURITY_NATIVE_DREP,
                                       &side.context, &given, &attributes, &expiry);
    if (status >= 0) {
        side.have_context = true;
        side.done = status == SEC_E_OK;
    }
    out.resize(status >= 0 ? out_buffer.cbBuffer : 0);
    token = out;
    return status;
}

// Header | body | trailer | token, as RPC has it.
struct Message {
    unsigned char header[24], body[32], trailer[8], token[64];
    SecBuffer buffers[4];
    SecBufferDesc desc{SECBUFFER_VERSION, 4, buffers};
    explicit Message(unsigned long token_size) {
        memset(header, 1, sizeof header);
        memset(body, 2, sizeof body);
        memset(trailer, 3, sizeof trailer);
        buffers[0] = {sizeof header, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, header};
        buffers[1] = {sizeof body, SECBUFFER_DATA, body};
        buffers[2] = {sizeof trailer, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, trailer};
        buffers[3] = {token_size, SECBUFFER_TOKEN, token};
    }
};

std::vector<unsigned char> der(unsigned char tag, const std::vector<unsigned char>& content) {
    std::vector<unsigned char> out = {tag, static_cast<unsigned char>(content.size())};
    out.insert(out.end(), content.begin(), content.end());
    return out;
}

// The first token of a client that speaks SPNEGO (RFC 4178, 4.2.1), as every other system's Negotiate does, with NTLM
// inside.
std::vector<unsigned char> spnego_token() {
    const std::vector<unsigned char> spnego = {0x06, 6, 0x2b, 6, 1, 5, 5, 2};
    const std::vector<unsigned char> ntlm = {0x06, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10};
    const unsigned char asks[] = "NTLMSSP\0\1\0\0\0\x05\x82\x08\x62\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\6\1\0\0\0\0\0";
    std::vector<unsigned char> inside = der(0xa0, der(0x30, ntlm));
    const auto token = der(0xa2, der(0x04, {asks, asks + sizeof asks}));
    inside.insert(inside.end(), token.begin(), token.end());
    inside = der(0xa0, der(0x30, inside));
    inside.insert(inside.begin(), spnego.begin(), spnego.end());
    return der(0x60, inside);
}

// Whether the server's half of Negotiate takes it.
SECURITY_STATUS takes_spnego() {
    Side server;
    TimeStamp expiry;
    const SECURITY_STATUS acquired =
        AcquireCredentialsHandleW(nullptr, const_cast<wchar_t*>(L"Negotiate"), SECPKG_CRED_INBOUND, nullptr, nullptr,
                                  nullptr, nullptr, &server.credentials, &expiry);
    if (acquired != SEC_E_OK) return acquired;
    server.have_credentials = true;
    std::vector<unsigned char> token = spnego_token();
    return leg(server, false, token);
}

bool passes(Side& from, Side& to, bool seal) {
    SecPkgContext_Sizes sizes{};
    if (QueryContextAttributesW(&from.context, SECPKG_ATTR_SIZES, &sizes) != SEC_E_OK) return false;
    Message m(seal ? sizes.cbSecurityTrailer : sizes.cbMaxSignature);
    if (m.buffers[3].cbBuffer > sizeof m.token) return false;
    const SECURITY_STATUS sent =
        seal ? EncryptMessage(&from.context, 0, &m.desc, 0) : MakeSignature(&from.context, 0, &m.desc, 0);
    unsigned long quality = 0;
    const SECURITY_STATUS taken =
        seal ? DecryptMessage(&to.context, &m.desc, 0, &quality) : VerifySignature(&to.context, &m.desc, 0, &quality);
    return sent == SEC_E_OK && taken == SEC_E_OK && m.body[0] == 2 && m.body[31] == 2;
}

}  // namespace

Probe probe(const wchar_t* package, const wchar_t* user, const wchar_t* domain, const wchar_t* password) {
    Probe found;
    Side client, server;
    SEC_WINNT_AUTH_IDENTITY_W identity{};
    auto text = [](const wchar_t* s) { return reinterpret_cast<unsigned short*>(const_cast<wchar_t*>(s)); };
    identity = {text(user),
                static_cast<unsigned long>(wcslen(user)),
                text(domain),
                static_cast<unsigned long>(wcslen(domain)),
                text(password),
                static_cast<unsigned long>(wcslen(password)),
                SEC_WINNT_AUTH_IDENTITY_UNICODE};
    TimeStamp expiry;
    auto name = const_cast<wchar_t*>(package);
    found.client = AcquireCredentialsHandleW(nullptr, name, SECPKG_CRED_OUTBOUND, nullptr, &identity, nullptr, nullptr,
                                             &client.credentials, &expiry);
    client.have_credentials = found.client == SEC_E_OK;
    found.server = AcquireCredentialsHandleW(nullptr, name, SECPKG_CRED_INBOUND, nullptr, nullptr, nullptr, nullptr,
                                             &server.credentials, &expiry);
    server.have_credentials = found.server == SEC_E_OK;
    std::vector<unsigned char> token;
    if (client.have_credentials) found.client = leg(client, true, token);
    for (int legs = 0; legs < 10 && found.client >= 0 && server.have_credentials && !server.done; ++legs) {
        found.server = leg(server, false, token);
        if (found.server < 0 || (server.done && client.done) || (server.done && token.empty())) break;
        found.client = leg(client, true, token);
        if (client.done && token.empty()) break;
    }
    found.login = client.done && server.done;
    if (!found.login) return found;
    found.sign_to_server = passes(client, server, false);
    found.sign_to_client = passes(server, client, false);
    found.seal_to_server = passes(client, server, true);
    found.seal_to_client = passes(server, client, true);
    return found;
}

int test_sspi(int argc, char** argv) {
    wchar_t text[3][64] = {L"tester", L"TEST", L"Secret1!"};
    for (int i = 0; i < 3 && i + 2 < argc; ++i) MultiByteToWideChar(CP_ACP, 0, argv[i + 2], -1, text[i], 64);
    for (const wchar_t* package : {L"NTLM", L"Negotiate", L"Kerberos"}) {
        const Probe p = probe(package, text[0], text[1], text[2]);
        printf("secur32 %ls: client 0x%08lx, server 0x%08lx, login %s\n", package, static_cast<unsigned long>(p.client),
               static_cast<unsigned long>(p.server), p.login ? "yes" : "no");
        if (p.login)
            printf("  signatures to the server %s, to the client %s; seals %s, %s\n",
                   p.sign_to_server ? "hold" : "fail", p.sign_to_client ? "hold" : "fail",
                   p.seal_to_server ? "hold" : "fail", p.seal_to_client ? "hold" : "fail");
        CHECK(!p.login || (p.client >= 0 && p.server >= 0));
    }
    const SECURITY_STATUS spnego = takes_spnego();
    printf("secur32 Negotiate: SPNEGO %s, 0x%08lx\n", spnego >= 0 ? "taken" : "not taken",
           static_cast<unsigned long>(spnego));
    return g_failures != 0;
}
