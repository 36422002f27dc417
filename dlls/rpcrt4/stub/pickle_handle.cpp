// Pickling handles: made, reset, freed, asked.
#include <utility>

#include "runtime/handle_table.h"
#include "stub/pickle_stream.h"

namespace rpc::stub::pickle {

namespace {

// A handle to a stream that `set` set up.
template <class Set>
Status make_handle(void** handle, Set set) {
    if (!handle) return Status::invalid_arg;
    *handle = nullptr;
    auto stream = make_ref<Stream>();
    if (!stream) return Status::out_of_memory;
    RPC_TRY(set(*stream));
    RPC_TRY(runtime::handle_table::add(stream.get(), runtime::HandleKind::pickle));
    *handle = stream.detach();
    return Status::ok;
}

}  // namespace

Status encode_incremental(void* state, AllocRoutine alloc, WriteRoutine write, void** handle) {
    return make_handle(handle,
                       [&](Stream& s) { return s.set_incremental(state, alloc, write, nullptr, Action::encode); });
}

Status decode_incremental(void* state, ReadRoutine read, void** handle) {
    return make_handle(handle,
                       [&](Stream& s) { return s.set_incremental(state, nullptr, nullptr, read, Action::decode); });
}

Status encode_fixed_buffer(char* buffer, ULong32 size, ULong32* encoded, void** handle) {
    return make_handle(handle, [&](Stream& s) {
        return s.set_buffer(HandleStyle::fixed_buffer, Action::encode, &buffer, size, encoded);
    });
}

Status encode_dynamic_buffer(char** buffer, ULong32* encoded, void** handle) {
    return make_handle(handle, [&](Stream& s) {
        return s.set_buffer(HandleStyle::dynamic_buffer, Action::encode, buffer, 0, encoded);
    });
}

Status decode_buffer(char* buffer, ULong32 size, void** handle) {
    return make_handle(handle, [&](Stream& s) {
        return s.set_buffer(HandleStyle::fixed_buffer, Action::decode, &buffer, size, nullptr);
    });
}

Status reset_incremental(void* handle, void* state, AllocRoutine alloc, WriteRoutine write, ReadRoutine read,
                         Action action) {
    auto stream = Stream::from_handle(handle);
    if (!stream || stream->style() != HandleStyle::incremental) return Status::invalid_arg;
    return stream->set_incremental(state, alloc, write, read, action);
}

Status reset_buffer(void* handle, HandleStyle style, Action action, char** buffer, ULong32 size, ULong32* encoded) {
    auto stream = Stream::from_handle(handle);
    if (!stream || stream->style() == HandleStyle::incremental) return Status::invalid_arg;
    return stream->set_buffer(style, action, buffer, size, encoded);
}

Status free_handle(void* handle) {
    auto stream = Stream::from_handle(handle);
    if (!stream || !runtime::handle_table::remove(handle)) return Status::invalid_arg;
    stream->release();  // the handle's own reference
    return Status::ok;
}

Status encoding_id(void* handle, RPC_SYNTAX_IDENTIFIER* interface_id, ULong32* number) {
    auto stream = Stream::from_handle(handle);
    if (!stream || !interface_id || !number) return Status::invalid_arg;
    if (failed(stream->check(Action::decode))) {
        RPC_TRY(stream->check(Action::encode));
        if (!stream->has_procedure) return Status::invalid_es_action;
    } else if (!stream->has_procedure) {
        const uint8_t* from = nullptr;
        size_t position = stream->position();
        ProcedureHeader header;
        RPC_TRY(stream->take(procedure_header_size, from));
        Status status = read_procedure_header(from, header);
        stream->go_back(position);
        RPC_TRY(status);
        stream->procedure = header;
        stream->has_procedure = stream->style() == HandleStyle::incremental;
    }
    *interface_id = stream->procedure.interface_id;
    *number = stream->procedure.number;
    return Status::ok;
}

}  // namespace rpc::stub::pickle
