// Extended error information as programs read and add it. Sources: the documentation page of each function, of
// RPC_EXTENDED_ERROR_INFO and of RPC_EE_INFO_PARAM.
#include <cstddef>

#include "abi/export.h"
#include "base/guard.h"
#include "base/seh.h"
#include "runtime/error_enumeration.h"
#include "runtime/error_policy.h"

namespace rpc::abi {
namespace {

using runtime::ErrorEnumeration;
using EnumHandle = RPC_ERROR_ENUM_HANDLE;
using Info = RPC_EXTENDED_ERROR_INFO;
using Param = RPC_EE_INFO_PARAM;

constexpr ULONG enum_signature = 0x45454E52;  // "RNEE"

Status find(const EnumHandle* handle, Ref<ErrorEnumeration>& out) {
    EnumHandle copy;
    if (!copy_guarded(&copy, handle, sizeof copy)) return Status::invalid_arg;
    if (copy.Signature == enum_signature) out = ErrorEnumeration::from_handle(copy.Head);
    return out ? Status::ok : Status::invalid_handle;
}

// Gives the enumeration to the caller's structure, or ends it.
Status hand_out(void* enumeration, EnumHandle* handle) {
    const EnumHandle out{enum_signature, nullptr, enumeration};
    if (copy_guarded(handle, &out, sizeof out)) return Status::ok;
    (void)ErrorEnumeration::end(enumeration);
    return Status::invalid_arg;
}

// What a record's text becomes for the caller: itself, or blocks of the process heap that are his in the end.
class Strings {
public:
    explicit Strings(bool copied) : copied_(copied) {}
    Strings(const Strings&) = delete;
    Strings& operator=(const Strings&) = delete;
    ~Strings() {
        while (count_ != 0) HeapFree(GetProcessHeap(), 0, blocks_[--count_]);
    }
    template <class T>
    bool give(const Buffer& text, T*& out) {
        void* block = const_cast<uint8_t*>(text.data());
        if (copied_) {
            block = blocks_[count_] = HeapAlloc(GetProcessHeap(), 0, text.size());
            if (!block) return false;
            ++count_;
            std::memcpy(block, text.data(), text.size());
        }
        out = static_cast<T*>(block);
        return true;
    }
    void keep() { count_ = 0; }

private:
    const bool copied_;
    size_t count_ = 0;
    void* blocks_[1 + max_error_params];
};

bool fill(const ErrorParam& from, Strings& strings, Param& to) {
    to.ParameterType = static_cast<ExtendedErrorParamTypes>(from.type);
    switch (from.type) {
    case ErrorParamType::ansi:
        return strings.give(from.text, to.u.AnsiString);
    case ErrorParamType::utf16:
        return strings.give(from.text, to.u.UnicodeString);
    case ErrorParamType::binary:
        to.u.BVal.Size = static_cast<short>(from.text.size());
        return strings.give(from.text, to.u.BVal.Buffer);
    case ErrorParamType::long_value:
        to.u.LVal = static_cast<LONG>(from.number);
        break;
    case ErrorParamType::short_value:
        to.u.SVal = static_cast<short>(from.number);
        break;
    case ErrorParamType::pointer:
        to.u.PVal = from.number;
        break;
    case ErrorParamType::none:
        break;
    }
    return true;
}

void fill_time(uint64_t time, bool as_file_time, Info& to) {
    const FILETIME file_time{static_cast<DWORD>(time), static_cast<DWORD>(time >> 32)};
    to.u = {};
    if (as_file_time) to.u.FileTime = file_time;
    else FileTimeToSystemTime(&file_time, &to.u.SystemTime);  // a time that cannot be stays zero
}

Status next_record(EnumHandle* handle, bool copy_strings, Info* out) {
    Ref<ErrorEnumeration> found;
    RPC_TRY(find(handle, found));
    Info info{};
    if (!copy_guarded(&info, out, offsetof(Info, Parameters))) return Status::invalid_arg;
    const bool known_flags = info.Flags == 0 || info.Flags == EEInfoUseFileTime;
    if (info.Version != RPC_EEINFO_VERSION || !known_flags || info.NumberOfParameters < 0 ||
        info.NumberOfParameters > MaxNumberOfEEInfoParams)
        return Status::invalid_arg;
    const ErrorRecord* record = found->current();
    if (!record) return Status::entry_not_found;
    if (record->param_count > info.NumberOfParameters) return Status::buffer_too_small;
    Strings strings(copy_strings);
    info.ComputerName = nullptr;
    if (!record->computer.empty() && !strings.give(record->computer, info.ComputerName)) return Status::out_of_memory;
    info.ProcessID = record->process_id;
    fill_time(record->time, info.Flags == EEInfoUseFileTime, info);
    info.GeneratingComponent = record->component;
    info.Status = record->status;
    info.DetectionLocation = record->location;
    info.Flags = record->flags;
    info.NumberOfParameters = record->param_count;
    for (size_t i = 0; i < record->param_count; ++i)
        if (!fill(record->params[i], strings, info.Parameters[i])) return Status::out_of_memory;
    if (!copy_guarded(out, &info, offsetof(Info, Parameters) + record->param_count * sizeof(Param))) return Status::invalid_arg;
    strings.keep();
    found->advance();
    return Status::ok;
}

template <class T>
bool read(const T* text, Buffer& out) {
    bool made = false;
    return probed([&] {
               size_t units = 1;
               while (text[units - 1] != 0) ++units;
               made = out.resize(units * sizeof(T));
               if (made) std::memcpy(out.data(), text, out.size());
           }) &&
           made;
}

Status read(const Param& from, ErrorParam& to) {
    to.type = static_cast<ErrorParamType>(from.ParameterType);
    switch (from.ParameterType) {
    case eeptAnsiString:
        return from.u.AnsiString && read(from.u.AnsiString, to.text) ? Status::ok : Status::invalid_arg;
    case eeptUnicodeString:
        return from.u.UnicodeString && read(from.u.UnicodeString, to.text) ? Status::ok : Status::invalid_arg;
    case eeptLongVal:
        to.number = static_cast<ULONG>(from.u.LVal);
        return Status::ok;
    case eeptShortVal:
        to.number = static_cast<USHORT>(from.u.SVal);
        return Status::ok;
    case eeptPointerVal:
        to.number = from.u.PVal;
        return Status::ok;
    case eeptNone:
        return Status::ok;
    default:
        return Status::invalid_arg;  // binary ones are the runtime's
    }
}

Status add_record(const Info* from) {
    Info info{};
    if (!copy_guarded(&info, from, offsetof(Info, Parameters))) return Status::invalid_arg;
    if (info.Version != RPC_EEINFO_VERSION || info.ComputerName || info.ProcessID != 0 || info.GeneratingComponent != 0 ||
        info.DetectionLocation != 0 || info.NumberOfParameters < 0 || info.NumberOfParameters > MaxNumberOfEEInfoParams)
        return Status::invalid_arg;
    const auto count = static_cast<size_t>(info.NumberOfParameters);
    if (!copy_guarded(info.Parameters, from->Parameters, count * sizeof(Param))) return Status::invalid_arg;
    ErrorChain* chain = thread_errors(true);
    auto record = chain ? make_error_record(ErrorComponent::application, info.Status, detected::none) : nullptr;
    if (!record) return Status::out_of_memory;
    for (size_t i = 0; i < count; ++i) RPC_TRY(read(info.Parameters[i], record->params[i]));
    record->param_count = static_cast<uint8_t>(count);
    return chain->push_back(std::move(record)) ? Status::ok : Status::out_of_memory;
}

Status save(EnumHandle* handle, void** blob, size_t* size) {
    Ref<ErrorEnumeration> found;
    RPC_TRY(find(handle, found));
    Buffer bytes;
    RPC_TRY(found->save(bytes));
    void* block = HeapAlloc(GetProcessHeap(), 0, bytes.size());
    if (!block) return Status::out_of_memory;
    std::memcpy(block, bytes.data(), bytes.size());
    const size_t count = bytes.size();
    if (copy_guarded(size, &count, sizeof count) && copy_guarded(blob, &block, sizeof block)) return Status::ok;
    HeapFree(GetProcessHeap(), 0, block);
    return Status::invalid_arg;
}

Status load(const void* blob, size_t size, EnumHandle* handle) {
    Buffer bytes;
    if (!blob || size == 0) return Status::invalid_arg;
    if (!bytes.resize(size)) return Status::out_of_memory;
    if (!copy_guarded(bytes.data(), blob, size)) return Status::invalid_arg;
    void* made = nullptr;
    RPC_TRY(ErrorEnumeration::load(bytes.view(), &made));
    return hand_out(made, handle);
}

}  // namespace
}  // namespace rpc::abi

