#include "wire/error_info.h"

#include <algorithm>

#include "wire/error_info_layout.h"

namespace rpc::wire {
namespace {

using namespace error_info;

// What of a chain is written: its newest records and always the root cause.
struct Plan {
    const ErrorChain& chain;
    ByteView computer;
    size_t newest;  // how many records before the root cause
    bool text;      // or none at all
    size_t limit;   // of the whole

    size_t count() const { return newest + 1; }
    // 0 is the newest.
    const ErrorRecord& record(size_t i) const { return *chain[i < newest ? chain.size() - 1 - i : 0]; }
    ByteView name(size_t i) const {
        if (!text) return {};
        const ErrorRecord& r = record(i);
        return i == 0 && r.computer.empty() ? computer : r.computer.view();
    }
    ErrorParamType type(const ErrorParam& p) const {
        const size_t unit = p.type == ErrorParamType::utf16 ? 2 : 1;
        return p.text.size() / unit > max_elements || (!text && p.is_text()) ? ErrorParamType::none : p.type;
    }
    uint16_t flags(size_t i) const {
        const bool gap = newest + 1 != chain.size();
        uint16_t flags = record(i).flags;
        if (gap && i + 1 == newest) flags |= error_flag::next_missing;
        if (gap && i == newest) flags |= error_flag::previous_missing;
        return flags;
    }
};

class Encoder {
public:
    Encoder(const Plan& plan, Buffer& out) : plan_(plan), w_(out) {}

    Status run() {
        w_.u8(version);
        w_.u8(little_endian);
        w_.u16(common_header_size);
        w_.u32(filler);
        w_.u32(0);
        w_.u32(0);
        referent();
        for (size_t i = 0; i < plan_.count(); ++i) {
            flat(i);
            if (!w_.ok()) return Status::out_of_memory;
            if (w_.position() > plan_.limit) return Status::invalid_arg;
        }
        // Next is a record's first pointer: what the others point to comes behind all that Next leads to.
        for (size_t i = plan_.count(); i-- != 0;) {
            deferred(i);
            if (!w_.ok()) return Status::out_of_memory;
            if (w_.position() > plan_.limit) return Status::invalid_arg;
        }
        w_.align(8);
        w_.patch_u32(common_header_size, static_cast<uint32_t>(w_.position() - headers_size));
        if (!w_.ok()) return Status::out_of_memory;
        return w_.position() > plan_.limit ? Status::invalid_arg : Status::ok;
    }

private:
    void referent() { w_.u32(next_referent_ += 4); }

    void flat(size_t i) {
        const ErrorRecord& r = plan_.record(i);
        w_.align(4);
        w_.u32(r.param_count);
        w_.align(8);
        if (i + 1 < plan_.count()) referent();
        else w_.u32(0);
        const ByteView name = plan_.name(i);
        tag(name.empty() ? name_absent : name_present);
        if (!name.empty()) counted_pointer(name.size() / 2);
        w_.align(4);
        w_.u32(r.process_id);
        w_.align(8);
        w_.u64(r.time);
        w_.u32(r.component);
        w_.u32(r.status);
        w_.u16(r.location);
        w_.u16(plan_.flags(i));
        w_.u16(r.param_count);
        for (size_t p = 0; p < r.param_count; ++p) param(r.params[p]);
    }

    void param(const ErrorParam& p) {
        w_.align(8);
        const ErrorParamType type = plan_.type(p);
        tag(static_cast<uint16_t>(type));
        switch (type) {
        case ErrorParamType::ansi:
        case ErrorParamType::binary:
            return counted_pointer(p.text.size());
        case ErrorParamType::utf16:
            return counted_pointer(p.text.size() / 2);
        case ErrorParamType::long_value:
            return w_.u32(static_cast<uint32_t>(p.number));
        case ErrorParamType::short_value:
            return w_.u16(static_cast<uint16_t>(p.number));
        case ErrorParamType::pointer:
            w_.align(8);
            return w_.u64(p.number);
        case ErrorParamType::none:
            return;
        }
    }

    void deferred(size_t i) {
        const ErrorRecord& r = plan_.record(i);
        const ByteView name = plan_.name(i);
        if (!name.empty()) elements(name, 2);
        for (size_t p = 0; p < r.param_count; ++p) {
            const ErrorParamType type = plan_.type(r.params[p]);
            if (type == ErrorParamType::utf16) elements(r.params[p].text.view(), 2);
            if (type == ErrorParamType::ansi || type == ErrorParamType::binary) elements(r.params[p].text.view(), 1);
        }
    }

    // The enumeration that selects, and the union's own copy of it.
    void tag(uint16_t value) {
        w_.u16(value);
        w_.u16(value);
    }
    void counted_pointer(size_t count) {
        w_.u16(static_cast<uint16_t>(count));
        w_.align(4);
        referent();
    }
    void elements(ByteView bytes, size_t unit) {
        w_.align(4);
        w_.u32(static_cast<uint32_t>(bytes.size() / unit));
        w_.bytes(bytes);
    }

    const Plan& plan_;
    Writer w_;
    uint32_t next_referent_ = first_referent - 4;
};

Status attempt(const Plan& plan, Buffer& made) {
    made.clear();
    return Encoder(plan, made).run();
}

}  // namespace

Status encode_error_info(const ErrorChain& chain, ByteView computer, size_t limit, Buffer& out) {
    if (computer.size() / 2 > max_elements) computer = {};
    Buffer made;
    Plan plan{chain, computer, chain.size() - 1, true, limit};
    Status status = attempt(plan, made);
    if (status == Status::invalid_arg) {
        // The most records that fit, of 0 up to all but one; with the least of them the text goes.
        size_t fits = 0, too_many = chain.size() - 1;
        while (fits + 1 < too_many) {
            plan.newest = fits + (too_many - fits) / 2;
            status = attempt(plan, made);
            if (status == Status::out_of_memory) return status;
            (failed(status) ? too_many : fits) = plan.newest;
        }
        plan.newest = std::min(std::max(fits, size_t{1}), chain.size() - 1);
        status = attempt(plan, made);
        if (status == Status::invalid_arg) {
            plan.text = false;
            status = attempt(plan, made);
        }
    }
    RPC_TRY(status);
    return out.append(made.view()) ? Status::ok : Status::out_of_memory;
}

}  // namespace rpc::wire
