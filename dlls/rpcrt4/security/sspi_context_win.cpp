#include "security/sspi_context_win.h"

#include <algorithm>

#include "base/log.h"
#include "base/utf.h"
#include "security/providers.h"

namespace rpc::security {
namespace {

// What the level asks of the package; the bits of ISC_REQ_x and ASC_REQ_x, and those of the answers, are the same here.
static_assert(ISC_REQ_REPLAY_DETECT == ASC_REQ_REPLAY_DETECT && ISC_REQ_SEQUENCE_DETECT == ASC_REQ_SEQUENCE_DETECT &&
              ISC_REQ_CONFIDENTIALITY == ASC_REQ_CONFIDENTIALITY && ISC_REQ_USE_DCE_STYLE == ASC_REQ_USE_DCE_STYLE &&
              ISC_REQ_MUTUAL_AUTH == ASC_REQ_MUTUAL_AUTH && ISC_REQ_CONNECTION == ASC_REQ_CONNECTION);
unsigned long protection_flags(Level level) {
    unsigned long flags = 0;
    if (level >= Level::packet) flags |= ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
    if (level >= Level::privacy) flags |= ISC_REQ_CONFIDENTIALITY;
    return flags;
}
constexpr unsigned long client_integrity = ISC_REQ_INTEGRITY, server_integrity = ASC_REQ_INTEGRITY;

SecBuffer buffer(unsigned long type, MutBytes bytes) {
    return {static_cast<unsigned long>(bytes.size()), type, bytes.data()};
}

}  // namespace

SspiCredentials::~SspiCredentials() {
    if (acquired_) sspi()->table->FreeCredentialsHandle(&handle_);
}

Status SspiCredentials::acquire(unsigned service, unsigned long use, const wchar_t* principal, void* identity) {
    const wchar_t* package = package_of(service);
    if (!package) return Status::unknown_authn_service;
    const Sspi* s = sspi();
    if (!s) return Status::unknown_authn_service;
    auto name = const_cast<SEC_WCHAR*>(package);
    SecPkgInfoW* info = nullptr;
    SECURITY_STATUS status = s->table->QuerySecurityPackageInfoW(name, &info);
    if (status != SEC_E_OK) return status_of(status);
    max_token_ = info->cbMaxToken;
    s->table->FreeContextBuffer(info);
    TimeStamp expiry;
    status = s->table->AcquireCredentialsHandleW(const_cast<SEC_WCHAR*>(principal), name, use, nullptr, identity,
                                                 nullptr, nullptr, &handle_, &expiry);
    if (status != SEC_E_OK) {
        RPC_LOG(warn, "no credentials for authentication service %u: 0x%08lx", service,
                static_cast<unsigned long>(status));
        return status_of(status);
    }
    service_ = service;
    acquired_ = true;
    return Status::ok;
}

SspiContext::~SspiContext() {
    if (made_) sspi()->table->DeleteSecurityContext(&handle_);
}

SECURITY_STATUS SspiContext::leg(SecBufferDesc* in, SecBufferDesc& out, unsigned long& attributes) {
    const SecurityFunctionTableW& table = *sspi()->table;
    TimeStamp expiry;
    const unsigned long flags = protection_flags(level_) | ISC_REQ_USE_DCE_STYLE | ISC_REQ_CONNECTION | more_flags_ |
                                (level_ >= Level::integrity ? client_ ? client_integrity : server_integrity : 0);
    CtxtHandle* known = made_ ? &handle_ : nullptr;
    if (!client_)
        return table.AcceptSecurityContext(credentials_->handle(), known, in, flags, SECURITY_NATIVE_DREP, &handle_,
                                           &out, &attributes, &expiry);
    auto target =
        const_cast<SEC_WCHAR*>(target_.empty() ? nullptr : reinterpret_cast<const SEC_WCHAR*>(target_.data()));
    return table.InitializeSecurityContextW(credentials_->handle(), known, target, flags, 0, SECURITY_NATIVE_DREP,
                                            made_ ? in : nullptr, 0, &handle_, &out, &attributes, &expiry);
}

Status SspiContext::step(ByteView in, Buffer& out, bool& complete) {
    Buffer token;
    if (!token.resize(credentials_->max_token())) return Status::out_of_memory;
    SecBuffer given = buffer(SECBUFFER_TOKEN, {const_cast<uint8_t*>(in.data()), in.size()});
    SecBuffer taken = buffer(SECBUFFER_TOKEN, token.bytes());
    SecBufferDesc given_desc{SECBUFFER_VERSION, 1, &given}, taken_desc{SECBUFFER_VERSION, 1, &taken};
    unsigned long attributes = 0;
    SECURITY_STATUS status = leg(&given_desc, taken_desc, attributes);
    if (status < 0) {
        RPC_LOG(warn, "authentication failed: 0x%08lx", static_cast<unsigned long>(status));
        return status_of(status);
    }
    made_ = true;
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        SECURITY_STATUS completed = sspi()->table->CompleteAuthToken(&handle_, &taken_desc);
        if (completed != SEC_E_OK) return status_of(completed);
    }
    if (taken.cbBuffer > token.size()) return Status::sec_pkg_error;
    if (!out.append({token.data(), taken.cbBuffer})) return Status::out_of_memory;
    attributes_ |= attributes;  // a package need not repeat what it granted in an earlier leg
    complete = status == SEC_E_OK || status == SEC_I_COMPLETE_NEEDED;
    return complete ? finish() : Status::ok;
}

