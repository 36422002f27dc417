# Authentication: what secur32 can do by itself, the functions without a call, and client and server in one process.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
target_link_libraries(security PRIVATE test_support secur32 crypt32)
foreach(what sspi api pair)
    wine_test(security.${what} COMMAND security ${what})
endforeach()

# NTLM against peers that are not SSPI.
foreach(side client many server login)
    wine_test(security.interop.${side} TIMEOUT 300 COMMAND ${CMAKE_CURRENT_LIST_DIR}/interop --wine @WINE@ --arch ${ARCH}
        --prefix ${PREFIX_DIR}/wine@WINE@ --exe ${CMAKE_BINARY_DIR}/tests/security.exe ${side})
endforeach()
