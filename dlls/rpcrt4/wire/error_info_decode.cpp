#include "wire/error_info.h"
#include "wire/error_info_layout.h"

namespace rpc::wire {
namespace {

using namespace error_info;

// A record whose text is still to come.
struct Pending {
    Ref<ErrorRecord> record;
    uint16_t name_count = 0;
    bool has_name = false;
    uint16_t text_count[max_error_params] = {};
    bool has_text[max_error_params] = {};
};

class Decoder {
public:
    explicit Decoder(ByteView blob) : in_(blob) {}

    Status run(Vector<Pending>& records) {
        RPC_TRY(headers());
        uint32_t count = in_.u32();
        if (count > max_error_params) count = in_.u32();  // it was the referent of the top level
        for (bool more = true; more;) {
            Pending p;
            p.record = make_ref<ErrorRecord>();
            if (!p.record) return Status::out_of_memory;
            RPC_TRY(flat(p, count, more));
            if (!records.push_back(std::move(p))) return Status::out_of_memory;
            if (!more) break;
            in_.align(4);
            count = in_.u32();
        }
        for (size_t i = records.size(); i-- != 0;) RPC_TRY(deferred(records[i]));
        return Status::ok;
    }

private:
    Status headers() {
        const bool known = in_.u8() == version;
        const uint8_t order = in_.u8();
        if (!known || (order != little_endian && order != 0)) return Status::bad_stub_data;
        if (in_.u16() != common_header_size) return Status::bad_stub_data;  // this header is little-endian always
        in_.skip(4);
        in_.set_big_endian(order == 0);
        const uint32_t length = in_.u32();
        in_.skip(4);
        return in_.ok() && length <= in_.remaining() ? Status::ok : Status::bad_stub_data;
    }

    Status flat(Pending& p, uint32_t count, bool& more) {
        if (count > max_error_params) return Status::bad_stub_data;
        ErrorRecord& r = *p.record;
        in_.align(8);
        more = in_.u32() != 0;
        const uint16_t name = tag();
        if (name == name_present) p.has_name = counted_pointer(p.name_count);
        else if (name != name_absent) return Status::bad_stub_data;
        in_.align(4);
        r.process_id = in_.u32();
        in_.align(8);
        r.time = in_.u64();
        r.component = in_.u32();
        r.status = in_.u32();
        r.location = in_.u16();
        r.flags = in_.u16() & (error_flag::previous_missing | error_flag::next_missing);
        if (in_.u16() != count) return Status::bad_stub_data;
        r.param_count = static_cast<uint8_t>(count);
        for (size_t i = 0; i < count; ++i) RPC_TRY(param(p, i));
        return in_.ok() ? Status::ok : Status::bad_stub_data;
    }

    Status param(Pending& p, size_t i) {
        in_.align(8);
        ErrorParam& param = p.record->params[i];
        const uint16_t type = tag();
        if (type < static_cast<uint16_t>(ErrorParamType::ansi) || type > static_cast<uint16_t>(ErrorParamType::binary))
            return Status::bad_stub_data;
        param.type = static_cast<ErrorParamType>(type);
        switch (param.type) {
        case ErrorParamType::ansi:
        case ErrorParamType::utf16:
        case ErrorParamType::binary:
            p.has_text[i] = counted_pointer(p.text_count[i]);
            if (!p.has_text[i]) param.type = ErrorParamType::none;
            break;
        case ErrorParamType::long_value:
            param.number = in_.u32();
            break;
        case ErrorParamType::short_value:
            param.number = in_.u16();
            break;
        case ErrorParamType::pointer:
            in_.align(8);
            param.number = in_.u64();
            break;
        case ErrorParamType::none:
            break;
        }
        return Status::ok;
    }

    Status deferred(Pending& p) {
        ErrorRecord& r = *p.record;
        if (p.has_name) RPC_TRY(text(p.name_count, 2, true, r.computer));
        for (size_t i = 0; i < r.param_count; ++i) {
            if (!p.has_text[i]) continue;
            const size_t unit = r.params[i].type == ErrorParamType::utf16 ? 2 : 1;
            RPC_TRY(text(p.text_count[i], unit, r.params[i].is_text(), r.params[i].text));
        }
        return Status::ok;
    }

    // The enumeration that selects, and the union's own copy of it. 0 when they differ.
    uint16_t tag() {
        const uint16_t outer = in_.u16();
        return in_.u16() == outer ? outer : uint16_t{0};
    }
    bool counted_pointer(uint16_t& count) {
        count = in_.u16();
        in_.align(4);
        return in_.u32() != 0;
    }
    Status text(uint16_t count, size_t unit, bool terminated, Buffer& out) {
        in_.align(4);
        if (in_.u32() != count || count > max_elements) return Status::bad_stub_data;
        const ByteView bytes = in_.bytes(count * unit);
        if (!in_.ok()) return Status::bad_stub_data;
        const size_t size = bytes.size() + (terminated ? unit : 0);
        if (!out.resize(size)) return Status::out_of_memory;
        std::memset(out.data(), 0, size);
        for (size_t i = 0; i < bytes.size(); ++i) out.data()[in_.big_endian() && unit == 2 ? i ^ 1 : i] = bytes[i];
        // Whether a peer counts the terminator or not, there is one, and nothing behind the first.
        for (size_t i = 0; terminated && i < size; i += unit)
            if (out.data()[i] == 0 && out.data()[i + unit - 1] == 0) return out.resize(i + unit) ? Status::ok : Status::out_of_memory;
        return Status::ok;
    }

    Reader in_;
};

}  // namespace

Status decode_error_info(ByteView blob, ErrorChain& chain) {
    Vector<Pending> records;
    RPC_TRY(Decoder(blob).run(records));
    ErrorChain made;
    if (!made.reserve(records.size())) return Status::out_of_memory;
    while (!records.empty())
        if (!made.push_back(records.pop_back().record)) return Status::out_of_memory;
    chain = std::move(made);
    return Status::ok;
}

}  // namespace rpc::wire
