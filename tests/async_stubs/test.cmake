# Asynchronous stubs by tools/async-stubs, of the interface with every kind of parameter that tests/stubs has.
include(${CMAKE_SOURCE_DIR}/cmake/async_stubs.cmake)
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
include(${CMAKE_SOURCE_DIR}/tests/interop/pairs.cmake)

set(idl ${CMAKE_SOURCE_DIR}/tests/stubs/stubs.idl)
set(programs ${CMAKE_CURRENT_LIST_DIR}/programs)
pe_program(async_stubs_client ${programs}/client_main.cpp ${programs}/client_async.cpp ${programs}/client_sync.cpp
    ${programs}/memory.cpp)
pe_program(async_stubs_server ${programs}/server_main.cpp ${programs}/managers_async.cpp ${programs}/managers_sync.cpp
    ${programs}/memory.cpp)
foreach(side client server)
    string(TOUPPER ${side} upper)
    # The same without anything asynchronous, under other names.
    add_library(sync_stubs_${side} OBJECT)
    rpc_async_stubs(sync_stubs_${side} ${idl} ${CMAKE_CURRENT_LIST_DIR}/sync.acf ${upper}
        WIDL_OPTIONS --prefix-client=sync_c_ --prefix-server=sync_s_)
    rpc_async_stubs(async_stubs_${side} ${idl} ${CMAKE_CURRENT_LIST_DIR}/stubs.acf ${upper}
        WIDL_OPTIONS --prefix-client=c_ --prefix-server=s_)
    add_dependencies(async_stubs_${side} sync_stubs_${side})
    target_include_directories(async_stubs_${side} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/async_stubs)
    target_link_libraries(async_stubs_${side} PRIVATE test_support sync_stubs_${side})
endforeach()
# widl gives the stub of what it does not interpret one name in every server.
foreach(function floats narrow_float long_ones)
    set_property(SOURCE ${CMAKE_CURRENT_BINARY_DIR}/async_stubs/sync_stubs_server/stubs_s.c APPEND PROPERTY
        COMPILE_OPTIONS "-Dstubs_${function}=sync_stubs_${function}")
endforeach()

# wine8.async_stubs.async-sync.x64-x86: an asynchronous server that is x64, a synchronous client that is x86. Registered by
# the client's build.
foreach(server x64 x86)
    foreach(kinds async-async async-sync sync-async)
        string(REPLACE "-" ";" kind ${kinds})
        list(TRANSFORM kind PREPEND --)
        list(GET kind 0 served)
        list(GET kind 1 asking)
        pair_test(async_stubs.${kinds}.${server}-${ARCH} PROTOCOL lrpc SERVER ${server} async_stubs_server
            CLIENT ${ARCH} async_stubs_client OPTIONS --server-arg=${served} --client-arg=${asking})
    endforeach()
endforeach()
foreach(protocol np tcp)
    pair_test(async_stubs.${protocol}.${ARCH} PROTOCOL ${protocol} SERVER ${ARCH} async_stubs_server
        CLIENT ${ARCH} async_stubs_client)
endforeach()
# Where one side is Wine's own rpcrt4, which answers asynchronous calls before their time.
pair_test(async_stubs.builtin-client.${ARCH} PROTOCOL lrpc SERVER ${ARCH} async_stubs_server
    CLIENT ${ARCH} async_stubs_client OPTIONS --client-builtin --client-arg=--builtin)
pair_test(async_stubs.builtin-server.${ARCH} PROTOCOL lrpc SERVER ${ARCH} async_stubs_server
    CLIENT ${ARCH} async_stubs_client OPTIONS --server-builtin --server-arg=--sync --server-arg=--builtin
    --client-arg=--builtin)

# Pipes, client and server in one process.
pe_program(async_stubs_pipes ${programs}/pipes/main.cpp)
target_link_libraries(async_stubs_pipes PRIVATE test_support)
rpc_async_stubs(async_stubs_pipes ${CMAKE_CURRENT_LIST_DIR}/pipes.idl ${CMAKE_CURRENT_LIST_DIR}/pipes.acf
    WIDL_OPTIONS --prefix-client=begin_ --prefix-server=serve_)
wine_test(async_stubs.pipes COMMAND async_stubs_pipes)

# README.md's worked example, as it stands there. It is x64's.
if(ARCH STREQUAL "x64")
    wine_test(readme-hello COMMAND ${CMAKE_CURRENT_LIST_DIR}/readme @WINE@ ${PREFIX_DIR}/wine@WINE@
        ${CMAKE_BINARY_DIR}/readme-hello@WINE@)
endif()
