// Any bytes as extended error information: what is read is written, within a limit, and read again to the same.
#include <cstdlib>

#include "wire/error_info.h"

using namespace rpc;
using namespace rpc::wire;

namespace {

void check(bool holds) {
    if (!holds) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ErrorChain chain, back;
    if (failed(decode_error_info({data, size}, chain))) return check(chain.empty()), 0;
    check(!chain.empty() && chain.size() <= size / 40);
    Buffer out;
    check(encode_error_info(chain, {}, SIZE_MAX, out) == Status::ok);
    check(decode_error_info(out.view(), back) == Status::ok && back.size() == chain.size());
    for (size_t i = 0; i < chain.size(); ++i) {
        check(chain[i]->status == back[i]->status && chain[i]->time == back[i]->time);
        check(chain[i]->param_count == back[i]->param_count && chain[i]->computer.size() == back[i]->computer.size());
    }
    const size_t limit = size / 2;
    out.clear();
    if (!failed(encode_error_info(chain, {}, limit, out))) {
        check(out.size() <= limit);
        check(decode_error_info(out.view(), back) == Status::ok && back.size() <= chain.size());
    }
    return 0;
}
