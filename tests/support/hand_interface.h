#pragma once
// An interface of what widl cannot describe: a test writes the format strings of its types by hand and says its procedures parameter by
// parameter; both sides are interpreted, client and server in one process or in runs of one program.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <initializer_list>
#include <vector>

// rpcndr.h lacks it: as NdrClientCall2, the arguments themselves following.
extern "C" CLIENT_CALL_RETURN RPC_VAR_ENTRY NdrClientCall4(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat, ...);

// A client's stub: the arguments follow, the binding first where there is one. A CLIENT_CALL_RETURN.
#ifdef _WIN64
#define HAND_CALL(desc, format, ...) NdrClientCall2(desc, format, __VA_ARGS__)
#else
#define HAND_CALL(desc, format, ...) NdrClientCall4(desc, format, __VA_ARGS__)
#endif

namespace hand {

constexpr unsigned short slot = sizeof(void*);

// A parameter's description: PARAM_ATTRIBUTES, its place on the stack, and a base type's character or an offset into the types.
struct Param {
    unsigned attributes, offset, type;
};
constexpr unsigned in_simple = 0x48, out_simple = 0x2150, in_string = 0x10b, in_pipe = 0x10c, out_pipe = 0x114, in_out_pipe = 0x11c,
                   pipe_by_value = 0x8c, simple_result = 0x70, result_by_value = 0xb2;

// Whose binding a procedure takes: its first parameter, or, of a [callback], that of the call that the manager runs.
enum class Binding { explicit_handle, of_the_call };

// The procedures of one direction, numbered as they are added.
class Procedures {
public:
    // `stack`: bytes of the arguments, a result's slot included.
    template <class F>
    void add(F* manager, unsigned stack, std::initializer_list<Param> params, Binding binding = Binding::explicit_handle) {
        add_routine(reinterpret_cast<SERVER_ROUTINE>(reinterpret_cast<void*>(manager)), stack, params, binding);
    }
    PFORMAT_STRING operator[](unsigned number) const { return formats.data() + offsets[number]; }

    std::vector<unsigned char> formats;
    std::vector<unsigned short> offsets;
    std::vector<SERVER_ROUTINE> managers;

private:
    void add_routine(SERVER_ROUTINE manager, unsigned stack, std::initializer_list<Param> params, Binding binding);
};

// Both sides' descriptions; whoever calls describe() keeps it where it is for as long as either is in use.
struct Interface {
    Procedures calls, callbacks;
    MIDL_STUB_DESC server_desc, client_desc;
    RPC_SERVER_INTERFACE server;
    RPC_CLIENT_INTERFACE client;

    // Version 1.0. After the last procedure is added.
    void describe(const UUID& id, const unsigned char* types);
    // The server's procedures are these routine's instead, unmarshalled by hand.
    void serve_by_hand(RPC_DISPATCH_FUNCTION routine);

private:
    static constexpr unsigned most = 16;
    MIDL_SERVER_INFO server_info_, client_info_;
    RPC_DISPATCH_FUNCTION functions_[most];
    RPC_DISPATCH_TABLE server_table_, client_table_;
};

}  // namespace hand
