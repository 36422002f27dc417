# Ours against Wine's own rpcrt4, both ways, over every protocol sequence.
include(${CMAKE_SOURCE_DIR}/tests/demo/desk.cmake)
include(${CMAKE_SOURCE_DIR}/tests/interop/pairs.cmake)

desk_program(interop_client ${CMAKE_CURRENT_LIST_DIR}/programs/interop_client.cpp ${DESK_DIR}/programs/client_kit.cpp)

# wine8.x64.interop.builtin-client.tcp: the side that is named is Wine's own; x64 is the arch of ours. The peer is of
# the other arch, so that each pair crosses both.
if(ARCH STREQUAL "x64")
    set(other x86)
else()
    set(other x64)
endif()
foreach(protocol lrpc np tcp)
    pair_test(${ARCH}.interop.builtin-server.${protocol} PROTOCOL ${protocol} SERVER ${other} demo_server
        CLIENT ${ARCH} interop_client OPTIONS --server-builtin --server-arg=--sync --client-arg=builtin-server)
    pair_test(${ARCH}.interop.builtin-client.${protocol} PROTOCOL ${protocol} SERVER ${ARCH} demo_server
        CLIENT ${other} interop_client OPTIONS --client-builtin --client-arg=builtin-client)
endforeach()

# Programs of Wine's own on our DLL, installed for them alone, talking to Wine's builtin services.exe.
foreach(what sc-query net-start)
    wine_test(${what} COMMAND ${CMAKE_CURRENT_LIST_DIR}/wine-programs --wine @WINE@ --arch ${ARCH}
        --dlls ${CMAKE_BINARY_DIR}/.. --prefix ${PREFIX_DIR}/wine@WINE@-installed ${what})
endforeach()
