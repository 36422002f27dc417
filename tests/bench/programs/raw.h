#pragma once
// Bare transports: a header and the bytes, a blocking thread per connection. The floor that RPC is compared with.
#include "channel.h"

namespace bench {

struct Header {
    long op;      // Op
    long count;   // bytes of the operation, or what a control asks
    long size;    // bytes that follow; in an answer to a control, its value
};

// Bytes that follow the header of a request, of an answer.
long request_size(Op op, long count);
long answer_size(Op op, long count);
// Does what a request of `header` and `in` asks; writes the answer's header and at most kBulk bytes to `out`.
void answer(const Header& header, const Byte* in, Header* reply, Byte* out);

// A channel from one exchange: writes the request, reads the answer whose size is known.
class RawChannel : public Channel {
public:
    unsigned call(Op op, long count, const Byte* in, Byte* out) override;
    unsigned control(long what, long* value) override;

protected:
    // `request` and `reply` start with a Header, the bytes follow.
    [[nodiscard]] virtual bool exchange(const Byte* request, long size, Byte* reply, long reply_size) = 0;

private:
    Pages request_ = make_pages(sizeof(Header) + kBulk);
    Pages reply_ = make_pages(sizeof(Header) + kBulk);
};

std::unique_ptr<Channel> connect_tcp(const std::string& name);
std::unique_ptr<Channel> connect_pipe(const std::string& name);
std::unique_ptr<Channel> connect_shared(const std::string& name);
[[nodiscard]] bool serve_tcp(std::string& name);
[[nodiscard]] bool serve_pipe(std::string& name);
[[nodiscard]] bool serve_shared(std::string& name);

}  // namespace bench
