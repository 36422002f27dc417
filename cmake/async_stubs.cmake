# rpc_async_stubs(TARGET IDL ACF [CLIENT] [SERVER] [WIDL_OPTIONS option...])
#
# Gives TARGET, a program or library in C or C++ for Windows, the stubs of the interface in IDL, in which the procedures
# that ACF lists ([async] in `interface NAME { [async] Procedure(); }`) are asynchronous; see tools/async-stubs. With CLIENT
# or SERVER only that side's stubs. The header bears the IDL file's name. WIDL_OPTIONS goes to widl, e.g. --prefix-client=c_.
# Works in any project: include() this file by its path. Needs widl (mingw-w64-tools) and Python 3.
function(rpc_async_stubs target idl acf)
    cmake_parse_arguments(PARSE_ARGV 3 arg "CLIENT;SERVER" "" "WIDL_OPTIONS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "rpc_async_stubs: ${arg_UNPARSED_ARGUMENTS} is not understood")
    endif()
    if(NOT arg_CLIENT AND NOT arg_SERVER)
        set(arg_CLIENT ON)
        set(arg_SERVER ON)
    endif()
    if(CMAKE_SIZEOF_VOID_P EQUAL 8)
        set(triple x86_64-w64-mingw32)
    else()
        set(triple i686-w64-mingw32)
    endif()
    find_program(RPC_ASYNC_STUBS_WIDL ${triple}-widl)
    find_program(RPC_ASYNC_STUBS_PYTHON python3 python)
    if(NOT RPC_ASYNC_STUBS_WIDL OR NOT RPC_ASYNC_STUBS_PYTHON)
        message(FATAL_ERROR "rpc_async_stubs needs ${triple}-widl (the Debian package mingw-w64-tools) and python3")
    endif()
    cmake_path(GET CMAKE_CURRENT_FUNCTION_LIST_DIR PARENT_PATH top)
    get_filename_component(idl ${idl} ABSOLUTE)
    get_filename_component(acf ${acf} ABSOLUTE)
    get_filename_component(name ${idl} NAME_WE)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/async_stubs/${target})
    file(MAKE_DIRECTORY ${out}/widl)

    set(flags -h)
    set(inputs --header ${name}.h)
    set(outputs "")
    foreach(side client server)
        string(TOUPPER ${side} upper)
        string(SUBSTRING ${side} 0 1 letter)
        if(arg_${upper})
            list(APPEND flags -${letter})
            list(APPEND inputs --${side} ${name}_${letter}.c)
            list(APPEND outputs ${out}/${name}_${letter}.c)
        endif()
    endforeach()
    file(GLOB parts CONFIGURE_DEPENDS ${top}/tools/async_stubs/*.py)
    add_custom_command(OUTPUT ${out}/${name}.h ${outputs}
        COMMAND ${RPC_ASYNC_STUBS_WIDL} -Oicf ${flags} ${arg_WIDL_OPTIONS} -o ${name}.c ${idl}
        COMMAND ${RPC_ASYNC_STUBS_PYTHON} ${top}/tools/async-stubs --acf ${acf} ${inputs} --out ..
        DEPENDS ${idl} ${acf} ${top}/tools/async-stubs ${parts}
        WORKING_DIRECTORY ${out}/widl COMMENT "Asynchronous stubs of ${name}" VERBATIM)
    # A compiler's warnings about generated text help nobody.
    set_source_files_properties(${outputs} PROPERTIES LANGUAGE C COMPILE_OPTIONS "-w")
    target_sources(${target} PRIVATE ${out}/${name}.h ${outputs})
    target_include_directories(${target} PRIVATE ${out} ${top}/include)
endfunction()
