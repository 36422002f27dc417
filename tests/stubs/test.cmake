# What widl makes of stubs.idl, client and server, interpreted and inline, in every pairing.
find_tool(RPCRT4_WIDL ${triple}-widl mingw-w64-tools)
set(idl ${CMAKE_CURRENT_LIST_DIR}/stubs.idl)
set(stub_dir ${CMAKE_BINARY_DIR}/widl)
set(stub_sources "")
foreach(mode Oicf Os)
    set(out ${stub_dir}/${mode})
    file(MAKE_DIRECTORY ${out})
    add_custom_command(OUTPUT ${out}/stubs.h ${out}/stubs_c.c ${out}/stubs_s.c
        COMMAND ${RPCRT4_WIDL} -h -c -s -${mode} --prefix-client=${mode}_c_ --prefix-server=${mode}_s_ -o stubs.c ${idl}
        WORKING_DIRECTORY ${out} DEPENDS ${idl} VERBATIM)
    # What widl interprets nowhere has one name in both server stubs.
    set(apart "")
    foreach(function floats narrow_float long_ones)
        list(APPEND apart -Dstubs_${function}=${mode}_stubs_${function})
    endforeach()
    list(APPEND stub_sources ${out}/stubs_c.c ${out}/stubs_s.c)
    set_source_files_properties(${out}/stubs_c.c ${out}/stubs_s.c PROPERTIES LANGUAGE C
        COMPILE_OPTIONS "-std=gnu11;-w;-DUSE_COMPILER_EXCEPTIONS;-include;rpctry.h;${apart}" INCLUDE_DIRECTORIES ${out})
endforeach()
file(GLOB stub_programs CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/programs/*.cpp)
pe_program(stubs ${stub_programs} ${stub_sources})
target_include_directories(stubs PRIVATE ${stub_dir})
wine_test(stubs COMMAND stubs)
