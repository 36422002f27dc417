# Context handles that several calls use at once; widl's stubs, interpreted and inline.
find_tool(RPCRT4_WIDL ${triple}-widl mingw-w64-tools)
function(locks_program name style)
    set(out ${CMAKE_BINARY_DIR}/widl/${name})
    file(MAKE_DIRECTORY ${out})
    add_custom_command(OUTPUT ${out}/locks.h ${out}/locks_c.c ${out}/locks_s.c
        COMMAND ${RPCRT4_WIDL} -h -c -s ${style} --prefix-client=c_ --prefix-server=s_ -o locks.c
            ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/locks.idl
        WORKING_DIRECTORY ${out} DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/locks.idl VERBATIM)
    set_source_files_properties(${out}/locks_c.c ${out}/locks_s.c PROPERTIES LANGUAGE C
        COMPILE_OPTIONS "-std=gnu11;-w;-DUSE_COMPILER_EXCEPTIONS;-include;rpctry.h" INCLUDE_DIRECTORIES "${out}")
    pe_program(${name} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/programs/main.cpp ${out}/locks_c.c ${out}/locks_s.c)
    target_include_directories(${name} PRIVATE ${out})
    wine_test(${name} COMMAND ${name} ${ARGN})
endfunction()
locks_program(context_locks -Oicf)
locks_program(context_locks_inline -Os i_rpc)
