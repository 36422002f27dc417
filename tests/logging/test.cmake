# What RPCRT4_LOG_LEVEL, RPCRT4_LOG_PATH and WINEDEBUG=+rpc bring.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
target_link_libraries(logging PRIVATE test_support)
foreach(mode off path wine shared trace)
    wine_test(logging-${mode} COMMAND logging ${mode})
endforeach()
