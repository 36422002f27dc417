#pragma once
// Runs cases in child processes, so that a case which crashes or hangs costs itself alone.
#include "case.h"

struct Finished {
    Case what;
    Result result;
};

struct RunOptions {
    unsigned seconds = 15;  // for one case
    unsigned jobs = 3;      // child processes at a time
};

// Cases run in batches; a child ends after the first one that does not pass, and the rest go to another. A case that
// ended its child is run once more, alone, and that run counts. Prints each line in order as soon as it is known.
std::vector<Finished> run_in_children(const std::vector<Case>&, const RunOptions&);

// The child's side: runs until a case does not pass. Speaks the runner's line protocol on standard output.
int run_in_this_process(const std::vector<Case>&);

// Other processes that cases need (a server or a client to be killed): conformance --role NAME ARG...
int play_role(const char* name, int argc, char** argv);

// The process ends with the exception's code when it crashes, and no debugger is started.
void die_quietly_of_crashes();

const char* verdict_name(Verdict);

// 'A' in A-028.
extern const char case_letter;
