#include "runner.h"
#include "support/guard.h"
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char* verdict_name(Verdict verdict) {
    static const char* const names[] = {"pass", "fail", "record", "skip"};
    return names[static_cast<int>(verdict)];
}

// The child's side -------------------------------------------------------------------------------------------------

static LONG WINAPI die_quietly(EXCEPTION_POINTERS* exception) {
    // Without this the system's debugger would start, and take seconds for each crash.
    TerminateProcess(GetCurrentProcess(), exception->ExceptionRecord->ExceptionCode);
    return EXCEPTION_EXECUTE_HANDLER;
}

void die_quietly_of_crashes() {
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetUnhandledExceptionFilter(die_quietly);
}

static void say(const std::string& line) {
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line.data(), static_cast<DWORD>(line.size()), &written, nullptr);
}

int run_in_this_process(const std::vector<Case>& cases) {
    die_quietly_of_crashes();
    for (const Case& c : cases) {
        say(format_text("> %d\n", c.number));
        Result result{Verdict::fail, ""};
        const Outcome outcome = guarded([&] { result = c.run(); });
        if (outcome.raised) result = failed("%s", outcome.text().c_str());
        for (char& ch : result.detail)
            if (ch == '\n' || ch == '\r') ch = ' ';
        say(format_text("< %d %d ", c.number, static_cast<int>(result.verdict)) + result.detail + "\n");
        if (result.verdict == Verdict::fail) break;
    }
    // No tidy exit: a failed case may have left calls pending that wait for this process's own threads.
    TerminateProcess(GetCurrentProcess(), 0);
    return 0;
}

// The parent's side ------------------------------------------------------------------------------------------------

namespace {

struct Child {
    HANDLE process = nullptr;
    HANDLE output = nullptr;
    std::string pending;

