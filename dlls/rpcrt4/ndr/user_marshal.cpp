// Types that user code carries: user_marshal, transmit_as, represent_as. Documentation pages "User-marshal" and "The
// user_marshal Attribute", "The transmit_as Attribute".
//
// A user_marshal type whose wire type is a pointer, as BSTR and VARIANT are, goes in one of two forms.
//  - To another machine as its wire type says: an id, none for [ref] that is a parameter, and the data at their own alignment.
//  - On this machine as Wine's own proxies and stubs write and read it, for they may be the peer: an id in any case, and the data
//    at a multiple of 8.
#include <cstring>

#include "base/guard.h"
#include "ndr/types.h"

namespace rpc::ndr {

namespace {

constexpr uint8_t marshal_unique = 0x80, marshal_ref = 0x40;
constexpr unsigned local_alignment = 7;

bool is_pointer_here(const MIDL_STUB_MESSAGE& m, Format f) {
    return (f[1] & (marshal_unique | marshal_ref)) && on_this_machine(m);
}

Format wire_type(Format f) { return relative(f + 8); }

USER_MARSHAL_CB block_for(Walker& w, Format f, USER_MARSHAL_CB_TYPE type) {
    MIDL_STUB_MESSAGE& m = w.message();
    USER_MARSHAL_CB cb = {};
    uint32_t representation = m.RpcMsg ? static_cast<uint32_t>(m.RpcMsg->DataRepresentation) : NDR_LOCAL_DATA_REPRESENTATION;
    if (!w.reads()) representation = NDR_LOCAL_DATA_REPRESENTATION;
    cb.Flags = (static_cast<uint32_t>(m.dwDestContext) & 0xff) | (m.fHasNewCorrDesc ? USER_CALL_NEW_CORRELATION_DESC : 0) |
               representation << 16;
    cb.pStubMsg = &m;
    cb.Signature = user_marshal_signature;
    cb.CBType = type;
    cb.pFormat = f;
    cb.pTypeFormat = wire_type(f);
    return cb;
}

// Runs one of the four routines; the message's buffer is theirs meanwhile.
Status call(Walker& w, uint8_t* memory, Format f) {
    MIDL_STUB_MESSAGE& m = w.message();
    const USER_MARSHAL_ROUTINE_QUADRUPLE* all = m.StubDesc ? m.StubDesc->aUserMarshalQuadruple : nullptr;
    if (!all) return Status::internal_error;
    const USER_MARSHAL_ROUTINE_QUADRUPLE& routines = all[u16_at(f + 2)];
    uint32_t code = 0;
    w.lend();
    switch (w.op()) {
    case Op::size: {
        USER_MARSHAL_CB cb = block_for(w, f, USER_MARSHAL_CB_BUFFER_SIZE);
        code = call_guarded([&] { m.BufferLength = routines.pfnBufferSize(&cb.Flags, m.BufferLength, memory); });
        break;
    }
    case Op::marshal: {
        USER_MARSHAL_CB cb = block_for(w, f, USER_MARSHAL_CB_MARSHALL);
        code = call_guarded([&] { m.Buffer = routines.pfnMarshall(&cb.Flags, m.Buffer, memory); });
        break;
    }
    case Op::unmarshal: {
        USER_MARSHAL_CB cb = block_for(w, f, USER_MARSHAL_CB_UNMARSHALL);
        code = call_guarded([&] { m.Buffer = routines.pfnUnmarshall(&cb.Flags, m.Buffer, memory); });
        break;
    }
    default: {
        USER_MARSHAL_CB cb = block_for(w, f, USER_MARSHAL_CB_FREE);
        code = call_guarded([&] { routines.pfnFree(&cb.Flags, memory); });
        break;
    }
    }
    if (code != 0) return static_cast<Status>(code);
    return w.take_back();
}

}  // namespace

// The data after the pointer, if there is one.
Status user_marshal_data(Walker& w, uint8_t* memory, Format f) {
    if (w.is(Op::free)) return call(w, memory, f);
    RPC_TRY(w.align(is_pointer_here(w.message(), f) ? local_alignment : f[1] & 0x0f));
    if (w.is(Op::memory_size) || w.is(Op::convert)) {
        Format type = pointee_of(wire_type(f));
        return is_pointer(type[0]) ? w.plain_pointer(nullptr, type, false) : w.object(nullptr, type);
    }
    // A fixed size spares the sizing routine.
    if (w.is(Op::size) && u16_at(f + 6) != 0) return w.bytes(nullptr, u16_at(f + 6));
    return call(w, memory, f);
}

Status user_marshal(Walker& w, uint8_t* memory, Format f) {
    const bool here = is_pointer_here(w.message(), f), measures = w.is(Op::memory_size) || w.is(Op::convert);
    if (measures && !(here && is_pointer(wire_type(f)[0]))) {
        // What travels is described like any other type.
        Format type = wire_type(f);
        if (!is_pointer(type[0])) return w.flat(nullptr, type);
        return w.embedded() ? w.embedded_pointer(nullptr, type) : w.plain_pointer(nullptr, type, false);
    }
    if (w.is(Op::free)) return call(w, memory, f);
    const bool unique = (f[1] & marshal_unique) != 0;
    if (unique || here || ((f[1] & marshal_ref) && w.embedded())) {
        uint32_t id = w.is(Op::marshal) ? w.next_id() : 0;
        RPC_TRY(w.number(id));
        if (id == 0 && unique && w.reads()) {
            if (!measures) std::memset(memory, 0, u16_at(f + 4));
            return Status::ok;
        }
        if (w.embedded()) {
            Pending p{};
            p.kind = Pending::user;
            p.format = f;
            p.value = memory;
            p.base = w.base;
            return w.push(p);
        }
    }
    return user_marshal_data(w, memory, f);
}

Status user_marshal_size(Walker&, Format f, uint64_t& size) {
    size = u16_at(f + 4);
    return Status::ok;
}

// FC_TRANSMIT_AS, FC_REPRESENT_AS: flags and alignment, quintuple<2>, presented size<2>, transmitted size<2>, type<2>
Status transmit_as(Walker& w, uint8_t* memory, Format f) {
    MIDL_STUB_MESSAGE& m = w.message();
    Format type = wire_type(f);
    if (w.is(Op::memory_size) || w.is(Op::convert)) return w.flat(nullptr, type);
    const XMIT_ROUTINE_QUINTUPLE* all = m.StubDesc ? m.StubDesc->aXmitQuintuple : nullptr;
    if (!all) return Status::internal_error;
    const XMIT_ROUTINE_QUINTUPLE& routines = all[u16_at(f + 2)];
    m.pPresentedType = memory;
    m.pTransmitType = nullptr;
    if (w.is(Op::free)) return static_cast<Status>(call_guarded([&] { routines.pfnFreeInst(&m); }));
    // The transmitted form lives no longer than this function.
    if (is_pointer(type[0]) || has_pointers(m, type) || conformant_array_of(type)) return Status::cannot_support;
    if (!w.is(Op::unmarshal)) {
        uint32_t code = call_guarded([&] { routines.pfnTranslateToXmit(&m); });
        if (code != 0) return static_cast<Status>(code);
        if (!m.pTransmitType) return Status::null_ref_pointer;
        Status s = w.flat(m.pTransmitType, type);
        code = call_guarded([&] { routines.pfnFreeXmit(&m); });
        return failed(s) ? s : static_cast<Status>(code);
    }
    uint64_t size = 0;
    RPC_TRY(memory_size_of(w, type, size));
    void* block = mem_alloc_zeroed(static_cast<size_t>(size));
    if (!block) return Status::out_of_memory;
    m.pTransmitType = static_cast<unsigned char*>(block);
    Status s = w.flat(m.pTransmitType, type);
    if (!failed(s)) s = static_cast<Status>(call_guarded([&] { routines.pfnTranslateFromXmit(&m); }));
    m.pTransmitType = nullptr;
    mem_free(block);
    return s;
}

Status transmit_as_size(Walker&, Format f, uint64_t& size) {
    size = u16_at(f + 4);
    return Status::ok;
}

// A pipe is no data: its procedure's interpreter moves it.
Status not_built(Walker&, uint8_t*, Format) { return Status::cannot_support; }

}  // namespace rpc::ndr
