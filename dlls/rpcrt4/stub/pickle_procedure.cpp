// Procedures: a header, then the parameters as a request or a reply would have them.
#include <cstring>

#include "ndr/ndr.h"
#include "stub/client_parameters.h"
#include "stub/invoke.h"
#include "stub/pickle_stream.h"

namespace rpc::stub::pickle {

namespace {

// Oi_flags that mean something else in remote procedures.
constexpr uint8_t encode_is_used = 0x10, decode_is_used = 0x20;

const RPC_SYNTAX_IDENTIFIER& interface_of(const MIDL_STUB_DESC& desc) {
    static constexpr RPC_SYNTAX_IDENTIFIER none{};
    auto* face = static_cast<const RPC_CLIENT_INTERFACE*>(desc.RpcInterfaceInformation);
    return face ? face->InterfaceId : none;
}

// C706 6.1.2.1: a later minor version can what an earlier one could.
bool compatible(const RPC_SYNTAX_IDENTIFIER& encoded, const RPC_SYNTAX_IDENTIFIER& ours) {
    return std::memcmp(&encoded.SyntaxGUID, &ours.SyntaxGUID, sizeof(GUID)) == 0 &&
           encoded.SyntaxVersion.MajorVersion == ours.SyntaxVersion.MajorVersion &&
           encoded.SyntaxVersion.MinorVersion <= ours.SyntaxVersion.MinorVersion;
}

class ProcedureOperation {
public:
    ProcedureOperation(Stream* stream, const MIDL_STUB_DESC* desc, PFORMAT_STRING format, Slot* args, Style style,
                       void* returned)
        : stream_(stream), desc_(desc), format_(format), args_(args), style_(style), returned_(returned) {}

    Status run();
    void release();
    uint64_t result = 0;

private:
    Status parse();
    Status encode();
    Status decode();
    Status next_header(ProcedureHeader& header);

    Stream* stream_;
    const MIDL_STUB_DESC* desc_;
    PFORMAT_STRING format_;
    Slot* args_;
    Style style_;
    void* returned_;
    Result result_kind_;
    Procedure procedure_;
    RPC_MESSAGE message_{};
    MIDL_STUB_MESSAGE stub_{};
    ClientFrame frame_;
};

Status ProcedureOperation::parse() {
    RPC_TRY(check_version(*desc_));
    RPC_TRY(parse_procedure(format_, desc_->pFormatTypes, style_, false, procedure_));
    RPC_TRY(check_supported(procedure_));
    if (procedure_.has_pipes) return Status::cannot_support;  // there is nobody to push and pull
    RPC_TRY(result_of(procedure_, result_kind_));
    if (result_kind_.in_memory && !returned_) return Status::cannot_support;
    Parameter p;
    for (ParameterCursor at(procedure_); at.next(p);)
        if (is_context(p)) return Status::cannot_support;  // nothing that another process could use
    client_initialize(message_, stub_, *desc_, procedure_.number);
    stub_.StackTop = reinterpret_cast<uint8_t*>(args_);
    apply_procedure(procedure_, stub_);
    if (procedure_.oi_flags & oi_full_pointers) RPC_TRY(ndr::full_pointers_init(stub_, XLAT_CLIENT));
    frame_.stub = &stub_;
    frame_.procedure = &procedure_;
    frame_.arguments = stub_.StackTop;
    frame_.returned = returned_;
    return Status::ok;
}

Status ProcedureOperation::run() {
    RPC_TRY(parse());
    bool decodes = !failed(stream_->check(Action::decode));
    // Not every compiler says what a procedure is for.
    uint8_t used = procedure_.oi_flags & (encode_is_used | decode_is_used);
    if (used && !(used & (decodes ? decode_is_used : encode_is_used))) return Status::invalid_es_action;
    return decodes ? decode() : encode();
}

Status ProcedureOperation::encode() {
    RPC_TRY(stream_->check(Action::encode));
    RPC_TRY(size_in_parameters(frame_));
    ProcedureHeader header;
    header.interface_id = interface_of(*desc_);
    header.number = procedure_.number;
    header.length = (stub_.BufferLength + 7u) & ~7u;
    uint8_t* at = nullptr;
    RPC_TRY(stream_->reserve(procedure_header_size + header.length, desc_, at));
    write_procedure_header(at, header);
    at += procedure_header_size;
    message_.Buffer = at;
    message_.BufferLength = header.length;
    attach_buffer(stub_, message_, header.length);
    RPC_TRY(marshal_in_parameters(frame_));
    std::memset(stub_.Buffer, 0, static_cast<size_t>(at + header.length - stub_.Buffer));
    RPC_TRY(stream_->commit());
    stream_->procedure = header;
    stream_->has_procedure = true;
    return Status::ok;
}

Status ProcedureOperation::next_header(ProcedureHeader& header) {
    if (stream_->has_procedure) {
        header = stream_->procedure;
        stream_->has_procedure = false;
        return Status::ok;
    }
    const uint8_t* from = nullptr;
    RPC_TRY(stream_->take(procedure_header_size, from));
    return read_procedure_header(from, header);
}

Status ProcedureOperation::decode() {
    size_t position = stream_->position();
    ProcedureHeader header;
    const uint8_t* from = nullptr;
    Status status = next_header(header);
    if (!failed(status) && !compatible(header.interface_id, interface_of(*desc_))) status = Status::unknown_if;
    if (!failed(status)) status = stream_->take_padded(header.length, from);
    if (!failed(status)) {
        message_.Buffer = const_cast<uint8_t*>(from);  // read only
        message_.BufferLength = header.length;
        attach_buffer(stub_, message_, header.length);
        status = unmarshal_out_parameters(frame_, result);
        if (!failed(status) && returned_ && !result_kind_.in_memory) std::memcpy(returned_, &result, result_kind_.size);
    }
    if (failed(status)) stream_->go_back(position);
    return status;
}

void ProcedureOperation::release() {
    stream_->abandon();
    if (stub_.FullPtrXlatTables) ndr::full_pointers_free(stub_);
}

}  // namespace

Status procedure(void* handle, const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args, Style style,
                 void* returned, uint64_t& result) {
    auto stream = Stream::from_handle(handle);
    if (!stream) return Status::invalid_arg;
    struct Frame {
        ProcedureOperation operation;
        Status status = Status::ok;
    } frame{ProcedureOperation(stream.get(), &desc, format, args, style, returned)};
    run_with_cleanup([](void* p) { static_cast<Frame*>(p)->status = static_cast<Frame*>(p)->operation.run(); },
                     [](void* p) { static_cast<Frame*>(p)->operation.release(); }, &frame);
    result = frame.operation.result;
    return frame.status;
}

}  // namespace rpc::stub::pickle
