#pragma once
// A transport without an operating system: streams in memory, in this process. Tests run the runtime over it, with reads
// cut into pieces and with every I/O failing once.
#include "io/protocols.h"

namespace rpc::io {

struct LoopbackOptions {
    size_t max_read = 0;      // bytes one read brings at most; 0 = no limit
    uint32_t split_seed = 0;  // not 0: each read brings a random count from 1 up to that limit
};

// Two connected streams. out_of_memory.
Status loopback_pair(Ref<Stream>& a, Ref<Stream>& b, const LoopbackOptions& options = {});

// Named endpoints, as Protocol::connect and Protocol::listen say; names are compared without case. Streams made by
// connections have the options of the last loopback_set_options.
Status loopback_connect(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream);
Status loopback_listen(std::string_view endpoint, const ListenOptions& options, AcceptSink& sink, Ref<Acceptor>& acceptor);
bool loopback_endpoint_valid(std::string_view endpoint);
void loopback_set_options(const LoopbackOptions& options);

// The nth I/O from now on fails once (1 = the next; 0 = none) and ends its stream. An I/O is a connect, listen, accept,
// start, write, post, read, or a delivery to a sink. Process-wide.
void loopback_fail_nth_io(long n);
// I/O done since the process started, to know how many there are to fail.
long loopback_io_count();

}  // namespace rpc::io
