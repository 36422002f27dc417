# Asynchronous stubs by tools/async-stubs, of the interface with every kind of parameter that tests/stubs has.
include(${CMAKE_SOURCE_DIR}/cmake/async_stubs.cmake)
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
include(${CMAKE_SOURCE_DIR}/tests/interop/pairs.cmake)

set(idl ${CMAKE_SOURCE_DIR}/tests/stubs/stubs.idl)
set(programs ${CMAKE_CURRENT_LIST_DIR}/programs)
set(widl_stubs ${CMAKE_BINARY_DIR}/widl)  # where tests/stubs has widl's own
pe_program(async_stubs_client ${programs}/client_main.cpp ${programs}/client_async.cpp ${programs}/client_sync.cpp
    ${programs}/memory.cpp ${widl_stubs}/Oicf/stubs_c.c)
pe_program(async_stubs_server ${programs}/server_main.cpp ${programs}/managers_async.cpp ${programs}/managers_sync.cpp
    ${programs}/memory.cpp ${widl_stubs}/Oicf/stubs_s.c)
rpc_async_stubs(async_stubs_client ${idl} ${CMAKE_CURRENT_LIST_DIR}/stubs.acf CLIENT
    WIDL_OPTIONS --prefix-client=c_ --prefix-server=s_)
rpc_async_stubs(async_stubs_server ${idl} ${CMAKE_CURRENT_LIST_DIR}/stubs.acf SERVER
    WIDL_OPTIONS --prefix-client=c_ --prefix-server=s_)
foreach(program async_stubs_client async_stubs_server)
    target_include_directories(${program} PRIVATE ${widl_stubs})
    target_link_libraries(${program} PRIVATE test_support)
endforeach()
# widl gives the stub of what it does not interpret one name, in its own server stub and in the generated one.
set_property(SOURCE ${CMAKE_CURRENT_BINARY_DIR}/async_stubs/async_stubs_server/stubs_s.c APPEND PROPERTY
    COMPILE_OPTIONS "-Dstubs_narrow_float=async_stubs_narrow_float")

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
# Where one side is Wine's own rpcrt4: it serves nothing asynchronously.
pair_test(async_stubs.builtin-client.${ARCH} PROTOCOL lrpc SERVER ${ARCH} async_stubs_server
    CLIENT ${ARCH} async_stubs_client OPTIONS --client-builtin)
pair_test(async_stubs.builtin-server.${ARCH} PROTOCOL lrpc SERVER ${ARCH} async_stubs_server
    CLIENT ${ARCH} async_stubs_client OPTIONS --server-builtin --server-arg=--sync)