    ~Child() {
        if (process) {
            TerminateProcess(process, 1);
            WaitForSingleObject(process, 5000);
            CloseHandle(process);
        }
        if (output) CloseHandle(output);
    }
};

struct Run {
    std::vector<Case> cases;
    std::map<int, Result> done;
    SRWLOCK lock = SRWLOCK_INIT;
    std::deque<std::vector<Case>> batches;
    size_t printed = 0;
    RunOptions options;
};

bool start_child(const std::vector<Case>& batch, Child& child) {
    SECURITY_ATTRIBUTES inherit{sizeof inherit, nullptr, TRUE};
    HANDLE write;
    if (!CreatePipe(&child.output, &write, &inherit, 0)) return false;
    SetHandleInformation(child.output, HANDLE_FLAG_INHERIT, 0);
    wchar_t path[MAX_PATH];
    GetModuleFileNameW(nullptr, path, MAX_PATH);
    std::wstring command = L"\"" + std::wstring(path) + L"\" --child ";
    for (const Case& c : batch) command += std::to_wstring(c.number) + L",";
    command.pop_back();
    STARTUPINFOW startup{};
    startup.cb = sizeof startup;
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = write;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    PROCESS_INFORMATION process{};
    const bool started = CreateProcessW(nullptr, command.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr, &startup,
                                        &process);
    CloseHandle(write);
    if (!started) return false;
    CloseHandle(process.hThread);
    child.process = process.hProcess;
    return true;
}

enum class Line { got, ended, late };

// The next line that the child prints, within `milliseconds`.
Line read_line(Child& child, std::string& line, unsigned milliseconds) {
    const ULONGLONG deadline = GetTickCount64() + milliseconds;
    for (;;) {
        const size_t end = child.pending.find('\n');
        if (end != std::string::npos) {
            line = child.pending.substr(0, end);
            child.pending.erase(0, end + 1);
            return Line::got;
        }
        DWORD available = 0;
        if (!PeekNamedPipe(child.output, nullptr, 0, nullptr, &available, nullptr)) return Line::ended;
        if (available) {
            char buffer[1024];
            DWORD got = 0;
            if (!ReadFile(child.output, buffer, std::min(available, static_cast<DWORD>(sizeof buffer)), &got, nullptr))
                return Line::ended;
            child.pending.append(buffer, got);
            continue;
        }
        if (WaitForSingleObject(child.process, 5) == WAIT_OBJECT_0) {
            if (PeekNamedPipe(child.output, nullptr, 0, nullptr, &available, nullptr) && available) continue;
            return Line::ended;
        }
        if (GetTickCount64() > deadline) return Line::late;
    }
}

void print_known(Run& run) {  // under the lock
    while (run.printed < run.cases.size()) {
        const Case& c = run.cases[run.printed];
        const auto at = run.done.find(c.number);
        if (at == run.done.end()) break;
        const Result& r = at->second;
        printf("%c-%03d %s [%s] %s%s%s\n", case_letter, c.number, verdict_name(r.verdict), c.source, c.text,
               r.detail.empty() ? "" : ": ", r.detail.c_str());
        ++run.printed;
    }
    fflush(stdout);
}

void finish(Run& run, const Case& c, const Result& result) {
    AcquireSRWLockExclusive(&run.lock);
    run.done[c.number] = result;
    print_known(run);
    ReleaseSRWLockExclusive(&run.lock);
}

// One child for `batch`, which loses the cases that are done. A case that ends its child is done only when it was the
// child's first: what went before could have harmed it.
void run_batch(Run& run, std::vector<Case>& batch) {
    Child child;
    if (!start_child(batch, child)) {
        finish(run, batch.front(), failed("no child process: error %lu", GetLastError()));
        batch.erase(batch.begin());
        return;
    }
    const size_t at_start = batch.size();
    while (!batch.empty()) {
        const Case current = batch.front();
        const unsigned times = current.flags & kLongRun ? 10 : current.flags & kSlow ? 2 : 1;
        const unsigned limit = run.options.seconds * 1000 * times + 5000;
        std::string line;
        const Line got = read_line(child, line, limit);
        int number, verdict, text = 0;
        if (got == Line::got) {
            if (sscanf(line.c_str(), "< %d %d %n", &number, &verdict, &text) == 2 && number == current.number) {
                finish(run, current, {static_cast<Verdict>(verdict), line.substr(text)});
                batch.erase(batch.begin());
            }
            continue;  // the announcement, or what a case's own code printed
        }
        DWORD code = 0;
        GetExitCodeProcess(child.process, &code);
        const bool none_done = batch.size() == at_start;
        if (got == Line::ended && code == 0 && !none_done) return;  // it stopped after a failure; the rest goes to another child
        if (none_done) {
            finish(run, current, got == Line::late ? failed("hang") : failed("crash %08lx", code));
            batch.erase(batch.begin());
        }
        return;
    }
}

DWORD WINAPI work(void* context) {
    Run& run = *static_cast<Run*>(context);
    for (;;) {
        AcquireSRWLockExclusive(&run.lock);
        if (run.batches.empty()) {
            ReleaseSRWLockExclusive(&run.lock);
            return 0;
        }
        std::vector<Case> batch = std::move(run.batches.front());
        run.batches.pop_front();
        ReleaseSRWLockExclusive(&run.lock);
        while (!batch.empty()) run_batch(run, batch);
    }
}

void make_batches(Run& run) {
    constexpr size_t kMost = 16;
    std::vector<Case> batch;
    auto flush = [&] {
        if (!batch.empty()) run.batches.push_back(batch);
        batch.clear();
    };
    for (const Case& c : run.cases) {
        if (c.flags & kAlone) {
            run.batches.push_back({c});
            continue;
        }
        batch.push_back(c);
        if (batch.size() == kMost) flush();
    }
    flush();
}

}  // namespace

std::vector<Finished> run_in_children(const std::vector<Case>& cases, const RunOptions& options) {
    Run run;
    run.cases = cases;
    run.options = options;
    make_batches(run);
    std::vector<HANDLE> workers;
    for (unsigned i = 0; i < std::clamp(options.jobs, 1u, 16u); ++i)
        workers.push_back(CreateThread(nullptr, 0, work, &run, 0, nullptr));
    for (HANDLE worker : workers) {
        WaitForSingleObject(worker, INFINITE);
        CloseHandle(worker);
    }
    std::vector<Finished> results;
    for (const Case& c : cases) results.push_back({c, run.done[c.number]});
    return results;
}
