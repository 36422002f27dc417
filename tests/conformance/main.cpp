// The conformance program: runs the numbered cases through the published API and prints one line for each.
//
//   conformance [--list] [--brief] [--case A-028[,A-030-A-040...]] [--seconds N] [--jobs N]
//               [--expected FILE [--again N] | --write FILE | --may-pass FILE] [--child LIST]
//
// --brief leaves out the cases of thousands of calls. --again is for what depends on the moment and is not mended (yet): cases whose verdict is not the expected one run again, alone, up to N times.
// Exit status: with --expected, 0 when every verdict is the one in FILE; with --may-pass, 0 when exactly the cases in
// FILE pass; otherwise 0 when none failed.
#include "case.h"
#include "runner.h"
#include "srv.h"
#include "verdicts.h"
#include <set>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage() {
    fprintf(stderr, "usage: conformance [--list] [--brief] [--case A-028[,A-030-A-040]] [--seconds N] [--jobs N]\n"
                    "                   [--expected FILE [--again N] | --write FILE | --may-pass FILE]\n");
    return 2;
}

static int number_of(const char*& at) {
    if (at[0] == case_letter && at[1] == '-') at += 2;
    char* end = nullptr;
    const long value = strtol(at, &end, 10);
    at = end;
    return static_cast<int>(value);
}

static bool parse_list(const char* at, std::set<int>& wanted) {
    while (*at) {
        const int first = number_of(at);
        int last = first;
        if (*at == '-') last = number_of(++at);
        if (first <= 0 || last < first || (*at && *at != ',')) return false;
        for (int i = first; i <= last; ++i) wanted.insert(i);
        if (*at == ',') ++at;
    }
    return !wanted.empty();
}

static std::vector<Case> selected(const std::set<int>& wanted, bool brief) {
    std::vector<Case> cases;
    for (const Case& c : all_cases())
        if ((wanted.empty() || wanted.count(c.number)) && !(brief && (c.flags & kLongRun))) cases.push_back(c);
    return cases;
}

static int list_cases(const std::vector<Case>& cases) {
    for (const Case& c : cases) printf("%c-%03d [%s] %s\n", case_letter, c.number, c.source, c.text);
    return 0;
}

static int report(const std::vector<Finished>& results) {
    unsigned count[4] = {};
    for (const Finished& r : results) ++count[static_cast<int>(r.result.verdict)];
    printf("%zu cases: %u pass, %u fail, %u record, %u skip\n", results.size(), count[0], count[1], count[2], count[3]);
    return count[1] ? 1 : 0;
}

static void run_again(const char* expected, RunOptions options, std::vector<Finished>& results) {
    const std::vector<Case> changed = changed_verdicts(expected, results);
    if (changed.empty()) return;
    printf("once more: %zu cases\n", changed.size());
    options.jobs = 1;
    for (const Finished& again : run_in_children(changed, options))
        for (Finished& r : results)
            if (r.what.number == again.what.number) r.result = again.result;
}

int main(int argc, char** argv) {
    std::set<int> wanted;
    RunOptions options;
    unsigned again = 0;
    const char *expected = nullptr, *write = nullptr, *may_pass = nullptr;
    bool list = false, child = false, brief = false;
    for (int i = 1; i < argc; ++i) {
        const char* option = argv[i];
        if (!strcmp(option, "--list")) {
            list = true;
            continue;
        }
        if (!strcmp(option, "--brief")) {
            brief = true;
            continue;
        }
        if (++i >= argc) return usage();
        if (!strcmp(option, "--role")) return play_role(argv[i], argc - i - 1, argv + i + 1);
        if (!strcmp(option, "--case") || !strcmp(option, "--child")) {
            child = !strcmp(option, "--child");
            if (!parse_list(argv[i], wanted)) return usage();
        } else if (!strcmp(option, "--seconds")) {
            options.seconds = static_cast<unsigned>(atoi(argv[i]));
        } else if (!strcmp(option, "--jobs")) {
            options.jobs = static_cast<unsigned>(atoi(argv[i]));
        } else if (!strcmp(option, "--expected")) {
            expected = argv[i];
        } else if (!strcmp(option, "--again")) {
            again = static_cast<unsigned>(atoi(argv[i]));
        } else if (!strcmp(option, "--write")) {
            write = argv[i];
        } else if (!strcmp(option, "--may-pass")) {
            may_pass = argv[i];
        } else {
            return usage();
        }
    }
    const std::vector<Case> cases = selected(wanted, brief);
    if (cases.empty()) return usage();
    if (list) return list_cases(cases);
    if (child) return run_in_this_process(cases);

    std::vector<Finished> results = run_in_children(cases, options);
    for (; expected && again != 0; --again) run_again(expected, options, results);
    const int failures = report(results);
    if (write) return write_verdicts(write, results);
    if (expected) return compare_verdicts(expected, results);
    if (may_pass) return compare_passes(may_pass, results);
    return failures;
}
