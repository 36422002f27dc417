#include "io/address_change_win.h"

#include "io/tcp_stream_win.h"  // before what includes windows.h

#include "base/log.h"
#include "base/mutex.h"
#include "base/ref.h"

namespace rpc::io {
namespace {

// One request, asked for again before each change is told, so that none is missed.
class AddressWatch final : public RefCounted<AddressWatch>, public Operation, private Work {
public:
    AddressWatch(const Winsock& ws, SOCKET socket, void (*changed)()) : ws_(ws), socket_(socket), changed_(changed) {}
    ~AddressWatch() { ws_.closesocket(socket_); }

    DWORD ask() {
        static_cast<OVERLAPPED&>(*this) = {};
        DWORD n = 0;
        // What is done at once sends its packet too.
        if (ws_.WSAIoctl(socket_, SIO_ADDRESS_LIST_CHANGE, nullptr, 0, nullptr, 0, &n, this, nullptr) == 0) return 0;
        const DWORD error = static_cast<DWORD>(ws_.WSAGetLastError());
        return error == ERROR_IO_PENDING ? 0 : error;
    }

private:
    void done(DWORD error, DWORD) override {
        if (error != 0) {
            RPC_LOG(warn, "changes of addresses are told no more: error %lu", error);
            return;
        }
        WorkList later;
        later.push_back(static_cast<Work*>(this));
        run_later(later);
    }
    void run() override {
        if (const DWORD error = ask(); error != 0) RPC_LOG(warn, "changes of addresses are told no more: error %lu", error);
        changed_();
    }

    const Winsock& ws_;
    const SOCKET socket_;
    void (*const changed_)();
};

constinit Mutex g_lock;
constinit AddressWatch* g_watch = nullptr;  // keeps a reference: the request is never taken back

}  // namespace

Status watch_addresses(void (*changed)()) {
    Guard g(g_lock);
    if (g_watch) return Status::ok;
    const Winsock* ws = winsock();
    if (!ws) return Status::out_of_resources;
    RPC_TRY(start_executor());
    const SOCKET socket = make_socket(*ws, AF_INET);
    if (socket == INVALID_SOCKET) return Status::out_of_resources;
    auto watch = make_ref<AddressWatch>(*ws, socket, changed);
    if (!watch) return ws->closesocket(socket), Status::out_of_memory;
    DWORD error = ERROR_NO_SYSTEM_RESOURCES;
    if (!failed(join_port(as_handle(socket)))) error = watch->ask();
    if (error != 0) {
        RPC_LOG(warn, "changes of addresses are not told: error %lu", error);
        return Status::out_of_resources;
    }
    watch->add_ref();
    g_watch = watch.get();
    return Status::ok;
}

}  // namespace rpc::io
