#pragma once
// Expected verdicts are data: lines `A-028<TAB>pass` (`varies` where it depends on the moment, on the builtin alone), or for passes
// alone `A-028<TAB>reason`; `#` starts a comment.
#include "runner.h"

// 0 when FILE was written.
int write_verdicts(const char* file, const std::vector<Finished>&);
// 0 when every verdict is the one in FILE and FILE names no other case that was selected; prints each difference.
int compare_verdicts(const char* file, const std::vector<Finished>&);
// The cases whose verdict is another than in FILE; none where FILE cannot be read.
std::vector<Case> changed_verdicts(const char* file, const std::vector<Finished>&);
// 0 when the cases that pass are exactly those in FILE.
int compare_passes(const char* file, const std::vector<Finished>&);
