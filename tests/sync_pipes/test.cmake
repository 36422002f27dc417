# Synchronous pipes in pieces. One process: constant memory, what fails in the middle, cancels. Two: every pairing, and the halves that
# know nothing of pieces, on ours and on Wine's own.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
include(${CMAKE_SOURCE_DIR}/tests/interop/pairs.cmake)
target_link_libraries(sync_pipes PRIVATE test_support)
wine_test(sync_pipes TIMEOUT 300 COMMAND sync_pipes 64)
wine_test(sync_pipes-gigabytes LONG TIMEOUT 1800 COMMAND sync_pipes 3072)
foreach(server x64 x86)
    pair_test(sync_pipes.${server}-${ARCH} PROTOCOL lrpc SERVER ${server} sync_pipes CLIENT ${ARCH} sync_pipes)
    pair_test(sync_pipes.tcp.${server}-${ARCH} PROTOCOL tcp SERVER ${server} sync_pipes CLIENT ${ARCH} sync_pipes)
endforeach()
# Wine's own server leaves some of a long reply over TCP unsent, whoever asks: there, only ours meet.
foreach(protocol lrpc np tcp)
    foreach(suffix "" "-builtin")
        set(server_wine "")
        set(client_wine "")
        if(suffix)
            if(protocol STREQUAL tcp)
                continue()
            endif()
            set(server_wine --server-builtin)
            set(client_wine --client-builtin)
        endif()
        pair_test(sync_pipes.whole-server${suffix}.${protocol}.${ARCH} PROTOCOL ${protocol} SERVER ${ARCH} sync_pipes CLIENT ${ARCH} sync_pipes
            OPTIONS --server-arg=--whole --client-arg=--of-whole ${server_wine})
        pair_test(sync_pipes.whole-client${suffix}.${protocol}.${ARCH} PROTOCOL ${protocol} SERVER ${ARCH} sync_pipes CLIENT ${ARCH} sync_pipes
            OPTIONS --client-arg=--whole ${client_wine})
    endforeach()
endforeach()
