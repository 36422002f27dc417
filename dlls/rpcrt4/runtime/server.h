#pragma once
// The server half of the process: interfaces, endpoints, listening, and the dispatch of calls. One per process.
// Sources: the documentation pages of RpcServerRegisterIf2, RpcServerUseProtseqEp, RpcServerListen,
// RpcMgmtWaitServerListen, RpcServerUnregisterIf.
#include <atomic>

#include "base/abi_types.h"
#include "base/mutex.h"
#include "base/vector.h"
#include "call/server_call.h"
#include "io/protocols.h"
#include "security/access.h"

namespace rpc::runtime {

// RPC_IF_CALLBACK_FN; Windows' type where there is one.
using InterfaceCallback = RPC_STATUS(RPC_ENTRY*)(RPC_IF_HANDLE iface, void* context);

// Interfaces and endpoints that keep to themselves: those of one group are reached over each other alone. It is the host of
// the connections to its endpoints, which keep it alive, as do its calls (runtime/interface_group.h).
class ServerGroup : public RefCounted<ServerGroup>, public link::ServerHost {
public:
    virtual ~ServerGroup() = default;
    // A client has connected to one of its endpoints. Null: it is not wanted any more, or memory is out.
    virtual Ref<link::DisconnectWatch> admit(const Ref<io::Stream>& stream) = 0;
    // A call of one of its interfaces begins (the server's mutex is held), or has ended wholly.
    virtual void call_begins() = 0;
    virtual void call_ended() = 0;
};

// One registration: an interface with a manager type.
class Interface final : public link::ServerInterface, public ListLink<> {
public:
    // The program's structure: lives until the interface is unregistered and its last call has ended.
    RPC_SERVER_INTERFACE* spec = nullptr;
    Ref<ServerGroup> group;  // null: none
    wire::SyntaxId id;
    Uuid manager_type;
    Buffer streamed;                     // a byte for every procedure, not 0 for those that are; empty: none is
    RPC_MGR_EPV* manager_epv = nullptr;  // null: the interface's default
    uint32_t flags = 0;                  // RPC_IF_x
    uint32_t max_calls = 0;
    InterfaceCallback callback = nullptr;
    Ref<const security::AccessList> access;  // null: everybody's
    uint32_t active_calls = 0;   // until they have ended wholly; guarded by the server's mutex
    uint32_t counted_calls = 0;  // until they are about to be answered: what max_calls limits; likewise
    bool registered = true;      // likewise

    bool streams(uint16_t opnum) const override { return opnum < streamed.size() && streamed.data()[opnum] != 0; }
};

class Server final : public link::ServerHost, public call::Dispatcher {
public:
    static Server& instance();

    struct Registration {
        RPC_SERVER_INTERFACE* spec = nullptr;
        Uuid manager_type;
        RPC_MGR_EPV* manager_epv = nullptr;
        uint32_t flags = 0;
        uint32_t max_calls = 0;
        uint32_t max_rpc_size = 0;
        InterfaceCallback callback = nullptr;
        Ref<const security::AccessList> access = {};
        ServerGroup* group = nullptr;  // which unregisters it itself
    };
    // invalid_arg, type_already_registered (the same interface and type with another EPV), out_of_memory.
    Status register_interface(const Registration& registration) EXCLUDES(mutex_);
    // Null spec: all interfaces that are not RPC_IF_AUTOLISTEN; null type: every manager type. `wait`: returns when
    // their calls have ended. unknown_if, unknown_mgr_type.
    Status unregister_interface(RPC_SERVER_INTERFACE* spec, const Uuid* manager_type, bool wait) EXCLUDES(mutex_);
    // The EPV of one registration. unknown_if, unknown_mgr_type.
    Status inquire_interface(const RPC_SERVER_INTERFACE& spec, const Uuid& manager_type, RPC_MGR_EPV*& epv)
        EXCLUDES(mutex_);
    // The identifiers of all registered interfaces, each once; no_interfaces.
    Status interface_ids(Vector<wire::SyntaxId>& out) EXCLUDES(mutex_);

    // All interfaces of a group, without waiting for their calls.
    void unregister_group(const ServerGroup& group) EXCLUDES(mutex_);

    // Empty endpoint: a dynamic one. `backlog` as RpcServerUseProtseqEp's MaxCalls. Starts the pool: interfaces that
    // listen by themselves are served from here on. protseq_not_supported, invalid_endpoint_format, duplicate_endpoint,
    // ...
    Status use_endpoint(std::string_view protocol, std::string_view endpoint, uint32_t backlog,
                        const void* security_descriptor) EXCLUDES(mutex_);

