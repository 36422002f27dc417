#include "child.h"
#include <stdio.h>

Child::Child(const std::wstring& arguments) {
    SECURITY_ATTRIBUTES inherit{sizeof inherit, nullptr, TRUE};
    HANDLE its_input = nullptr, its_output = nullptr;
    if (!CreatePipe(&its_input, &input_, &inherit, 0) || !CreatePipe(&output_, &its_output, &inherit, 0)) return;
    SetHandleInformation(input_, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(output_, HANDLE_FLAG_INHERIT, 0);
    wchar_t path[MAX_PATH];
    GetModuleFileNameW(nullptr, path, MAX_PATH);
    std::wstring command = L"\"" + std::wstring(path) + L"\" --role " + arguments;
    STARTUPINFOW startup{};
    startup.cb = sizeof startup;
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = its_input;
    startup.hStdOutput = its_output;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    PROCESS_INFORMATION process{};
    const bool started = CreateProcessW(nullptr, command.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr, &startup,
                                        &process);
    CloseHandle(its_input);
    CloseHandle(its_output);
    if (!started) return;
    CloseHandle(process.hThread);
    process_ = process.hProcess;
    ready_ = next_line();
    sscanf(ready_.c_str(), "ready %u %u", &id_, &port_);
}

std::string Child::next_line() {
    std::string line;
    for (ULONGLONG deadline = GetTickCount64() + 8000; GetTickCount64() < deadline;) {
        DWORD available = 0, got = 0;
        if (!PeekNamedPipe(output_, nullptr, 0, nullptr, &available, nullptr)) break;
        char c;
        if (!available) {
            Sleep(10);
        } else if (ReadFile(output_, &c, 1, &got, nullptr) && got) {
            if (c == '\n') break;
            line += c;
        }
    }
    return line;
}

bool Child::says(const char* line) {
    std::string next = next_line();
    while (!next.empty() && next.back() == '\r') next.pop_back();
    return next == line;
}

Child::~Child() {
    kill();
    for (HANDLE handle : {process_, input_, output_})
        if (handle) CloseHandle(handle);
}

void Child::kill() {
    if (!process_) return;
    TerminateProcess(process_, 99);
    WaitForSingleObject(process_, 5000);
}

void Child::let_end() {
    if (input_) CloseHandle(input_);
    input_ = nullptr;
}

bool Child::ended(unsigned milliseconds, unsigned long* code) const {
    return WaitForSingleObject(process_, milliseconds) == WAIT_OBJECT_0 && GetExitCodeProcess(process_, code);
}

handle_t Child::bind(srv::Protocol protocol) const { return id_ ? srv::bind_other(protocol, id_, port_) : nullptr; }
