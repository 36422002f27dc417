# rpcrt4.dll, always at the top of this inner build: other tools rely on build/{x64,x86}/rpcrt4.dll.
# The rooms below abi/ are one library, from which only what the exports reach is taken.

# dll_options(TARGET): how everything in a DLL is compiled.
function(dll_options target)
    target_include_directories(${target} PRIVATE ${DLL_DIR})
    target_compile_definitions(${target} PRIVATE _RPCRT4_)  # its declarations are definitions here, not imports
    target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections
        $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>
        $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>
        $<$<COMPILE_LANGUAGE:CXX>:-fno-threadsafe-statics>)
    if(ARCH STREQUAL "x86")
        # Callers keep the stack 4-byte aligned.
        target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-mstackrealign>)
    endif()
endfunction()

set(core_sources "")
foreach(room ${ROOMS})
    if(NOT room STREQUAL "abi")
        room_sources(${room} sources)
        list(APPEND core_sources ${sources})
        file(GLOB sources CONFIGURE_DEPENDS ${DLL_DIR}/${room}/arch/${ARCH}.S)
        list(APPEND core_sources ${sources})
    endif()
endforeach()
add_library(core STATIC ${core_sources})
dll_options(core)
room_sources(abi dll_sources)
file(GLOB sources CONFIGURE_DEPENDS ${DLL_DIR}/abi/arch/${ARCH}.S)
list(APPEND dll_sources ${sources} ${DLL_DIR}/version.rc)

# tools/gen-exports makes rpcrt4.def and the declining stubs from the export table and from what abi/ defines.
file(GLOB abi_sources CONFIGURE_DEPENDS ${DLL_DIR}/abi/*.cpp)
function(generate_exports out)  # what else is given goes to the generator
    add_custom_command(OUTPUT ${out}/rpcrt4.def ${out}/declining.cpp ${out}/exports.inc
        COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tools/gen-exports --table ${DLL_DIR}/exports.tsv --abi ${DLL_DIR}/abi
            --arch ${ARCH} --out ${out} ${ARGN}
        DEPENDS ${DLL_DIR}/exports.tsv ${CMAKE_SOURCE_DIR}/tools/gen-exports ${CMAKE_SOURCE_DIR}/tools/export_table.py
            ${abi_sources}
        VERBATIM)
endfunction()

# rpcrt4_dll(TARGET DIRECTORY source...): a DLL named rpcrt4.dll in DIRECTORY, its .def among the sources.
function(rpcrt4_dll target directory)
    add_library(${target} SHARED ${ARGN})
    set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME rpcrt4 RUNTIME_OUTPUT_DIRECTORY ${directory}
        ARCHIVE_OUTPUT_DIRECTORY ${directory})
    dll_options(${target})
    # Without a time stamp the same sources make the same DLL.
    target_link_options(${target} PRIVATE -static -Wl,--gc-sections,--file-alignment=4096,--no-insert-timestamp)
    if(ARCH STREQUAL "x86")
        # The .def has Name@N, so that a wrong N fails the link.
        target_link_options(${target} PRIVATE -Wl,--kill-at,--disable-stdcall-fixup)
    endif()
    target_link_libraries(${target} PRIVATE core kernel32 ntdll)
endfunction()

set(export_dir ${CMAKE_BINARY_DIR}/exports)
generate_exports(${export_dir})
rpcrt4_dll(rpcrt4 ${CMAKE_BINARY_DIR} ${dll_sources} ${export_dir}/rpcrt4.def ${export_dir}/declining.cpp)
add_test(NAME exports.${ARCH} COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tools/check-exports $<TARGET_FILE:rpcrt4>)

# The same DLL with every export declining: what passes on it proves nothing about ours.
set(declining_dir ${CMAKE_BINARY_DIR}/declining)
generate_exports(${declining_dir} --all-decline)
rpcrt4_dll(rpcrt4_declining ${declining_dir} ${DLL_DIR}/abi/decline.cpp ${DLL_DIR}/abi/raise.cpp
    ${DLL_DIR}/abi/dll_main.cpp ${DLL_DIR}/abi/pipe_entries.cpp ${DLL_DIR}/version.rc ${declining_dir}/rpcrt4.def ${declining_dir}/declining.cpp)
add_test(NAME exports.${ARCH}.declining
    COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tools/check-exports --all-decline $<TARGET_FILE:rpcrt4_declining>)
add_test(NAME ${ARCH}.imports COMMAND ${CMAKE_SOURCE_DIR}/tools/check-imports ${CMAKE_OBJDUMP} $<TARGET_FILE:rpcrt4>)
