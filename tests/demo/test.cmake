# The main job, shown by two processes in every pairing of archs and over every protocol sequence.
include(${CMAKE_CURRENT_LIST_DIR}/desk.cmake)
include(${CMAKE_SOURCE_DIR}/tests/interop/pairs.cmake)

set(programs ${CMAKE_CURRENT_LIST_DIR}/programs)
desk_program(demo_server ${programs}/demo_server.cpp)
desk_program(demo_client ${programs}/demo_client.cpp ${programs}/client_kit.cpp)

# wine8.demo.lrpc.x64-x86: the server is x64, the client x86. Registered by the client's build.
foreach(protocol lrpc np tcp)
    foreach(server x64 x86)
        pair_test(demo.${protocol}.${server}-${ARCH} PROTOCOL ${protocol} SERVER ${server} demo_server
            CLIENT ${ARCH} demo_client)
    endforeach()
endforeach()
