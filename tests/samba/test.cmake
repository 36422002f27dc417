# Samba as a peer: its Python client against our server. What a machine does not have is skipped by name.
wine_test(samba.client TIMEOUT 200 COMMAND ${CMAKE_CURRENT_LIST_DIR}/run_server --wine @WINE@ --arch ${ARCH}
    --prefix ${PREFIX_DIR}/wine@WINE@ --exe ${CMAKE_BINARY_DIR}/tests/security.exe
    --capture ${CMAKE_BINARY_DIR}/samba-client-wine@WINE@.pcapng)

# Our client at Samba's endpoint mapper and Server Service.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
find_tool(RPCRT4_WIDL ${triple}-widl mingw-w64-tools)
set(out ${CMAKE_BINARY_DIR}/widl/samba)
file(MAKE_DIRECTORY ${out})
foreach(interface srvsvc wkssvc)
    add_custom_command(OUTPUT ${out}/${interface}.h ${out}/${interface}_c.c
        COMMAND ${RPCRT4_WIDL} -h -c -Oicf -o ${interface}.c ${CMAKE_CURRENT_LIST_DIR}/${interface}.idl
        WORKING_DIRECTORY ${out} DEPENDS ${CMAKE_CURRENT_LIST_DIR}/${interface}.idl VERBATIM)
    set_source_files_properties(${out}/${interface}_c.c PROPERTIES LANGUAGE C
        COMPILE_OPTIONS "-std=gnu11;-w;-DUSE_COMPILER_EXCEPTIONS;-include;rpctry.h" INCLUDE_DIRECTORIES "${out}")
endforeach()
pe_program(samba ${CMAKE_CURRENT_LIST_DIR}/programs/main.cpp ${out}/srvsvc_c.c ${out}/wkssvc_c.c)
target_include_directories(samba PRIVATE ${out})
target_link_libraries(samba PRIVATE test_support)
set(tests client epmapper srvsvc)
if(RPCRT4_LONG)
    list(APPEND tests directory)
endif()
foreach(what epmapper srvsvc directory)
    set(long "")
    set(seconds 200)
    if(what STREQUAL directory)
        set(long LONG)
        set(seconds 600)
    endif()
    wine_test(samba.${what} ${long} TIMEOUT ${seconds} COMMAND ${CMAKE_CURRENT_LIST_DIR}/run_client --wine @WINE@ --arch ${ARCH}
        --prefix ${PREFIX_DIR}/wine@WINE@ --exe ${CMAKE_BINARY_DIR}/tests/samba.exe
        --capture ${CMAKE_BINARY_DIR}/samba-${what}-wine@WINE@.pcapng ${what})
endforeach()

foreach(wine ${WINES})
    foreach(what ${tests})
        set_tests_properties(wine${wine}.${ARCH}.samba.${what} PROPERTIES SKIP_RETURN_CODE 77)
    endforeach()
    if(RPCRT4_LONG)  # a domain controller is enough for a machine
        set_property(TEST wine${wine}.${ARCH}.samba.directory APPEND PROPERTY RESOURCE_LOCK samba.directory)
    endif()
endforeach()
