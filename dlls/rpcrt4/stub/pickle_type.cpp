// Types: headers, data, padding.
#include <cstring>

#include "ndr/ndr.h"
#include "stub/call_message.h"
#include "stub/invoke.h"
#include "stub/pickle_stream.h"
#include "stub/syntax.h"

namespace rpc::stub::pickle {

namespace {

constexpr size_t data_alignment = 8;

size_t padded(size_t size) {
    return (size + data_alignment - 1) & ~(data_alignment - 1);
}

// One operation on one type. Plain members that `release` gives back, so that an exception may pass.
class TypeOperation {
public:
    TypeOperation(Stream* stream, const Type& type, void* object) : stream_(stream), type_(type), object_(object) {}

    Status size(size_t& total);
    Status encode();
    Status decode();
    Status free_object();
    void release();

private:
    Status begin();
    uint8_t* memory() const;
    Status measure(size_t& total);
    Status unmarshal(const uint8_t* data, size_t size);
    size_t headers() const {
        return (stream_->has_common_header ? 0 : common_header_size) + stream_->layout.private_header_size();
    }

    Stream* stream_;
    Type type_;
    void* object_;
    size_t length_ = 0;        // of the data, padding included
    uint8_t* copy_ = nullptr;  // of data in the other byte order
    RPC_MESSAGE message_{};
    MIDL_STUB_MESSAGE stub_{};
};

Status TypeOperation::begin() {
    if (!object_) return Status::null_ref_pointer;
    client_initialize(message_, stub_, *type_.desc, 0);
    stub_.fHasNewCorrDesc = (type_.flags & type_new_correlation) != 0;
    return ndr::full_pointers_init(stub_, XLAT_CLIENT);
}

// What the engine takes: of a pointer type, the pointer.
uint8_t* TypeOperation::memory() const {
    if (!is_pointer_type(type_.format[0])) return static_cast<uint8_t*>(object_);
    uint8_t* pointer;
    std::memcpy(&pointer, object_, sizeof pointer);
    return pointer;
}

Status TypeOperation::measure(size_t& total) {
    RPC_TRY(begin());
    RPC_TRY(ndr::buffer_size(stub_, memory(), type_.format));
    length_ = padded(stub_.BufferLength);
    total = headers() + length_;
    return Status::ok;
}

Status TypeOperation::size(size_t& total) {
    RPC_TRY(stream_->check(Action::encode));
    return measure(total);
}

Status TypeOperation::encode() {
    RPC_TRY(stream_->check(Action::encode));
    size_t total = 0;
    uint8_t* at = nullptr;
    RPC_TRY(measure(total));
    RPC_TRY(stream_->reserve(total, type_.desc, at));
    if (!stream_->has_common_header) {
        write_common_header(at);
        at += common_header_size;
    }
    write_private_header(at, static_cast<uint32_t>(length_));
    at += stream_->layout.private_header_size();
    message_.Buffer = at;
    message_.BufferLength = static_cast<unsigned>(length_);
    attach_buffer(stub_, message_, length_);
    RPC_TRY(ndr::marshal(stub_, memory(), type_.format));
    std::memset(stub_.Buffer, 0, static_cast<size_t>(at + length_ - stub_.Buffer));
    RPC_TRY(stream_->commit());
    stream_->has_common_header = true;
    return Status::ok;
}

Status TypeOperation::unmarshal(const uint8_t* data, size_t size) {
    message_.Buffer = const_cast<uint8_t*>(data);  // read only
    message_.BufferLength = static_cast<unsigned>(size);
    if (stream_->layout.big_endian) {
        // The caller's bytes stay what they are.
        copy_ = static_cast<uint8_t*>(mem_alloc(size ? size : 1));
        if (!copy_) return Status::out_of_memory;
        std::memcpy(copy_, data, size);
        message_.Buffer = copy_;
        message_.DataRepresentation = NDR_BIG_ENDIAN | NDR_ASCII_CHAR | NDR_IEEE_FLOAT;
        attach_buffer(stub_, message_, size);
        RPC_TRY(ndr::convert_type(stub_, type_.format));
        message_.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    }
    attach_buffer(stub_, message_, size);
    uint8_t* where = memory();
    RPC_TRY(ndr::unmarshal(stub_, &where, type_.format, false));
    if (is_pointer_type(type_.format[0])) std::memcpy(object_, &where, sizeof where);
    return Status::ok;
}

// The stream's common header, in front of its first type.
Status read_common_header(Stream& stream) {
    if (stream.has_common_header) return Status::ok;
    const uint8_t* from = nullptr;
    TypeLayout layout;
    size_t size = 0;
    RPC_TRY(stream.take(common_header_size, from));
    RPC_TRY(read_common_header(from, layout, size));
    if (size > common_header_size) {
        // An incremental stream gives the rest by itself.
        uint8_t whole[common_header_2_size];
        std::memcpy(whole, from, common_header_size);
        RPC_TRY(stream.take(size - common_header_size, from));
        std::memcpy(whole + common_header_size, from, size - common_header_size);
        RPC_TRY(check_common_header_2(whole));
    }
    stream.layout = layout;
    stream.has_common_header = true;
    return Status::ok;
}

// A buffer is back where it was when `read` fails; what an incremental stream gave is gone.
template <class Read>
Status read_or_go_back(Stream& stream, Read read) {
    RPC_TRY(stream.check(Action::decode));
    if (stream.has_procedure) return Status::invalid_es_action;  // read ahead: a procedure comes next
    size_t position = stream.position();
    bool had_header = stream.has_common_header;
    Status status = read_common_header(stream);
    if (!failed(status)) status = read();
    if (failed(status) && stream.style() != HandleStyle::incremental) {
        stream.go_back(position);
        stream.has_common_header = had_header;
    }
    return status;
}

Status TypeOperation::decode() {
    return read_or_go_back(*stream_, [this] {
        const uint8_t* from = nullptr;
        uint32_t length = 0;
        RPC_TRY(stream_->take(stream_->layout.private_header_size(), from));
        RPC_TRY(read_private_header(from, stream_->layout, length));
        RPC_TRY(stream_->take(length, from));
        RPC_TRY(begin());
        return unmarshal(from, length);
    });
}

Status TypeOperation::free_object() {
    RPC_TRY(begin());
    return ndr::free(stub_, memory(), type_.format);
}

void TypeOperation::release() {
    if (stream_) stream_->abandon();
    if (stub_.FullPtrXlatTables) ndr::full_pointers_free(stub_);
    mem_free(copy_);
    copy_ = nullptr;
}

// Runs `body(operation)` with the operation's clean-up behind it.
template <class Body>
Status run(Stream* stream, const Type& type, void* object, Body body) {
    struct Frame {
        TypeOperation operation;
        Body* body;
        Status status;
    } frame{TypeOperation(stream, type, object), &body, Status::ok};
    run_with_cleanup(
        [](void* p) {
            static_cast<Frame*>(p)->status = (*static_cast<Frame*>(p)->body)(static_cast<Frame*>(p)->operation);
        },
        [](void* p) { static_cast<Frame*>(p)->operation.release(); }, &frame);
    return frame.status;
}

bool is_simple_size(int size) {
    return size == 1 || size == 2 || size == 4 || size == 8;
}

}  // namespace

Status type_align_size(void* handle, const Type& type, void* object, size_t& size) {
    auto stream = Stream::from_handle(handle);
    if (!stream) return Status::invalid_arg;
    return run(stream.get(), type, object, [&](TypeOperation& o) { return o.size(size); });
}

Status type_encode(void* handle, const Type& type, void* object) {
    auto stream = Stream::from_handle(handle);
    if (!stream) return Status::invalid_arg;
    return run(stream.get(), type, object, [](TypeOperation& o) { return o.encode(); });
}

Status type_decode(void* handle, const Type& type, void* object) {
    auto stream = Stream::from_handle(handle);
    if (!stream) return Status::invalid_arg;
    return run(stream.get(), type, object, [](TypeOperation& o) { return o.decode(); });
}

Status type_free(const Type& type, void* object) {
    return run(nullptr, type, object, [](TypeOperation& o) { return o.free_object(); });
}

// --- base types -----------------------------------------------------------------------------------------------------

Status simple_align_size(void* handle, size_t& size) {
    auto stream = Stream::from_handle(handle);
    if (!stream) return Status::invalid_arg;
    RPC_TRY(stream->check(Action::encode));
    size = (stream->has_common_header ? 0 : common_header_size) + data_alignment;
    return Status::ok;
}

Status simple_encode(void* handle, const MIDL_STUB_DESC* desc, const void* object, int size) {
    auto stream = Stream::from_handle(handle);
    if (!stream || !is_simple_size(size)) return Status::invalid_arg;
    if (!object) return Status::null_ref_pointer;
    RPC_TRY(stream->check(Action::encode));
    size_t total = (stream->has_common_header ? 0 : common_header_size) + data_alignment;
    uint8_t* at = nullptr;
    Status status = stream->reserve(total, desc, at);
    if (!failed(status)) {
        if (!stream->has_common_header) {
            write_common_header(at);
            at += common_header_size;
        }
        std::memset(at, 0, data_alignment);
        std::memcpy(at, object, static_cast<size_t>(size));
        status = stream->commit();
    }
    stream->abandon();
    if (!failed(status)) stream->has_common_header = true;
    return status;
}

Status simple_decode(void* handle, void* object, int size) {
    auto stream = Stream::from_handle(handle);
    if (!stream || !is_simple_size(size)) return Status::invalid_arg;
    if (!object) return Status::null_ref_pointer;
    return read_or_go_back(*stream, [&] {
        const uint8_t* from = nullptr;
        auto bytes = static_cast<uint32_t>(size), length = static_cast<uint32_t>(stream->layout.unit());
        if (stream->layout.header_before_primitive()) {
            RPC_TRY(stream->take(stream->layout.private_header_size(), from));
            RPC_TRY(read_private_header(from, stream->layout, length));
        }
        if (length < bytes) return Status::bad_stub_data;
        RPC_TRY(stream->take(length, from));
        auto* to = static_cast<uint8_t*>(object);
        for (uint32_t i = 0; i < bytes; ++i) to[i] = from[stream->layout.big_endian ? bytes - 1 - i : i];
        return Status::ok;
    });
}

Status find_ndr20_types(const MIDL_STUBLESS_PROXY_INFO& info, size_t& entry) {
    entry = 0;
    if (!info.pStubDesc) return Status::invalid_arg;
    if (!info.pSyntaxInfo || info.nCount == 0)
        return !info.pTransferSyntax || is_ndr20(*info.pTransferSyntax) ? Status::ok : Status::unsupported_trans_syn;
    while (entry < info.nCount && !is_ndr20(info.pSyntaxInfo[entry].TransferSyntax)) ++entry;
    return entry < info.nCount ? Status::ok : Status::unsupported_trans_syn;
}

Status type_of(const MIDL_STUBLESS_PROXY_INFO& info, const ULong32* const* offsets, ULong32 number, uint32_t flags,
               MIDL_STUB_DESC& desc, Type& type) {
    size_t entry = 0;
    RPC_TRY(find_ndr20_types(info, entry));
    desc = *info.pStubDesc;
    if (info.pSyntaxInfo && info.nCount != 0) {
        const MIDL_SYNTAX_INFO& syntax = info.pSyntaxInfo[entry];
        if (syntax.TypeString) desc.pFormatTypes = syntax.TypeString;
        if (syntax.aUserMarshalQuadruple)
            desc.aUserMarshalQuadruple =
                static_cast<const USER_MARSHAL_ROUTINE_QUADRUPLE*>(syntax.aUserMarshalQuadruple);
    }
    type = {&desc, desc.pFormatTypes + offsets[entry][number], flags};
    return Status::ok;
}

}  // namespace rpc::stub::pickle
