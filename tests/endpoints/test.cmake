wine_test(endpoints COMMAND endpoints)

# Two processes, one of each arch; the mapper between them is Wine's rpcss. (The builtin is on neither side: as a server it
# registers its pipes' names with every backslash twice and gives two processes the same dynamic endpoint, so that its own client
# does not find it either.)
include(${CMAKE_SOURCE_DIR}/tests/interop/pairs.cmake)
if(ARCH STREQUAL "x64")
    set(other x86)
else()
    set(other x64)
endif()
foreach(protocol lrpc np tcp)
    pair_test(${ARCH}.endpoints.${protocol} PROTOCOL ${protocol} SERVER ${other} endpoints CLIENT ${ARCH} endpoints)
endforeach()

# In a prefix of its own: its rpcss is ended.
wine_test(endpoints.revive COMMAND ${CMAKE_CURRENT_LIST_DIR}/revive --wine @WINE@ --arch ${ARCH}
    --dlls ${CMAKE_BINARY_DIR}/.. --prefix ${PREFIX_DIR}/wine@WINE@-mapper $<TARGET_FILE:endpoints>)
