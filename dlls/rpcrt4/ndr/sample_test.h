#pragma once
// sample.idl's types, and where their descriptions are.
#include "ndr/sample_types.h"
#include "ndr/test_rig.h"

namespace rpc::ndr::test {

using namespace sample;

inline const uint8_t* x(unsigned at) { return x64::format + at; }

}  // namespace rpc::ndr::test
