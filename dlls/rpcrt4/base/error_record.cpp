#include "base/error_record.h"

#include <atomic>

#include "base/module.h"
#include "base/os.h"
#include "base/utf.h"

namespace rpc {
namespace {

constinit std::atomic<bool> g_propagate{false};

bool fill(ErrorParam& param, const NotedParam& noted) {
    if (!noted.is_text) {
        param.type = ErrorParamType::long_value;
        param.number = noted.number;
        return true;
    }
    if (!param.text.resize((noted.text.size() + 1) * sizeof(char16_t))) return false;
    auto units = reinterpret_cast<char16_t*>(param.text.data());
    const size_t count = utf16_from_utf8(noted.text, units);
    units[count] = 0;
    param.type = ErrorParamType::utf16;
    return param.text.resize((count + 1) * sizeof(char16_t));
}

}  // namespace

bool copy_chain(const ErrorChain& from, ErrorChain& to) {
    ErrorChain made;
    if (!made.reserve(from.size())) return false;
    for (const Ref<const ErrorRecord>& record : from)
        if (!made.push_back(record)) return false;
    to = std::move(made);
    return true;
}

Ref<ErrorRecord> make_error_record(ErrorComponent component, uint32_t status, uint16_t location) {
    auto record = make_ref<ErrorRecord>();
    if (!record) return nullptr;
    record->process_id = os::process_id();
    record->time = os::system_time();
    record->component = static_cast<uint32_t>(component);
    record->status = status;
    record->location = location;
    return record;
}

void note_error(ErrorComponent component, uint32_t status, uint16_t location, std::initializer_list<NotedParam> params) {
    ErrorChain* chain = thread_errors(true);
    Ref<ErrorRecord> record = chain ? make_error_record(component, status, location) : nullptr;
    if (!record) return;
    for (const NotedParam& noted : params)
        if (record->param_count == max_error_params || !fill(record->params[record->param_count++], noted)) return;
    (void)chain->push_back(std::move(record));
}

ErrorChain* thread_errors(bool create) {
    auto chain = static_cast<ErrorChain*>(thread_slot(ThreadSlot::errors));
    if (chain || !create) return chain;
    chain = make<ErrorChain>();
    set_thread_exit(ThreadSlot::errors, [](void* value) { destroy(static_cast<ErrorChain*>(value)); });
    if (chain && !set_thread_slot(ThreadSlot::errors, chain)) {
        destroy(chain);
        return nullptr;
    }
    return chain;
}

ErrorChain take_thread_errors() {
    ErrorChain* chain = thread_errors(false);
    return chain ? std::move(*chain) : ErrorChain();
}

void set_thread_errors(ErrorChain chain) {
    if (chain.empty()) return clear_thread_errors();
    if (ErrorChain* own = thread_errors(true)) *own = std::move(chain);
}

void clear_thread_errors() {
    if (ErrorChain* chain = thread_errors(false)) chain->clear();
}

size_t TentativeErrors::count() {
    const ErrorChain* chain = thread_errors(false);
    return chain ? chain->size() : 0;
}

TentativeErrors::~TentativeErrors() {
    ErrorChain* chain = kept_ ? nullptr : thread_errors(false);
    while (chain && chain->size() > before_) (void)chain->pop_back();
}

bool errors_propagate() { return g_propagate.load(std::memory_order_relaxed); }
void set_errors_propagate(bool on) { g_propagate.store(on, std::memory_order_relaxed); }

}  // namespace rpc