    // RpcServerListen without and with DontWait; already_listening, no_protseqs_registered, max_calls_too_small.
    Status listen(uint32_t minimum_threads, uint32_t max_calls, bool dont_wait) EXCLUDES(mutex_);
    // Until stop_listening was called and the calls have ended; also right after a stop that nobody waited for yet.
    // not_listening, already_listening (somebody waits).
    Status wait_listen() EXCLUDES(mutex_);
    Status stop_listening() EXCLUDES(mutex_);
    bool listening() EXCLUDES(mutex_);

    // The bindings under which this server can be reached, as protocol and endpoint.
    struct EndpointName {
        const io::Protocol* protocol;
        Str endpoint;
    };
    Status endpoints(Vector<EndpointName>& out, const ServerGroup* group = nullptr) EXCLUDES(mutex_);

    // As use_endpoint, for a group.
    Status use_group_endpoint(ServerGroup& group, std::string_view protocol, std::string_view endpoint, uint32_t backlog,
                              const void* security_descriptor) EXCLUDES(mutex_);
    // Stops accepting for a group; connections that are there stay. Not from inside an accept.
    void close_group_endpoints(const ServerGroup& group) EXCLUDES(mutex_);
    // What a group's connections may call; as find_interface.
    Ref<link::ServerInterface> find_group_interface(const ServerGroup* group, const wire::SyntaxId& abstract_syntax,
                                                    const wire::SyntaxId& transfer_syntax, wire::ProviderReason& why)
        EXCLUDES(mutex_);

    // Calls that were received since the process began.
    uint32_t calls_received() const { return calls_received_.load(std::memory_order_relaxed); }

    // link::ServerHost
    Ref<link::ServerInterface> find_interface(const wire::SyntaxId& abstract_syntax,
                                              const wire::SyntaxId& transfer_syntax, wire::ProviderReason& why) override
        EXCLUDES(mutex_);
    Ref<link::InboundCall> make_call() override;
    Status accept_security(uint8_t service, security::Level level, Ref<security::Context>& context) override EXCLUDES(mutex_);
    // call::Dispatcher
    void dispatch(call::ServerCall& call) override EXCLUDES(mutex_);

    // The call is about to be answered: the client's next one may come before call_ended, and has room.
    void make_room(call::ServerCall& call) EXCLUDES(mutex_);
    // The call was answered: its handle dies, and who waits for its interface may go on. Once per call; later ones do
    // nothing.
    void call_ended(call::ServerCall& call) EXCLUDES(mutex_);

private:
    // Accepts for one endpoint; lives as long as the process, like RPC endpoints do, or as its group wants it.
    struct Endpoint final : io::AcceptSink {
        Endpoint(Server& s, const io::Protocol& p, ServerGroup* g) : server(s), protocol(p), group(g) {}
        Server& server;
        const io::Protocol& protocol;
        ServerGroup* const group;  // null: none; it closes the endpoint before it goes
        Ref<io::Acceptor> acceptor;
        void on_accept(Ref<io::Stream> stream, io::WorkList& later) override;
    };
    Status open_endpoint(std::string_view protocol, std::string_view endpoint, const io::ListenOptions& options,
                         ServerGroup* group) EXCLUDES(mutex_);
    // The registration that serves the call, counting the call in; or why it is refused.
    void uncount(call::ServerCall& call) REQUIRES(mutex_);
    Status admit(call::ServerCall& call, Ref<Interface>& iface) EXCLUDES(mutex_);
    Status check_access(call::ServerCall& call, Interface& iface);
    Status ask_callback(call::ServerCall& call, Interface& iface);
    void run_manager(call::ServerCall& call, Interface& iface);

    Status find_registration(call::ServerCall& call, const Uuid& type, Ref<Interface>& iface) REQUIRES(mutex_);

    std::atomic<uint32_t> calls_received_{0};
    Mutex mutex_;
    Condition changed_;
    List<Interface> interfaces_ GUARDED_BY(mutex_);
    Vector<Owned<Endpoint>> endpoints_ GUARDED_BY(mutex_);
    uint32_t active_calls_ GUARDED_BY(mutex_) = 0;  // of interfaces that follow listening
    uint32_t max_calls_ GUARDED_BY(mutex_) = 0;
    bool listening_ GUARDED_BY(mutex_) = false;
    bool to_wait_for_ GUARDED_BY(mutex_) = false;  // listen was called, and nobody saw its end
    bool waited_for_ GUARDED_BY(mutex_) = false;
};

}  // namespace rpc::runtime
