#pragma once
// Whether secur32 alone can build a security context of a package, with an identity that this machine need not know.
struct Probe {
    long client = 0;  // the last SECURITY_STATUS of each side; what fails is negative
    long server = 0;
    bool login = false;  // both sides have built the context
};
Probe probe(const wchar_t* package, const wchar_t* user, const wchar_t* domain, const wchar_t* password);
