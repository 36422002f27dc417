#include "case.h"
#include <algorithm>
#include <stdarg.h>
#include <stdio.h>

static std::vector<Case>& registry() {
    static std::vector<Case> cases;
    return cases;
}

Registration::Registration(int number, const char* source, const char* text, Result (*run)(), unsigned flags) {
    registry().push_back({number, source, text, run, flags});
}

const std::vector<Case>& all_cases() {
    static const bool sorted = [] {
        std::sort(registry().begin(), registry().end(), [](const Case& a, const Case& b) { return a.number < b.number; });
        return true;
    }();
    (void)sorted;
    return registry();
}

static std::string format_list(const char* format, va_list arguments) {
    char buffer[512];
    __mingw_vsnprintf(buffer, sizeof buffer, format, arguments);
    return buffer;
}

std::string format_text(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::string text = format_list(format, arguments);
    va_end(arguments);
    return text;
}

#define RESULT(function, verdict)                                          \
    Result function(const char* format, ...) {                             \
        va_list arguments;                                                 \
        va_start(arguments, format);                                       \
        Result result{Verdict::verdict, format_list(format, arguments)};   \
        va_end(arguments);                                                 \
        return result;                                                     \
    }
RESULT(passed, pass)
RESULT(failed, fail)
RESULT(recorded, record)
RESULT(skipped, skip)
