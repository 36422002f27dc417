#include "link/framing.h"

namespace rpc::link {

Status frame_call(const wire::CallFields& fields, OutgoingBody body, uint16_t max_frag, Buffer& out, Vector<size_t>* ends,
                  const wire::CallAuth& auth) {
    wire::FragmentPlan plan;
    RPC_TRY(plan.init(fields, body.size(), max_frag, auth));
    if (ends && !ends->reserve(plan.count())) return Status::out_of_memory;
    wire::Fragment first = plan.at(0);
    if (plan.count() == 1 && auth.token_size == 0 && first.header().size() == body.headroom_) {
        std::memcpy(body.buffer_.data(), first.header().data(), first.header().size());
        out = std::move(body.buffer_);
        return !ends || ends->push_back(out.size()) ? Status::ok : Status::out_of_memory;
    }
    if (plan.total_size() > SIZE_MAX || !out.reserve(static_cast<size_t>(plan.total_size()))) return Status::out_of_memory;
    for (size_t i = 0; i < plan.count(); ++i) {
        wire::Fragment fragment = plan.at(i);
        if (!out.append(fragment.header()) || !out.append({body.data() + fragment.stub_offset, fragment.stub_size}))
            return Status::out_of_memory;
        if (!out.append(fragment.tail()) || !out.resize(out.size() + fragment.token_size)) return Status::out_of_memory;
        if (fragment.token_size != 0) std::memset(out.data() + out.size() - fragment.token_size, 0, fragment.token_size);
        if (ends && !ends->push_back(out.size())) return Status::out_of_memory;
    }
    return Status::ok;
}

}  // namespace rpc::link
