#include "runtime/local_machine.h"

#include <windows.h>
#include <winternl.h>

#include "base/log.h"
#include "base/mutex.h"
#include "base/os.h"

namespace rpc::runtime {
namespace {

constexpr uint32_t start_timeout_ms = 30000;
constexpr uint32_t poll_ms = 20;
constexpr uint32_t retry_ms = 250;

bool same_name(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    for (size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

// The service manager would wait for itself.
bool is_service_manager() {
    wchar_t path[MAX_PATH] = L"";
    const DWORD length = GetModuleFileNameW(nullptr, path, MAX_PATH);
    constexpr wchar_t name[] = L"services.exe";
    constexpr DWORD size = sizeof name / sizeof *name - 1;
    return length >= size && _wcsicmp(path + length - size, name) == 0;
}

// What we need of advapi32, loaded on first use.
struct ServiceManager {
    decltype(&OpenSCManagerW) open_manager;
    decltype(&OpenServiceW) open_service;
    decltype(&StartServiceW) start;
    decltype(&QueryServiceStatus) query;
    decltype(&CloseServiceHandle) close;

    bool load() {
        const HMODULE module = LoadLibraryW(L"advapi32");
        if (!module) return false;
        auto find = [&](auto& function, const char* name) {
            function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
                reinterpret_cast<void*>(GetProcAddress(module, name)));
            return function != nullptr;
        };
        return find(open_manager, "OpenSCManagerW") && find(open_service, "OpenServiceW") &&
               find(start, "StartServiceW") && find(query, "QueryServiceStatus") && find(close, "CloseServiceHandle");
    }
};

// One try; `until` ends a wait for a service that is about to run.
Status try_start(const ServiceManager& manager, uint64_t until) {
    const SC_HANDLE root = manager.open_manager(nullptr, nullptr, SC_MANAGER_CONNECT);
    if (!root) return Status::server_unavailable;
    const SC_HANDLE service = manager.open_service(root, L"RpcSs", SERVICE_START | SERVICE_QUERY_STATUS);
    SERVICE_STATUS status{};
    bool pending = service && (manager.start(service, 0, nullptr) || GetLastError() == ERROR_SERVICE_ALREADY_RUNNING);
    while (pending && manager.query(service, &status) && status.dwCurrentState == SERVICE_START_PENDING &&
           os::now_ms() < until)
        os::sleep_ms(poll_ms);
    if (service) manager.close(service);
    manager.close(root);
    return status.dwCurrentState == SERVICE_RUNNING ? Status::ok : Status::server_unavailable;
}

// Wine's service manager goes with the last program of a prefix and comes back with the next: one that is on its way
// out refuses, and its successor does not.
Status start_service() {
    ServiceManager manager;
    if (!manager.load()) return Status::server_unavailable;
    const uint64_t until = os::now_ms() + start_timeout_ms;
    Status status;
    while (failed(status = try_start(manager, until)) && os::now_ms() < until) os::sleep_ms(retry_ms);
    RPC_LOG(info, "the endpoint mapper's service was started: status %u", code(status));
    return status;
}

struct Attempt {
    Mutex mutex;
    Condition done;
    bool tried GUARDED_BY(mutex) = false;
    bool finished GUARDED_BY(mutex) = false;
    uint32_t thread GUARDED_BY(mutex) = 0;
    Status result GUARDED_BY(mutex) = Status::server_unavailable;
};
constinit Attempt g_attempt;

}  // namespace

bool is_this_machine(std::string_view address) {
    if (address.empty() || same_name(address, "localhost") || address == "127.0.0.1" || address == "::1") return true;
    char name[256];
    for (COMPUTER_NAME_FORMAT format : {ComputerNameNetBIOS, ComputerNameDnsHostname, ComputerNameDnsFullyQualified}) {
        DWORD size = sizeof name;
        if (GetComputerNameExA(format, name, &size) && same_name(address, {name, size})) return true;
    }
    return false;
}

Status start_mapper_service() {
    if (is_service_manager() || os::holds_loader_lock()) return Status::server_unavailable;
    Attempt& a = g_attempt;
    {
        Guard g(a.mutex);
        // The service manager's client may come back here on this very thread.
        if (a.tried && a.thread == os::thread_id()) return a.result;
        while (a.tried && !a.finished) a.done.wait(a.mutex);
        if (a.tried) return a.result;
        a.tried = true;
        a.thread = os::thread_id();
    }
    const Status status = start_service();
    Guard g(a.mutex);
    a.result = status;
    a.finished = true;
    a.thread = 0;
    a.done.wake_all();
    return status;
}

}  // namespace rpc::runtime
