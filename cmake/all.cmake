# The top level: no compiler of its own. The inner builds are configured now, so that a missing tool is an error of
# this configure step and ctest lists every test before the first build.
include(${CMAKE_CURRENT_LIST_DIR}/programs.cmake)
find_tool(NINJA ninja ninja-build)

option(RPCRT4_LONG "register the long tests too" OFF)
set(RPCRT4_SANITIZERS "address,undefined" CACHE STRING "of the host build, for -fsanitize=")

set(previous "")
set(lines "")
foreach(inner host x64 x86)
    execute_process(
        COMMAND ${CMAKE_COMMAND} --preset ${inner} -S ${CMAKE_SOURCE_DIR} -B ${CMAKE_BINARY_DIR}/${inner}
            -DRPCRT4_LONG=${RPCRT4_LONG} -DRPCRT4_SANITIZERS=${RPCRT4_SANITIZERS}
        WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
        RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "the inner build ${inner} does not configure (see above); tools/setup installs what it needs")
    endif()
    add_custom_target(${inner} ALL
        COMMAND ${CMAKE_COMMAND} --build ${CMAKE_BINARY_DIR}/${inner}
        USES_TERMINAL VERBATIM)
    if(previous)  # one after the other: each uses every core by itself
        add_dependencies(${inner} ${previous})
    endif()
    set(previous ${inner})
    string(APPEND lines "subdirs(${inner})\n")
endforeach()
# ctest reads the inner builds' own test files when it runs: every test has its own line.
file(WRITE ${CMAKE_BINARY_DIR}/inner-tests.cmake "${lines}")
set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${CMAKE_BINARY_DIR}/inner-tests.cmake)

add_test(NAME tree.complete COMMAND ${CMAKE_SOURCE_DIR}/tools/check-complete ${CMAKE_BINARY_DIR})
