#include "runtime/error_enumeration.h"

#include "wire/error_info.h"

namespace rpc::runtime {

Status ErrorEnumeration::to_handle(ErrorChain chain, void** handle) {
    auto made = make_ref<ErrorEnumeration>();
    if (!made) return Status::out_of_memory;
    made->chain_ = std::move(chain);
    RPC_TRY(handle_table::add(made.get(), HandleKind::error_enumeration));
    *handle = made.detach();
    return Status::ok;
}

Status ErrorEnumeration::start(void** handle) {
    const ErrorChain* own = thread_errors(false);
    if (!own || own->empty()) return Status::entry_not_found;
    ErrorChain snapshot;
    if (!copy_chain(*own, snapshot)) return Status::out_of_memory;
    return to_handle(std::move(snapshot), handle);
}

Status ErrorEnumeration::load(ByteView blob, void** handle) {
    ErrorChain chain;
    RPC_TRY(wire::decode_error_info(blob, chain));
    return to_handle(std::move(chain), handle);
}

Ref<ErrorEnumeration> ErrorEnumeration::from_handle(const void* handle) {
    return runtime::from_handle<ErrorEnumeration>(handle, HandleKind::error_enumeration);
}

Status ErrorEnumeration::end(void* handle) {
    if (handle_table::kind_of(handle) != HandleKind::error_enumeration || !handle_table::remove(handle)) return Status::invalid_handle;
    static_cast<ErrorEnumeration*>(handle)->release();
    return Status::ok;
}

Status ErrorEnumeration::save(Buffer& blob) const { return wire::encode_error_info(chain_, {}, UINT32_MAX, blob); }

}  // namespace rpc::runtime
