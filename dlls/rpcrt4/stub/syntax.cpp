#include "stub/syntax.h"

#include "runtime/convert.h"
#include "wire/syntax.h"

namespace rpc::stub {

namespace {

constexpr unsigned short no_procedure = 0xffff;

Status find(const MIDL_STUB_DESC* desc, PFORMAT_STRING procedures, const unsigned short* offsets,
            const RPC_SYNTAX_IDENTIFIER* syntax, const MIDL_SYNTAX_INFO* all, ULONG_PTR count, Ndr20Interface& found) {
    if (!desc) return Status::invalid_arg;
    for (ULONG_PTR i = 0; all && i < count; ++i) {
        const MIDL_SYNTAX_INFO& s = all[i];
        if (!is_ndr20(s.TransferSyntax)) continue;
        found = {desc, s.ProcString ? s.ProcString : procedures, s.FmtStringOffset ? s.FmtStringOffset : offsets,
                 s.TypeString ? s.TypeString : desc->pFormatTypes,
                 s.aUserMarshalQuadruple ? static_cast<const USER_MARSHAL_ROUTINE_QUADRUPLE*>(s.aUserMarshalQuadruple)
                                         : desc->aUserMarshalQuadruple,
                 &s.TransferSyntax};
        return found.procedures && found.offsets ? Status::ok : Status::invalid_arg;
    }
    // An interface in one syntax has no list.
    if ((all && count != 0) || (syntax && !is_ndr20(*syntax))) return Status::unsupported_trans_syn;
    found = {desc, procedures, offsets, desc->pFormatTypes, desc->aUserMarshalQuadruple, syntax};
    return procedures && offsets ? Status::ok : Status::invalid_arg;
}

}  // namespace

bool is_ndr20(const RPC_SYNTAX_IDENTIFIER& syntax) { return runtime::to_syntax(syntax) == wire::ndr20; }

Status Ndr20Interface::procedure(unsigned int number, PFORMAT_STRING& format) const {
    if (offsets[number] == no_procedure) return Status::procnum_out_of_range;
    format = procedures + offsets[number];
    return Status::ok;
}

MIDL_STUB_DESC Ndr20Interface::own_desc() const {
    MIDL_STUB_DESC own = *desc;
    own.pFormatTypes = types;
    own.aUserMarshalQuadruple = user_marshal;
    return own;
}

Status find_ndr20(const MIDL_STUBLESS_PROXY_INFO& info, Ndr20Interface& found) {
    return find(info.pStubDesc, info.ProcFormatString, info.FormatStringOffset, info.pTransferSyntax, info.pSyntaxInfo,
                info.nCount, found);
}

Status find_ndr20(const MIDL_SERVER_INFO& info, Ndr20Interface& found) {
    return find(info.pStubDesc, info.ProcString, info.FmtStringOffset, info.pTransferSyntax, info.pSyntaxInfo, info.nCount,
                found);
}

}  // namespace rpc::stub
