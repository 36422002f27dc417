# Serialisation through the exports, and procedures against what Wine's builtin writes and reads.
include(${CMAKE_CURRENT_LIST_DIR}/../support/support.cmake)
target_link_libraries(pickling PRIVATE test_support)
wine_test(pickling COMMAND pickling)
# The builtin has procedures only, with fixed buffers, and its x64 entry misreads its arguments.
if(ARCH STREQUAL "x86")
    wine_test(pickling.builtin BUILTIN COMMAND pickling builtin)
endif()
