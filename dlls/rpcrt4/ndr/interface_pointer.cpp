// Interface pointers, an OBJREF ([MS-DCOM] 2.2.18) that COM writes and reads, in one of two forms.
//  - To another machine: a unique pointer to an MInterfacePointer ([MS-DCOM] 2.2.14): a referent id, and where pointees go the
//    maximum count, ulCntData and that many bytes.
//  - On this machine: what Wine's own proxies and stubs write and read, for they may be the peer: ulCntData (0: null) and the
//    bytes, at the pointer's own place.
// Read are both: the second form has the OBJREF's signature where the first cannot.
#include <atomic>
#include <cstring>

#include "ndr/types.h"

namespace rpc::ndr {

namespace {

constinit std::atomic<InterfaceHook> interface_hook{nullptr};
constexpr uint8_t signature[4] = {'M', 'E', 'O', 'W'};

InterfaceHook hook() { return interface_hook.load(std::memory_order_acquire); }

}  // namespace

void set_interface_hook(InterfaceHook hook) { interface_hook.store(hook, std::memory_order_release); }

void release_object(MIDL_STUB_MESSAGE& m, void* object) {
    if (InterfaceHook h = hook(); h && object) (void)code(h(Op::free, m, nullptr, &object, 0));
}

Status interface_pointer(Walker& w, uint8_t* memory, Format f) { return w.object_pointer(memory, f, false); }

Status Walker::object_pointer(uint8_t* slot, Format f, bool native) {
    Pending p{};
    p.kind = Pending::object;
    p.format = f;
    p.slot = slot;
    p.native = native;
    p.base = base;
    if (slot) p.value = load(slot, native);
    if (op_ == Op::free) return release_pointer(p);
    if (reads()) return read_object(p);
    if (p.value && on_this_machine(message_)) return write_object(p, 1);
    if (p.value) p.id = op_ == Op::marshal ? next_id() : 1;
    RPC_TRY(number(p.id));
    return p.value ? push(p) : Status::ok;
}

Status Walker::process_object(const Pending& p) { return reads() ? read_counted_object(p) : write_object(p, 2); }

Status Walker::release_pointer(const Pending& p) {
    if (!p.value) return Status::ok;
    if (!hook()) return Status::cannot_support;
    void* object = p.value;
    store(p.slot, nullptr, p.native);
    return hook()(Op::free, message_, nullptr, &object, 0);
}

// The bytes after `counts` numbers, each of which is how many they are.
Status Walker::write_object(const Pending& p, unsigned counts) {
    if (!hook()) return Status::cannot_support;
    void* object = p.value;
    const void* iid = nullptr;
    RPC_TRY(interface_id(p.format, p.slot, iid));
    RPC_TRY(align(3));
    RPC_TRY(need(4 * counts));
    uint8_t* numbers = at_;
    if (op_ == Op::size) length_ += 4 * counts;
    else at_ += 4 * counts;
    lend();
    uint64_t room = op_ == Op::size ? 0 : left();
    RPC_TRY(hook()(op_, message_, iid, &object, static_cast<uint32_t>(room < INT32_MAX ? room : INT32_MAX)));
    RPC_TRY(take_back());
    if (op_ == Op::size) return Status::ok;
    auto count = static_cast<uint32_t>(at_ - numbers - 4 * counts);
    for (unsigned i = 0; i < counts; ++i) std::memcpy(numbers + 4 * i, &count, 4);
    return Status::ok;
}

Status Walker::read_object(Pending& p) {
    RPC_TRY(number(p.id));
    if (p.id == 0) {
        if (op_ != Op::unmarshal) return Status::ok;
        store(p.slot, nullptr, p.native);
        // What the caller gave is released before it is replaced (documentation page "Pointers (RPC)", FC_OP).
        if (p.value && message_.IsClient) release_object(message_, p.value);
        return Status::ok;
    }
    if (left() >= sizeof signature && std::memcmp(at_, signature, sizeof signature) == 0) return read_bytes(p, p.id);
    return push(p);
}

Status Walker::read_counted_object(const Pending& p) {
    uint32_t most = 0, count = 0;
    RPC_TRY(number(most));
    RPC_TRY(number(count));
    return most == count ? read_bytes(p, count) : Status::bad_stub_data;
}

Status Walker::read_bytes(const Pending& p, uint32_t count) {
    RPC_TRY(need(count));
    if (op_ != Op::unmarshal) return bytes(nullptr, count);
    if (!hook()) return Status::cannot_support;
    // Inline stubs need not say which interface they expect; COM then makes the one that the OBJREF names.
    static constexpr uint8_t any_interface[16] = {};
    const void* iid = any_interface;
    if (message_.StackTop || p.format[1] == fc_constant_iid) RPC_TRY(interface_id(p.format, p.slot, iid));
    if (!notes_->allocations.reserve(notes_->allocations.size() + 1)) return Status::out_of_memory;
    void* object = nullptr;
    lend();
    RPC_TRY(hook()(Op::unmarshal, message_, iid, &object, count));
    at_ += count;
    store(p.slot, static_cast<uint8_t*>(object), p.native);
    if (object && !notes_->allocations.push_back({static_cast<uint8_t*>(object), p.slot, p.native, true}))
        return Status::out_of_memory;  // reserved: never
    if (p.value && message_.IsClient) release_object(message_, p.value);
    return Status::ok;
}

}  // namespace rpc::ndr
