# rpcrt4.dll, always at the top of this inner build: other tools rely on build/{x64,x86}/rpcrt4.dll.
set(dll_sources "")
foreach(room ${ROOMS})
    room_sources(${room} sources)
    list(APPEND dll_sources ${sources})
endforeach()
file(GLOB arch_sources CONFIGURE_DEPENDS ${DLL_DIR}/*/arch/${ARCH}.S)
list(APPEND dll_sources ${arch_sources})
if(EXISTS ${DLL_DIR}/version.rc)
    list(APPEND dll_sources ${DLL_DIR}/version.rc)
endif()
if(NOT dll_sources)
    file(CONFIGURE OUTPUT empty.cpp CONTENT "")
    list(APPEND dll_sources ${CMAKE_BINARY_DIR}/empty.cpp)
endif()

# tools/gen-exports --arch ARCH --out DIR writes rpcrt4.def and the declining exports' sources into DIR.
set(export_table ${DLL_DIR}/exports.tsv)
set(export_script ${CMAKE_SOURCE_DIR}/tools/gen-exports)
if(EXISTS ${export_table} AND EXISTS ${export_script})
    set(export_dir ${CMAKE_BINARY_DIR}/exports)
    file(MAKE_DIRECTORY ${export_dir})
    execute_process(COMMAND ${PYTHON3} ${export_script} --arch ${ARCH} --out ${export_dir}
        COMMAND_ERROR_IS_FATAL ANY)
    file(GLOB generated ${export_dir}/*.def ${export_dir}/*.cpp ${export_dir}/*.S)
    list(APPEND dll_sources ${generated})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${export_table} ${export_script})
endif()

add_library(rpcrt4 SHARED ${dll_sources})
set_target_properties(rpcrt4 PROPERTIES PREFIX "" RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
target_include_directories(rpcrt4 PRIVATE ${DLL_DIR})
target_compile_definitions(rpcrt4 PRIVATE _RPCRT4_)  # its declarations are definitions here, not imports
target_compile_options(rpcrt4 PRIVATE -ffunction-sections -fdata-sections
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>
    $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>
    $<$<COMPILE_LANGUAGE:CXX>:-fno-threadsafe-statics>)
target_link_options(rpcrt4 PRIVATE -static -Wl,--gc-sections,--file-alignment=4096)
if(ARCH STREQUAL "x86")
    # Callers keep the stack 4-byte aligned. The .def has Name@N, so that a wrong N fails the link.
    target_compile_options(rpcrt4 PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-mstackrealign>)
    target_link_options(rpcrt4 PRIVATE -Wl,--kill-at,--disable-stdcall-fixup)
endif()
target_link_libraries(rpcrt4 PRIVATE kernel32 ntdll)
