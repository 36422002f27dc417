#pragma once
// A numbered case of the asynchronous RPC specification: what it is, where it is from, and what became of it.
#include <string>
#include <vector>

enum class Verdict { pass, fail, record, skip };

struct Result {
    Verdict verdict;
    std::string detail;
};

struct Case {
    int number;
    const char* source;  // the specification's source tag
    const char* text;    // what is expected, in a few words
    Result (*run)();
    unsigned flags;
};

enum : unsigned {
    kAlone = 1,  // always in a process of its own: it may end the process, or changes it for good
    kSlow = 2,   // gets twice the time limit
    kLongRun = 4,   // ten times: thousands of calls, on a machine that may have other things to do
};

// Every case of the program, in the order of their numbers.
const std::vector<Case>& all_cases();

struct Registration {
    Registration(int number, const char* source, const char* text, Result (*run)(), unsigned flags = 0);
};

[[gnu::format(gnu_printf, 1, 2)]] std::string format_text(const char* format, ...);
[[gnu::format(gnu_printf, 1, 2)]] Result passed(const char* format, ...);
[[gnu::format(gnu_printf, 1, 2)]] Result failed(const char* format, ...);
[[gnu::format(gnu_printf, 1, 2)]] Result recorded(const char* format, ...);
[[gnu::format(gnu_printf, 1, 2)]] Result skipped(const char* format, ...);

// Defines and registers case A-`number`; a function body returning a Result follows.
#define CASE(number, source, text, ...)                                                                \
    static Result case_##number();                                                                     \
    static Registration registration_##number{number, source, text, case_##number, ##__VA_ARGS__};     \
    static Result case_##number()

// Leaves the case as failed, with words of one's own, unless `condition` holds.
#define EXPECT(condition, ...) \
    do {                       \
        if (!(condition)) return failed(__VA_ARGS__); \
    } while (0)
// Leaves the case as failed unless the outcome of `expression` is exactly `expected`; the text names both.
#define EXPECT_IS(expression, expected)                                                                          \
    do {                                                                                                         \
        const Outcome outcome_ = (expression);                                                                   \
        if (!(outcome_ == static_cast<long long>(expected)))                                                     \
            return failed("%s: %s, expected %lld", #expression, outcome_.text().c_str(),                         \
                          static_cast<long long>(expected));                                                     \
    } while (0)
