// The procedure parser and the server's half of the interpreter, on a request and, for the parser, a format string that
// anybody may have written.
#include <algorithm>
#include <cstring>

#include "ndr/ndr.h"
#include "stub/fake_runtime.inc"
#include "stub/pipe.h"
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
    0x08, 0x5c, 0xb5, 0x03, 0xfc, 0xff, 0x04, 0x00, 0x04, 0x00,  // 50: long; 52: a pipe of it
    0x2c, 0x5c, 0x28, 0x00, 0x08, 0x00, 0x01, 0x00,              // 60: [byte_count(n)] struct*, n in slot 1
    0x15, 0x03, 0x08, 0x00, 0x08, 0x08, 0x5c, 0x5b,
    0x2f, 0x5c, 0x28, 0x00, 0x10, 0x00, 0x01, 0x00,              // 76: [iid_is(slot 2)] IUnknown*
    0x11, 0x00, 0x02, 0x00,                                      // 84: [ref] IID*
    0x15, 0x03, 0x10, 0x00, 0x08, 0x06, 0x06, 0x4c, 0x00, 0x03, 0x00, 0x5b,
    0x1d, 0x00, 0x08, 0x00, 0x02, 0x5b,
};

int32_t manager() { return 1; }

void pull(char* state, void* buffer, uint32_t size, uint32_t* count) {
    (void)code(stub::pipe_pull(state, buffer, size, *count));
}
void push(char* state, void* buffer, uint32_t count) { (void)code(stub::pipe_push(state, buffer, count)); }
const stub::PipeRoutines pipe_entries = {pull, push};

int32_t pump(void*, stub::PipeControl* in, stub::PipeControl* out) {
    int32_t data[7];
    uint32_t count = 0;
    do {
        in->pull(in->state, data, 7, &count);
        out->push(out->state, data, count);
    } while (count != 0);
    out->push(out->state, data, 0);
    return 1;
}

long objects = 0;
Status object(ndr::Op op, MIDL_STUB_MESSAGE& m, const void* iid, void** o, uint32_t room) {
    if (op == ndr::Op::free) return --objects, Status::ok;
    volatile uint8_t byte = *static_cast<const uint8_t*>(iid);
    (void)byte;
    if (op != ndr::Op::unmarshal) return Status::cannot_support;
    if (room < 5 || (m.Buffer[4] & 1)) return Status::bad_stub_data;
    ++objects;
    *o = &objects;
    return Status::ok;
}

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
        face.add(procedure(5, h, {{0x10c, 1, 52}, {0x114, 2, 52}, {0x70, 6, 8}}), &pump);
        face.add(procedure(6, h, {{0x48, 1, 8}, {0x0b, 2, 60}, {0x81b, 3, 42}, {0x81b, 4, 46}, {0x70, 6, 8}}), &manager);
        face.add(procedure(7, h, {{0x10a, 2, 88}, {0x0b, 3, 76}, {0xb2, 6, 18}}), &manager);
        // What a parameter sizes need not be backed by data; the test machine is not asked for it.
        face.desc().pfnAllocate = [](size_t n) -> void* {
            return n > (1u << 20) ? nullptr : (++test::Interface::allocations(), ::operator new(n, std::nothrow));
        };
        stub::set_pipe_routines(&pipe_entries);
        ndr::set_interface_hook(object);
        h.explicit_handle[2] = 1;
        h.opt_flags = 0xc4;
        face.add(procedure(8, h, {{0x0b, 2, 10}, {0x11a, 3, 18}, {0x118, 4, 6}, {0x70, 6, 8}}), &manager);
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
    uint8_t number = data[0] % 10;
    ++data;
    --size;
    if (number > 8) {
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
    Status status = number == 8 ? stub::async_server_call(m) : stub::server_call(m);
    if (call->server_async) (void)code(fake::abort(call->server_state, Status::call_failed));
    else delete call;
    (void)code(status);
    if (test::Interface::allocations() != 0 || objects != 0) __builtin_trap();
    return 0;
}
