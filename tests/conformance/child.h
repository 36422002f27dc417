#pragma once
// Another process of this program that plays a role, for cases in which a process is killed or dies of a call.
#include "srv.h"
#include <string>

// conformance --role server            serves the fixture; prints `ready PID PORT`, and `parked` when a manager holds the call of
//                                      watched_key; ends when its input closes
// conformance --role client PID PORT PROTOCOL COUNT KEY
//                                      holds COUNT calls (keys KEY...) to that server, prints `ready`; never ends them
class Child {
public:
    explicit Child(const std::wstring& arguments);
    ~Child();
    Child(const Child&) = delete;

    // The call by which a server is known to have nothing to do: it has asked for what comes next, and writes nothing. Wine's
    // wineserver keeps a socket open for ever when its process is killed within a send or a receive, and the peer hears no end.
    static constexpr long watched_key = 1;

    // The line that says it is ready; empty when it did not come in time.
    const std::string& ready() const { return ready_; }
    // Whether that is the next line it prints, within eight seconds.
    bool says(const char* line);
    // A binding handle to the server that this child is; NULL when it is not there.
    handle_t bind(srv::Protocol) const;
    unsigned id() const { return id_; }
    unsigned port() const { return port_; }  // of TCP
    void kill();
    // Closes its input: it ends by itself, in order.
    void let_end();
    // Waits for its end; false when it still runs.
    bool ended(unsigned milliseconds, unsigned long* code) const;

private:
    std::string next_line();

    HANDLE process_ = nullptr, input_ = nullptr, output_ = nullptr;
    std::string ready_;
    unsigned id_ = 0;
    unsigned port_ = 0;
};
