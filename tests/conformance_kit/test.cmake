# The kit for Windows, on Wine's own rpcrt4. It holds both architectures, so one build's tests are enough.
if(ARCH STREQUAL "x64")
    wine_test(conformance-kit COMMAND ${CMAKE_CURRENT_LIST_DIR}/check @WINE@ ${PREFIX_DIR}/wine@WINE@ ${CMAKE_BINARY_DIR}/..
        ${CMAKE_BINARY_DIR}/conformance-kit@WINE@)
endif()
