# Tests of two processes: a server and a client, of either arch.
include_guard(DIRECTORY)
cmake_path(SET BUILDS NORMALIZE ${CMAKE_BINARY_DIR}/..)

# pair_test(NAME PROTOCOL p SERVER arch exe CLIENT arch exe [OPTIONS ...]): registers wine8.NAME and wine10.NAME; exe is
# the name of a program of pe_program, looked for in the build of its arch.
function(pair_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "PROTOCOL" "SERVER;CLIENT;OPTIONS")
    list(GET arg_SERVER 0 server_arch)
    list(GET arg_SERVER 1 server)
    list(GET arg_CLIENT 0 client_arch)
    list(GET arg_CLIENT 1 client)
    foreach(wine ${WINES})
        set(full wine${wine}.${name})
        add_test(NAME ${full} COMMAND ${CMAKE_SOURCE_DIR}/tests/interop/pair --wine ${wine}
            --prefix ${PREFIX_DIR}/wine${wine} --protocol ${arg_PROTOCOL}
            --server ${server_arch} ${BUILDS}/${server_arch}/tests/${server}.exe
            --client ${client_arch} ${BUILDS}/${client_arch}/tests/${client}.exe ${arg_OPTIONS})
        set_tests_properties(${full} PROPERTIES TIMEOUT 90 FIXTURES_REQUIRED wine${wine}.${ARCH}
            RESOURCE_LOCK wine${wine})
    endforeach()
endfunction()