// A package that cannot do what the level needs is as good as one that failed ([MS-RPCE] 3.3.1.5.2.2). Wine's NTLM does
// it and reports no attributes at all: protect() sees to it that something was done.
Status SspiContext::finish() {
    if (level_ < Level::packet) return Status::ok;
    const unsigned long wanted = level_ == Level::privacy && attributes_ != 0 ? ISC_REQ_CONFIDENTIALITY : 0;
    if ((attributes_ & wanted) != wanted) {
        RPC_LOG(warn, "the security package does not grant what level %u needs: attributes 0x%lx",
                static_cast<unsigned>(level_), attributes_);
        return Status::sec_pkg_error;
    }
    SECURITY_STATUS status = sspi()->table->QueryContextAttributesW(&handle_, SECPKG_ATTR_SIZES, &sizes_);
    if (status != SEC_E_OK) return status_of(status);
    const unsigned long size = token_size(level_);
    return size == 0 || size > UINT16_MAX / 2 ? Status::sec_pkg_error : Status::ok;
}

uint16_t SspiContext::token_size(Level level) const {
    return static_cast<uint16_t>(level == Level::privacy ? sizes_.cbSecurityTrailer : sizes_.cbMaxSignature);
}

// Wine's Kerberos leaves out what is not to be encrypted, also where it is to be signed.
bool SspiContext::signs_headers() const {
    return credentials_->service() != authn::gss_kerberos;
}

// NTLM always covers header and sec_trailer, whatever was agreed on.
bool SspiContext::signs_read_only(bool sign_header) const {
    return sign_header || credentials_->service() == authn::winnt;
}

Status SspiContext::protect(Level level, bool sign_header, const PduParts& pdu) {
    const unsigned long read_only =
        SECBUFFER_DATA | (signs_read_only(sign_header) ? SECBUFFER_READONLY_WITH_CHECKSUM : SECBUFFER_READONLY);
    SecBuffer buffers[] = {buffer(read_only, pdu.header), buffer(SECBUFFER_DATA, pdu.body),
                           buffer(read_only, pdu.trailer), buffer(SECBUFFER_TOKEN, pdu.token)};
    SecBufferDesc desc{SECBUFFER_VERSION, 4, buffers};
    uint8_t before[16];
    const size_t compared = level == Level::privacy ? std::min(pdu.body.size(), sizeof before) : 0;
    if (compared != 0) std::memcpy(before, pdu.body.data(), compared);
    const SecurityFunctionTableW& table = *sspi()->table;
    SECURITY_STATUS status = level == Level::privacy ? table.EncryptMessage(&handle_, 0, &desc, 0)
                                                     : table.MakeSignature(&handle_, 0, &desc, 0);
    if (compared == sizeof before && status == SEC_E_OK && std::memcmp(before, pdu.body.data(), compared) == 0) {
        RPC_LOG(error, "a package that was asked to encrypt did not");
        return Status::sec_pkg_error;
    }
    if (status == SEC_E_OK && buffers[3].cbBuffer == pdu.token.size()) return Status::ok;
    RPC_LOG(warn, "a PDU could not be protected: 0x%08lx, token of %lu bytes", static_cast<unsigned long>(status),
            buffers[3].cbBuffer);
    return Status::sec_pkg_error;
}

Status SspiContext::unprotect(Level level, bool sign_header, const PduParts& pdu) {
    const unsigned long read_only =
        SECBUFFER_DATA | (signs_read_only(sign_header) ? SECBUFFER_READONLY_WITH_CHECKSUM : SECBUFFER_READONLY);
    SecBuffer buffers[] = {buffer(read_only, pdu.header), buffer(SECBUFFER_DATA, pdu.body),
                           buffer(read_only, pdu.trailer), buffer(SECBUFFER_TOKEN, pdu.token)};
    SecBufferDesc desc{SECBUFFER_VERSION, 4, buffers};
    const SecurityFunctionTableW& table = *sspi()->table;
    unsigned long quality = 0;
    SECURITY_STATUS status = level == Level::privacy ? table.DecryptMessage(&handle_, &desc, 0, &quality)
                                                     : table.VerifySignature(&handle_, &desc, 0, &quality);
    if (status == SEC_E_OK) return Status::ok;
    RPC_LOG(warn, "a PDU's protection does not hold: 0x%08lx", static_cast<unsigned long>(status));
    return Status::sec_pkg_error;
}

Status SspiContext::client_name(Str& name) {
    SecPkgContext_NamesW names{};
    SECURITY_STATUS status = sspi()->table->QueryContextAttributesW(&handle_, SECPKG_ATTR_NAMES, &names);
    if (status != SEC_E_OK || !names.sUserName) return status == SEC_E_OK ? Status::cannot_support : status_of(status);
    auto text = reinterpret_cast<const char16_t*>(names.sUserName);
    Status copied = utf8_from_utf16({text, std::char_traits<char16_t>::length(text)}, name);
    sspi()->table->FreeContextBuffer(names.sUserName);
    return copied;
}

Status SspiContext::impersonate() {
    return status_of(sspi()->table->ImpersonateSecurityContext(&handle_));
}
Status SspiContext::revert() {
    return status_of(sspi()->table->RevertSecurityContext(&handle_));
}

}  // namespace rpc::security
