# The families that need no network, and every name of the export table, called where it declines.
target_sources(basics PRIVATE ${CMAKE_BINARY_DIR}/exports/exports.inc ${DLL_DIR}/base/arch/${ARCH}.S)
target_include_directories(basics PRIVATE ${CMAKE_BINARY_DIR}/exports ${DLL_DIR})
wine_test(basics COMMAND basics)
