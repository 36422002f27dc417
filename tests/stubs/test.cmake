# What widl makes of stubs.idl, client and server, in every way that it has, in every pairing: -Oicf, which -Oic and -Oif are too, -Os,
# and on x86 -Oi, which on x64 is the first again (`modes` looks); on x64 a third time for the entries of interfaces in several transfer
# syntaxes (all/).
find_tool(RPCRT4_WIDL ${triple}-widl mingw-w64-tools)
set(idl ${CMAKE_CURRENT_LIST_DIR}/stubs.idl)
set(stub_dir ${CMAKE_BINARY_DIR}/widl)
set(stub_sources "")
set(stub_modes Oicf Os)
if(ARCH STREQUAL x64)
    list(APPEND stub_modes All)
else()
    list(APPEND stub_modes Oi)
endif()
foreach(mode ${stub_modes})
    set(out ${stub_dir}/${mode})
    file(MAKE_DIRECTORY ${out})
    string(REPLACE All Oicf kind ${mode})
    add_custom_command(OUTPUT ${out}/stubs.h ${out}/stubs_c.c ${out}/stubs_s.c
        COMMAND ${RPCRT4_WIDL} -h -c -s -${kind} --prefix-client=${mode}_c_ --prefix-server=${mode}_s_ -o stubs.c ${idl}
        WORKING_DIRECTORY ${out} DEPENDS ${idl} VERBATIM)
    # What widl interprets nowhere has one name in every server stub.
    set(apart "")
    foreach(function floats narrow_float long_ones mixed use)
        list(APPEND apart -Dstubs_${function}=${mode}_stubs_${function})
    endforeach()
    set(client ${out}/stubs_c.c)
    set(server ${out}/stubs_s.c)
    set(flags "-std=gnu11;-w;-DUSE_COMPILER_EXCEPTIONS;-include;rpctry.h;${apart}")
    if(mode STREQUAL All)
        set(server ${CMAKE_CURRENT_LIST_DIR}/all/server.c)
        set_source_files_properties(${server} PROPERTIES OBJECT_DEPENDS ${out}/stubs_s.c)
        list(APPEND stub_sources ${CMAKE_CURRENT_LIST_DIR}/all/client.cpp ${CMAKE_CURRENT_LIST_DIR}/all/managers.cpp)
    endif()
    if(mode STREQUAL Oi)
        list(APPEND stub_sources ${CMAKE_CURRENT_LIST_DIR}/oi/client.cpp ${CMAKE_CURRENT_LIST_DIR}/oi/managers.cpp)
    endif()
    list(APPEND stub_sources ${client} ${server})
    set_source_files_properties(${client} ${server} PROPERTIES LANGUAGE C COMPILE_OPTIONS "${flags}"
        INCLUDE_DIRECTORIES "${out};${stub_dir}")
    if(mode STREQUAL All)
        set_source_files_properties(${client} PROPERTIES COMPILE_OPTIONS
            "${flags};-include;${CMAKE_CURRENT_LIST_DIR}/all/client.h")
    endif()
endforeach()
file(GLOB stub_programs CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/programs/*.cpp)
pe_program(stubs ${stub_programs} ${stub_sources})
target_include_directories(stubs PRIVATE ${stub_dir})
wine_test(stubs COMMAND stubs)

# No more ways than these.
add_test(NAME ${ARCH}.stubs.modes COMMAND ${CMAKE_CURRENT_LIST_DIR}/modes ${ARCH} ${RPCRT4_WIDL} ${idl})

# Against Wine's own, both ways. Its interpreter takes the handle_t for data that travel, so that it understands itself alone: on its
# side the stubs are inline ones.
include(${CMAKE_SOURCE_DIR}/tests/interop/pairs.cmake)
foreach(protocol lrpc tcp)
    pair_test(${ARCH}.stubs.builtin-server.${protocol} PROTOCOL ${protocol} SERVER ${ARCH} stubs CLIENT ${ARCH} stubs
        OPTIONS --server-builtin --server-arg=serve --server-arg=Os --client-arg=drive)
    foreach(kind ${stub_modes})
        if(kind STREQUAL All)
            continue()
        endif()
        set(drive drive-inline)
        if(kind STREQUAL Oi)
            set(drive drive-inline-Oi)
        endif()
        pair_test(${ARCH}.stubs.builtin-client.${kind}.${protocol} PROTOCOL ${protocol} SERVER ${ARCH} stubs CLIENT ${ARCH} stubs
            OPTIONS --client-builtin --server-arg=serve --server-arg=${kind} --client-arg=${drive})
    endforeach()
endforeach()
