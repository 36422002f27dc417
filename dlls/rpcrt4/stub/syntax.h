#pragma once
// Interfaces that stubs describe in several transfer syntaxes (MIDL_SYNTAX_INFO: MIDL /protocol all, and -protocol of widl).
// The NDR 2.0 description is the one that is interpreted; NDR64's place is beside it: a second find, and an interpreter for
// what it finds. Source: headers (rpcndr.h); the structures have no page.
#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::stub {

// One interface in NDR 2.0. Everything pointed at is the stub's own constant data.
struct Ndr20Interface {
    const MIDL_STUB_DESC* desc = nullptr;
    PFORMAT_STRING procedures = nullptr;
    const unsigned short* offsets = nullptr;                      // of the procedures, by number
    PFORMAT_STRING types = nullptr;
    const USER_MARSHAL_ROUTINE_QUADRUPLE* user_marshal = nullptr;
    const RPC_SYNTAX_IDENTIFIER* transfer_syntax = nullptr;       // null: the interface's own

    // The procedure's format; procnum_out_of_range for one that the interface leaves out.
    Status procedure(unsigned int number, PFORMAT_STRING& format) const;
    // Whether the stub descriptor says the same of the types.
    bool matches_desc() const { return desc->pFormatTypes == types && desc->aUserMarshalQuadruple == user_marshal; }
    // The stub descriptor with what this syntax says of the types.
    MIDL_STUB_DESC own_desc() const;
};

bool is_ndr20(const RPC_SYNTAX_IDENTIFIER& syntax);

// The NDR 2.0 entry of pSyntaxInfo; where there is none, the structure's own strings when its transfer syntax is NDR 2.0 or
// is not given. unsupported_trans_syn when only others are there, invalid_arg without a stub descriptor.
Status find_ndr20(const MIDL_STUBLESS_PROXY_INFO& info, Ndr20Interface& found);
Status find_ndr20(const MIDL_SERVER_INFO& info, Ndr20Interface& found);

}  // namespace rpc::stub