using namespace rpc;
using namespace rpc::abi;

RPC_EXPORT(RPC_STATUS, RpcErrorStartEnumeration)(RPC_ERROR_ENUM_HANDLE* EnumHandle) {
    void* made = nullptr;
    Status status = ErrorEnumeration::start(&made);
    return to_rpc(failed(status) ? status : hand_out(made, EnumHandle));
}

RPC_EXPORT(RPC_STATUS, RpcErrorGetNextRecord)(RPC_ERROR_ENUM_HANDLE* EnumHandle, WINBOOL CopyStrings,
                                              RPC_EXTENDED_ERROR_INFO* ErrorInfo) {
    return to_rpc(next_record(EnumHandle, CopyStrings, ErrorInfo));
}

RPC_EXPORT(RPC_STATUS, RpcErrorEndEnumeration)(RPC_ERROR_ENUM_HANDLE* EnumHandle) {
    RPC_ERROR_ENUM_HANDLE copy, none{};
    if (!copy_guarded(&copy, EnumHandle, sizeof copy)) return RPC_S_INVALID_ARG;
    Status status = copy.Signature == enum_signature ? ErrorEnumeration::end(copy.Head) : Status::invalid_handle;
    if (!failed(status) && !copy_guarded(EnumHandle, &none, sizeof none)) status = Status::invalid_arg;
    return to_rpc(status);
}

