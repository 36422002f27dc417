#pragma once
// Who we are; the numeric version that programs compare is in version.rc.
#define RPCRT4_VERSION "0.1.0"
