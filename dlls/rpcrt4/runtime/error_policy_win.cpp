#include <windows.h>
#include <winternl.h>

#include "base/utf.h"
#include "runtime/error_policy.h"

// By ntdll: advapi32 is loaded on first use only. Documentation pages ZwOpenKey, ZwQueryValueKey.
extern "C" {
NTSTATUS NTAPI NtOpenKey(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*);
NTSTATUS NTAPI NtQueryValueKey(HANDLE, UNICODE_STRING*, ULONG, void*, ULONG, ULONG*);
}

namespace rpc::runtime {
namespace {

constexpr wchar_t policy_key[] = L"\\Registry\\Machine\\Software\\Policies\\Microsoft\\Windows NT\\Rpc";
constexpr ULONG partial_information = 2;  // KeyValuePartialInformation

struct Value {
    ULONG title_index;
    ULONG type;
    ULONG length;
    UCHAR data[2048];
};

UNICODE_STRING string_of(const wchar_t* text) {
    const auto size = static_cast<USHORT>(wcslen(text) * sizeof(wchar_t));
    return {size, size, const_cast<wchar_t*>(text)};
}

bool query(HANDLE key, const wchar_t* name, ULONG type, Value& value) {
    UNICODE_STRING wanted = string_of(name);
    ULONG size;
    return NtQueryValueKey(key, &wanted, partial_information, &value, sizeof value, &size) >= 0 && value.type == type;
}

std::u16string_view text_of(const wchar_t* text, size_t units) {
    return {reinterpret_cast<const char16_t*>(text), units};
}

}  // namespace

void read_error_policy(ErrorPolicy& policy, Str& command_line) {
    UNICODE_STRING name = string_of(policy_key);
    OBJECT_ATTRIBUTES attributes{};
    attributes.Length = sizeof attributes;
    attributes.ObjectName = &name;
    attributes.Attributes = OBJ_CASE_INSENSITIVE;
    HANDLE key;
    if (NtOpenKey(&key, KEY_QUERY_VALUE, &attributes) < 0) return;
    Value value{};
    if (query(key, L"ExtErrorInformation", REG_DWORD, value) && value.length == sizeof policy.mode)
        memcpy(&policy.mode, value.data, sizeof policy.mode);
    if (query(key, L"ExtErrorInfoExceptions", REG_SZ, value)) {
        const auto text = reinterpret_cast<const wchar_t*>(value.data);
        size_t units = value.length / sizeof(wchar_t);
        while (units != 0 && text[units - 1] == 0) --units;
        if (failed(utf8_from_utf16(text_of(text, units), policy.exceptions))) policy.mode = ErrorPolicy::off;
    }
    NtClose(key);
    const wchar_t* line = GetCommandLineW();
    if (failed(utf8_from_utf16(text_of(line, wcslen(line)), command_line))) policy.mode = ErrorPolicy::off;
}

}  // namespace rpc::runtime