RPC_EXPORT(RPC_STATUS, RpcErrorResetEnumeration)(RPC_ERROR_ENUM_HANDLE* EnumHandle) {
    Ref<ErrorEnumeration> found;
    Status status = find(EnumHandle, found);
    if (found) found->reset();
    return to_rpc(status);
}

RPC_EXPORT(RPC_STATUS, RpcErrorGetNumberOfRecords)(RPC_ERROR_ENUM_HANDLE* EnumHandle, int* Records) {
    Ref<ErrorEnumeration> found;
    if (Status status = find(EnumHandle, found); failed(status)) return to_rpc(status);
    const int count = static_cast<int>(found->count());
    return copy_guarded(Records, &count, sizeof count) ? RPC_S_OK : RPC_S_INVALID_ARG;
}

RPC_EXPORT(RPC_STATUS, RpcErrorSaveErrorInfo)(RPC_ERROR_ENUM_HANDLE* EnumHandle, PVOID* ErrorBlob, size_t* BlobSize) {
    return to_rpc(save(EnumHandle, ErrorBlob, BlobSize));
}

RPC_EXPORT(RPC_STATUS, RpcErrorLoadErrorInfo)(PVOID ErrorBlob, size_t BlobSize, RPC_ERROR_ENUM_HANDLE* EnumHandle) {
    return to_rpc(load(ErrorBlob, BlobSize, EnumHandle));
}

RPC_EXPORT(RPC_STATUS, RpcErrorAddRecord)(RPC_EXTENDED_ERROR_INFO* ErrorInfo) { return to_rpc(add_record(ErrorInfo)); }

RPC_EXPORT(void, RpcErrorClearInformation)(void) { clear_thread_errors(); }

// Only the SDK's headers name it: what the machine's policy turns on for all processes, for this one.
RPC_EXPORT(RPC_STATUS, I_RpcTurnOnEEInfoPropagation)(void) {
    runtime::apply_error_policy();
    set_errors_propagate(true);
    return RPC_S_OK;
}
