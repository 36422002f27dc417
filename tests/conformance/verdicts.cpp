#include "verdicts.h"
#include <map>
#include <stdio.h>
#include <string.h>

int write_verdicts(const char* file, const std::vector<Finished>& results) {
    FILE* out = fopen(file, "wb");
    if (!out) {
        printf("cannot write %s\n", file);
        return 1;
    }
    for (const Finished& r : results) fprintf(out, "%c-%03d\t%s\n", case_letter, r.what.number, verdict_name(r.result.verdict));
    return fclose(out) ? 1 : 0;
}

static bool read_table(const char* file, std::map<int, std::string>& table) {
    FILE* in = fopen(file, "rb");
    if (!in) {
        printf("cannot read %s\n", file);
        return false;
    }
    char line[512];
    while (fgets(line, sizeof line, in)) {
        int number = 0, at = 0;
        char letter = 0;
        if (line[0] == '#' || sscanf(line, "%c-%d %n", &letter, &number, &at) != 2 || letter != case_letter) continue;
        std::string value = line + at;
        while (!value.empty() && strchr("\r\n\t ", value.back())) value.pop_back();
        table[number] = value;
    }
    fclose(in);
    return true;
}

static bool agrees(const std::map<int, std::string>& table, const Finished& r) {
    const auto at = table.find(r.what.number);
    return at != table.end() && (at->second == verdict_name(r.result.verdict) || at->second == "varies");
}

std::vector<Case> changed_verdicts(const char* file, const std::vector<Finished>& results) {
    std::map<int, std::string> table;
    std::vector<Case> changed;
    if (!read_table(file, table)) return changed;
    for (const Finished& r : results)
        if (!agrees(table, r)) changed.push_back(r.what);
    return changed;
}

int compare_verdicts(const char* file, const std::vector<Finished>& results) {
    std::map<int, std::string> table;
    if (!read_table(file, table)) return 1;
    unsigned differences = 0;
    for (const Finished& r : results) {
        if (agrees(table, r)) continue;
        const auto at = table.find(r.what.number);
        const std::string expected = at == table.end() ? "nothing" : at->second;
        ++differences;
        printf("CHANGED %c-%03d: %s, expected %s (%s)\n", case_letter, r.what.number, verdict_name(r.result.verdict),
               expected.c_str(), r.result.detail.c_str());
    }
    if (results.size() == all_cases().size()) {
        for (const auto& [number, verdict] : table) {
            bool known = false;
            for (const Finished& r : results) known |= r.what.number == number;
            if (known) continue;
            ++differences;
            printf("CHANGED %c-%03d: no such case, expected %s\n", case_letter, number, verdict.c_str());
        }
    }
    printf("%u differences from %s\n", differences, file);
    return differences ? 1 : 0;
}

int compare_passes(const char* file, const std::vector<Finished>& results) {
    std::map<int, std::string> table;
    if (!read_table(file, table)) return 1;
    unsigned differences = 0;
    for (const Finished& r : results) {
        const bool passes = r.result.verdict == Verdict::pass;
        const auto at = table.find(r.what.number);
        const bool listed = at != table.end() && !at->second.empty();
        if (passes == listed) continue;
        ++differences;
        printf("CHANGED %c-%03d: %s, but %s (%s)\n", case_letter, r.what.number, passes ? "passes" : "does not pass",
               listed ? "listed" : "not listed with a reason", r.result.detail.c_str());
    }
    printf("%u differences from %s\n", differences, file);
    return differences ? 1 : 0;
}
