# Context handles that several calls use at once; widl's interpreted stubs.
find_tool(RPCRT4_WIDL ${triple}-widl mingw-w64-tools)
set(out ${CMAKE_BINARY_DIR}/widl/context_locks)
file(MAKE_DIRECTORY ${out})
add_custom_command(OUTPUT ${out}/locks.h ${out}/locks_c.c ${out}/locks_s.c
    COMMAND ${RPCRT4_WIDL} -h -c -s -Oicf --prefix-client=c_ --prefix-server=s_ -o locks.c ${CMAKE_CURRENT_LIST_DIR}/locks.idl
    WORKING_DIRECTORY ${out} DEPENDS ${CMAKE_CURRENT_LIST_DIR}/locks.idl VERBATIM)
set_source_files_properties(${out}/locks_c.c ${out}/locks_s.c PROPERTIES LANGUAGE C
    COMPILE_OPTIONS "-std=gnu11;-w;-DUSE_COMPILER_EXCEPTIONS;-include;rpctry.h" INCLUDE_DIRECTORIES "${out}")
pe_program(context_locks ${CMAKE_CURRENT_LIST_DIR}/programs/main.cpp ${out}/locks_c.c ${out}/locks_s.c)
target_include_directories(context_locks PRIVATE ${out})
wine_test(context_locks COMMAND context_locks)
