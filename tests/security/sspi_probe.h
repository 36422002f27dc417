#pragma once
// Whether secur32 alone can build a security context of a package, with an identity that this machine need not know.
struct Probe {
    long client = 0;  // the last SECURITY_STATUS of each side; what fails is negative
    long server = 0;
    bool login = false;  // both sides have built the context
    // Then: whether what one side signs or seals is taken by the other, to the server and back.
    bool sign_to_server = false, sign_to_client = false, seal_to_server = false, seal_to_client = false;
};
Probe probe(const wchar_t* package, const wchar_t* user, const wchar_t* domain, const wchar_t* password);
