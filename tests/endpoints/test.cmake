wine_test(endpoints COMMAND endpoints)

# Ours against Wine's own on either side; the mapper between them is Wine's rpcss.
include(${CMAKE_SOURCE_DIR}/tests/interop/pairs.cmake)
if(ARCH STREQUAL "x64")
    set(other x86)
else()
    set(other x64)
endif()
foreach(protocol lrpc np tcp)
    pair_test(${ARCH}.endpoints.builtin-server.${protocol} PROTOCOL ${protocol} SERVER ${other} endpoints
        CLIENT ${ARCH} endpoints OPTIONS --server-builtin)
    pair_test(${ARCH}.endpoints.builtin-client.${protocol} PROTOCOL ${protocol} SERVER ${ARCH} endpoints
        CLIENT ${other} endpoints OPTIONS --client-builtin)
endforeach()

# In a prefix of its own: its rpcss is ended.
wine_test(endpoints.revive COMMAND ${CMAKE_CURRENT_LIST_DIR}/revive --wine @WINE@ --arch ${ARCH}
    --dlls ${CMAKE_BINARY_DIR}/.. --prefix ${PREFIX_DIR}/wine@WINE@-mapper $<TARGET_FILE:endpoints>)
