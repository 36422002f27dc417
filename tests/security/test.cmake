# Authentication: what secur32 can do by itself, the functions without a call, and client and server in one process.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
target_link_libraries(security PRIVATE test_support secur32)
foreach(what sspi api pair)
    wine_test(security.${what} COMMAND security ${what})
endforeach()
