#pragma once
// Extended error information: what each layer that an error passes through says of it, a chain of records per thread. It
// changes no call's outcome: what cannot be noted for want of memory is left out. Sources: documentation pages
// "Understanding Extended Error Information" and "Extended Error Information Detection Locations", [MS-EERR] 2.2.1.
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"
#include "base/ref.h"
#include "base/vector.h"

namespace rpc {

enum class ErrorComponent : uint32_t {
    application = 1,
    runtime = 2,
    security_provider = 3,
    named_pipes = 6,
    winsock = 8,
    lpc = 10,
};

// DetectionLocation, by the names that the page has for what was detected.
namespace detected {
constexpr uint16_t none = 0;
constexpr uint16_t dispatch_failed = 32;       // DealWithRequestMessage30
constexpr uint16_t security_callback = 40;     // CheckSecurity10
constexpr uint16_t server_credentials = 60;    // FindServerCredentials10
constexpr uint16_t accept_security = 70;       // AcceptFirstTime10
constexpr uint16_t no_type = 170;              // DispatchToStub10
constexpr uint16_t interface_unregistered = 171;  // DispatchToStub20
constexpr uint16_t interface_calls = 180;      // DispatchToStubWorker10
constexpr uint16_t not_listening = 181;        // DispatchToStubWorker20
constexpr uint16_t no_procedure = 183;         // DispatchToStubWorker40
constexpr uint16_t pipe_open = 190;            // NMPOpen10
constexpr uint16_t pipe_wait = 191;            // NMPOpen20
constexpr uint16_t pipe_open_mapped = 193;     // NMPOpen40
constexpr uint16_t socket_open = 310;          // WSOpen10
constexpr uint16_t socket_open_mapped = 312;   // WSOpen30
constexpr uint16_t socket_connect_mapped = 313;  // WSOpen40
constexpr uint16_t connect_ex = 317;           // WSOpen80
constexpr uint16_t resolve_name = 320;         // NextAddress10
constexpr uint16_t resolve_name_memory = 321;  // NextAddress20
constexpr uint16_t resolve_name_mapped = 322;  // NextAddress30
constexpr uint16_t call_timeout = 350;         // GetStatusForTimeout10
constexpr uint16_t receive_reply = 370;        // OSF_CCALL__ReceiveReply10
constexpr uint16_t resolve_endpoint = 501;     // EpResolveEndpoint20
constexpr uint16_t lrpc_unavailable = 562;     // LRPC_CASSOCIATION__OpenLpcPort30
constexpr uint16_t lrpc_connect = 563;         // LRPC_CASSOCIATION__OpenLpcPort40
constexpr uint16_t bind_refused = 701;         // OSF_CASSOCIATION__ProcessBindAckOrNak20
}  // namespace detected

enum class ErrorParamType : uint16_t { ansi = 1, utf16 = 2, long_value = 3, short_value = 4, pointer = 5, none = 6, binary = 7 };

struct ErrorParam {
    ErrorParamType type = ErrorParamType::none;
    uint64_t number = 0;  // long_value, short_value, pointer
    Buffer text;          // ansi, utf16 (little-endian): with its terminator; binary: the bytes

    bool is_text() const { return type == ErrorParamType::ansi || type == ErrorParamType::utf16; }
};

constexpr size_t max_error_params = 4;

namespace error_flag {
constexpr uint16_t previous_missing = 1;  // records before this one
constexpr uint16_t next_missing = 2;      // records behind it
}  // namespace error_flag

// Constant once it is on a chain.
struct ErrorRecord final : RefCounted<ErrorRecord> {
    Buffer computer;  // UTF-16, terminated; empty: not told
    uint32_t process_id = 0;
    uint64_t time = 0;  // FILETIME, UTC
    uint32_t component = 0;
    uint32_t status = 0;
    uint16_t location = 0;
    uint16_t flags = 0;  // error_flag
    uint8_t param_count = 0;
    ErrorParam params[max_error_params];
};

// The root cause first; a layer adds its record behind those it got.
using ErrorChain = Vector<Ref<const ErrorRecord>>;

// False when memory is out; `to` is as it was then.
[[nodiscard]] bool copy_chain(const ErrorChain& from, ErrorChain& to);

// What a parameter is made of. Text is UTF-8 and becomes utf16.
struct NotedParam {
    NotedParam(uint32_t value) : number(value) {}
    NotedParam(std::string_view value) : text(value), is_text(true) {}
    uint32_t number = 0;
    std::string_view text;
    bool is_text = false;
};

// A record of this process and moment; null when memory is out.
Ref<ErrorRecord> make_error_record(ErrorComponent component, uint32_t status, uint16_t location);

// Adds a record to the calling thread's chain. At most max_error_params parameters.
void note_error(ErrorComponent component, uint32_t status, uint16_t location, std::initializer_list<NotedParam> params = {});

// The calling thread's chain; null where it has none yet, with `create` only when memory is out.
ErrorChain* thread_errors(bool create);
// Takes the calling thread's chain away from it.
ErrorChain take_thread_errors();
// Replaces it.
void set_thread_errors(ErrorChain chain);
void clear_thread_errors();

// Takes back what was noted for errors that came to nothing, unless keep() was called: an address that did not answer before
// one that did.
class TentativeErrors {
public:
    TentativeErrors() : before_(count()) {}
    TentativeErrors(const TentativeErrors&) = delete;
    TentativeErrors& operator=(const TentativeErrors&) = delete;
    ~TentativeErrors();
    void keep() { kept_ = true; }

private:
    static size_t count();
    const size_t before_;
    bool kept_ = false;
};

// Whether this process tells its clients (page "Enabling Extended Error Information"). Off at first.
bool errors_propagate();
void set_errors_propagate(bool on);

}  // namespace rpc
