#pragma once
// A security context over SSPI, of either side. Sources: the documentation pages of InitializeSecurityContext,
// AcceptSecurityContext, EncryptMessage, MakeSignature; [MS-RPCE] 3.3.1.5.2.2.
#include "base/bytes.h"
#include "security/provider.h"
#include "security/sspi_win.h"

namespace rpc::security {

// A credentials handle with the size of its package's tokens; shared by the contexts made from it.
class SspiCredentials final : public RefCounted<SspiCredentials> {
public:
    SspiCredentials() = default;
    ~SspiCredentials();
    // `use` is SECPKG_CRED_x; `principal` may be null; `identity` a SEC_WINNT_AUTH_IDENTITY_W, or null for the calling
    // thread's.
    Status acquire(unsigned service, unsigned long use, const wchar_t* principal, void* identity);
    CredHandle* handle() const { return const_cast<CredHandle*>(&handle_); }
    unsigned service() const { return service_; }
    unsigned long max_token() const { return max_token_; }

private:
    CredHandle handle_{};
    unsigned long max_token_ = 0;
    unsigned service_ = 0;
    bool acquired_ = false;
};

class SspiContext final : public Context {
public:
    // `target`: UTF-16, terminated, or empty; a client's only.
    SspiContext(Ref<const SspiCredentials> credentials, bool client, Level level, unsigned long more_flags,
                Buffer target)
        : credentials_(std::move(credentials)),
          target_(std::move(target)),
          more_flags_(more_flags),
          level_(level),
          client_(client) {}
    ~SspiContext() override;

    Status step(ByteView in, Buffer& out, bool& complete) override;
    bool signs_headers() const override;
    uint16_t token_size(Level level) const override;
    Status protect(Level level, bool sign_header, const PduParts& pdu) override;
    Status unprotect(Level level, bool sign_header, const PduParts& pdu) override;
    Status client_name(Str& name) override;
    Status impersonate() override;
    Status revert() override;
    void* native() override { return &handle_; }

private:
    SECURITY_STATUS leg(SecBufferDesc* in, SecBufferDesc& out, unsigned long& attributes);
    Status finish();
    bool signs_read_only(bool sign_header) const;

    const Ref<const SspiCredentials> credentials_;
    const Buffer target_;
    const unsigned long more_flags_;
    const Level level_;
    const bool client_;
    bool made_ = false;
    unsigned long attributes_ = 0;  // granted so far
    CtxtHandle handle_{};
    SecPkgContext_Sizes sizes_{};
};

}  // namespace rpc::security
