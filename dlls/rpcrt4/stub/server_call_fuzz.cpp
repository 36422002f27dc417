// The procedure parser and the server's half of the interpreter, on a request and, for the parser, a format string that
// anybody may have written.
#include <algorithm>
#include <cstring>

#include "stub/fake_runtime.inc"
#include "stub/stub.h"
#include "stub/stub_test_interface.h"

using namespace rpc;

namespace {

using test::Bytes;
using test::Header;
using test::procedure;

// Strings, structures, arrays, unions and context handles, as MIDL describes them.
const Bytes types{
    0x5b, 0x5c,                                                  // 0
    0x30, 0x40, 0, 0,                                            // 2: context handle, [in]
    0x30, 0xe0, 0, 0,                                            // 6: [in, out]
    0x11, 0x08, 0x22, 0x5c,                                      // 10: [ref, string] char*
    0x12, 0x08, 0x25, 0x5c,                                      // 14: [unique, string] wchar_t*
    0x15, 0x03, 0x08, 0x00, 0x08, 0x08, 0x5c, 0x5b,              // 18: struct of two longs
    0x1b, 0x03, 0x04, 0x00, 0x28, 0x00, 0x08, 0x00, 0x01, 0x00,  // 26: [size_is(n)] long*, n in slot 1
    0x08, 0x5b,
    0x11, 0x14, 0x02, 0x00,                                      // 38: [ref] to [unique] to long
    0x12, 0x08, 0x08, 0x5c,                                      // 42
    0x12, 0x00, 0xe6, 0xff,                                      // 46: [unique] struct*
};

int32_t manager() { return 1; }

struct Face {
    test::Interface face{types};
    Face() {
        Header h;
        h.slots = 7;
        h.explicit_handle = {0x32, 0, 0, 0};
        face.add(procedure(0, h, {{0x48, 1, 8}, {0x148, 2, 8}, {0x158, 3, 11}, {0x2150, 4, 13}, {0x70, 6, 8}}), &manager);
        face.add(procedure(1, h, {{0x0b, 1, 10}, {0x0b, 2, 14}, {0x1b, 3, 10}, {0x70, 6, 8}}), &manager);
        face.add(procedure(2, h, {{0x48, 1, 8}, {0x1b, 2, 26}, {0x11a, 3, 18}, {0x8a, 4, 18}, {0x70, 6, 8}}), &manager);
        face.add(procedure(3, h, {{0x0b, 1, 46}, {0x201b, 2, 38}, {0x2013, 3, 38}, {0x70, 6, 8}}), &manager);
        face.add(procedure(4, h, {{0x08, 1, 2}, {0x118, 2, 6}, {0x70, 6, 8}}), &manager);
        h.explicit_handle[2] = 1;
        h.opt_flags = 0xc4;
        face.add(procedure(5, h, {{0x0b, 2, 10}, {0x11a, 3, 18}, {0x118, 4, 6}, {0x70, 6, 8}}), &manager);
    }
};

void parse(const uint8_t* data, size_t size) {
    // A format string has no end of its own: past what is given it goes on with zeros, as far as one can reach.
    static uint8_t format[16384];
    static uint8_t type_string[65536 * 2];
    std::memset(format, 0, sizeof format);
    std::memcpy(format, data, std::min<size_t>(size, 4096));
    for (stub::Style style : {stub::Style::oi, stub::Style::oif}) {
        stub::Procedure p;
        if (failed(stub::parse_procedure(format, type_string + 65536, style, (data[0] & 1) != 0, p))) continue;
        stub::Parameter parameter;
        for (stub::ParameterCursor at(p); at.next(parameter);)
            if (parameter.stack_offset > p.stack_size) __builtin_trap();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 1) return 0;
    static Face* f = new Face;
    uint8_t number = data[0] % 8;
    ++data;
    --size;
    if (number > 5) {
        if (size != 0) parse(data, size);
        return 0;
    }
    fake::Call* call = new fake::Call();
    call->request = new uint8_t[size];
    if (size != 0) std::memcpy(call->request, data, size);
    RPC_MESSAGE m{};
    m.Handle = m.ReservedForRuntime = call;
    m.Buffer = call->request;
    m.BufferLength = static_cast<unsigned>(size);
    m.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    m.ProcNum = number;
    m.RpcInterfaceInformation = f->face.face();
    call->client_gone = true;
    call->server_gone = false;
    Status status = number == 5 ? stub::async_server_call(m) : stub::server_call(m);
    if (call->server_async) (void)code(fake::abort(call->server_state, Status::call_failed));
    else delete call;
    (void)code(status);
    if (test::Interface::allocations() != 0) __builtin_trap();
    return 0;
}
