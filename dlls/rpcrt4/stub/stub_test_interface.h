#pragma once
// Tests only: building an interface with hand-written format strings.
#include <initializer_list>
#include <vector>

#include "base/abi_types.h"
#include "stub/procedure.h"

namespace rpc::test {

using Bytes = std::vector<uint8_t>;

inline void put16(Bytes& b, size_t v) {
    b.push_back(static_cast<uint8_t>(v));
    b.push_back(static_cast<uint8_t>(v >> 8));
}

struct Param {
    uint16_t attributes;
    uint16_t slot;  // number of the argument slot
    uint16_t type;  // format character, or offset of the type
};

// What a procedure's header is made from; the interpreter's slots are the host's.
struct Header {
    uint8_t handle_type = 0;
    uint8_t oi_flags = 0x48;
    uint16_t slots = 0;       // with the result's
    Bytes explicit_handle;    // its offset as a slot number in bytes 2 and 3
    uint8_t opt_flags = 0x44;
    uint8_t opt_flags2 = 0x01;
    uint32_t rpc_flags = 0;
};

inline Bytes procedure(uint16_t number, const Header& h, std::initializer_list<Param> params) {
    Bytes b{h.handle_type, h.oi_flags};
    if (h.oi_flags & 0x08) {
        put16(b, h.rpc_flags & 0xffff);
        put16(b, h.rpc_flags >> 16);
    }
    put16(b, number);
    put16(b, h.slots * sizeof(void*));
    Bytes handle = h.explicit_handle;
    if (!handle.empty()) {
        size_t offset = static_cast<size_t>(handle[2] | handle[3] << 8) * sizeof(void*);
        handle[2] = static_cast<uint8_t>(offset);
        handle[3] = static_cast<uint8_t>(offset >> 8);
    }
    b.insert(b.end(), handle.begin(), handle.end());
    put16(b, 0);
    put16(b, 0);
    b.push_back(h.opt_flags);
    b.push_back(static_cast<uint8_t>(params.size()));
    if (h.opt_flags & 0x40) {
        Bytes extension{0x0a, h.opt_flags2, 0, 0, 0, 0, 0, 0, 0, 0};
        b.insert(b.end(), extension.begin(), extension.end());
    }
    for (const Param& p : params) {
        put16(b, p.attributes);
        put16(b, p.slot * sizeof(void*));
        put16(b, p.type);
    }
    return b;
}

// One client and server interface whose procedures are added one by one.
class Interface {
public:
    explicit Interface(Bytes types) : types_(std::move(types)) {
        face_.Length = sizeof face_;
        face_.InterfaceId.SyntaxGUID.Data1 = 0x12345678;
        face_.DispatchTable = &table_;
        face_.InterpreterInfo = &info_;
        desc_.RpcInterfaceInformation = &face_;
        desc_.pfnAllocate = [](size_t n) { return ++allocations(), ::operator new(n, std::nothrow); };
        desc_.pfnFree = [](void* p) { --allocations(), ::operator delete(p); };
        desc_.apfnNdrRundownRoutines = rundowns_;
        desc_.pFormatTypes = types_.data();
        desc_.Version = 0x50002;
        info_.pStubDesc = &desc_;
    }
    static long& allocations() {
        static long count = 0;
        return count;
    }
    // The manager is a function whose parameters are integers and pointers.
    template <class F>
    void add(Bytes format, F* manager) {
        offsets_.push_back(static_cast<unsigned short>(formats_.size()));
        formats_.insert(formats_.end(), format.begin(), format.end());
        managers_.push_back(reinterpret_cast<SERVER_ROUTINE>(manager));
        info_.ProcString = formats_.data();
        info_.FmtStringOffset = offsets_.data();
        info_.DispatchTable = managers_.data();
        table_.DispatchTableCount = static_cast<unsigned>(managers_.size());
    }
    const uint8_t* format(size_t number) const { return formats_.data() + offsets_[number]; }
    MIDL_STUB_DESC& desc() { return desc_; }
    MIDL_SERVER_INFO& info() { return info_; }
    RPC_SERVER_INTERFACE* face() { return &face_; }
    NDR_RUNDOWN rundowns_[4] = {};

private:
    Bytes types_, formats_;
    std::vector<unsigned short> offsets_;
    std::vector<SERVER_ROUTINE> managers_;
    RPC_SERVER_INTERFACE face_{};
    RPC_DISPATCH_TABLE table_{};
    MIDL_STUB_DESC desc_{};
    MIDL_SERVER_INFO info_{};
};

}  // namespace rpc::test
