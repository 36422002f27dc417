#include "runtime/error_policy.h"

#include <algorithm>
#include <atomic>

#include "base/error_record.h"
#include "base/mutex.h"

namespace rpc::runtime {
namespace {

constinit std::atomic<bool> g_applied{false};
constinit Mutex g_mutex;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with(std::string_view text, std::string_view beginning) {
    if (text.size() < beginning.size()) return false;
    for (size_t i = 0; i < beginning.size(); ++i)
        if (lower(text[i]) != lower(beginning[i])) return false;
    return true;
}

// Takes the next of the list off its front; empty at its end.
std::string_view next_exception(std::string_view& list) {
    while (!list.empty() && list.front() == ' ') list.remove_prefix(1);
    const bool quoted = !list.empty() && list.front() == '"';
    if (quoted) list.remove_prefix(1);
    const size_t end = std::min(list.find(quoted ? '"' : ' '), list.size());
    const std::string_view found = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    return found;
}

}  // namespace

bool propagates(const ErrorPolicy& policy, std::string_view command_line) {
    if (policy.mode == ErrorPolicy::on) return true;
    if (policy.mode != ErrorPolicy::on_with_exceptions && policy.mode != ErrorPolicy::off_with_exceptions) return false;
    if (!command_line.empty() && command_line.front() == '"') command_line.remove_prefix(1);
    bool listed = false;
    for (std::string_view list = policy.exceptions.view(); !listed && !list.empty();) {
        const std::string_view exception = next_exception(list);
        listed = !exception.empty() && starts_with(command_line, exception);
    }
    return listed == (policy.mode == ErrorPolicy::off_with_exceptions);
}

void apply_error_policy() {
    if (g_applied.load(std::memory_order_acquire)) return;
    Guard g(g_mutex);
    if (g_applied.load(std::memory_order_relaxed)) return;
    ErrorPolicy policy;
    Str command_line;
    read_error_policy(policy, command_line);
    set_errors_propagate(propagates(policy, command_line.view()));
    g_applied.store(true, std::memory_order_release);
}

}  // namespace rpc::runtime
