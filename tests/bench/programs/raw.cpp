#include "raw.h"
#include <stdio.h>
#include <string.h>

namespace bench {

long request_size(Op op, long count) { return op == Op::echo || op == Op::in ? count : 0; }
long answer_size(Op op, long count) { return op == Op::echo || op == Op::out ? count : 0; }

void answer(const Header& header, const Byte* in, Header* reply, Byte* out) {
    const Op op = static_cast<Op>(header.op);
    *reply = {header.op, header.count, answer_size(op, header.count)};
    switch (op) {
    case Op::echo: echo(header.count, in, out); break;
    case Op::in: take(header.count, in); break;
    case Op::out: give(header.count, out); break;
    case Op::control: reply->size = control(header.count); break;
    case Op::null: break;
    }
}

unsigned RawChannel::call(Op op, long count, const Byte* in, Byte* out) {
    const Header header{static_cast<long>(op), count, request_size(op, count)};
    memcpy(&request_[0], &header, sizeof header);
    memcpy(&request_[sizeof header], in, header.size);
    const long size = answer_size(op, count);
    if (!exchange(&request_[0], sizeof header + header.size, &reply_[0], sizeof header + size)) return GetLastError();
    Header got;
    memcpy(&got, &reply_[0], sizeof got);
    memcpy(out, &reply_[sizeof got], size);
    return got.op == header.op && got.size == size ? 0 : ERROR_INVALID_DATA;
}

unsigned RawChannel::control(long what, long* value) {
    const Header header{static_cast<long>(Op::control), what, 0};
    Header got;
    if (!exchange(reinterpret_cast<const Byte*>(&header), sizeof header, reinterpret_cast<Byte*>(&got), sizeof got))
        return GetLastError();
    *value = got.size;
    return 0;
}

std::unique_ptr<Channel> connect_raw(const Endpoint& endpoint) {
    auto channel = endpoint.protocol == "lrpc" ? connect_shared(endpoint.name)
                   : endpoint.protocol == "np" ? connect_pipe(endpoint.name)
                                               : connect_tcp(endpoint.name);
    if (!channel) fprintf(stderr, "bench_rpc: no raw %s: error %lu\n", endpoint.protocol.c_str(), GetLastError());
    return channel;
}

bool serve_raw(Endpoint& endpoint) {
    const bool ok = endpoint.protocol == "lrpc" ? serve_shared(endpoint.name)
                    : endpoint.protocol == "np" ? serve_pipe(endpoint.name)
                                                : serve_tcp(endpoint.name);
    if (!ok) fprintf(stderr, "bench_rpc: cannot serve raw %s: error %lu\n", endpoint.protocol.c_str(), GetLastError());
    return ok;
}

}  // namespace bench
