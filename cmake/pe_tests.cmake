# Windows programs under tests/, each run on both Wines. tests/NAME/*.c|*.cpp becomes NAME.exe, linked with the
# toolchain's own librpcrt4.a, and the tests wine8.ARCH.NAME and wine10.ARCH.NAME. A folder with a test.cmake says
# itself what is registered, with the functions below; its sources still make NAME.exe.
set(PREFIX_DIR ${CMAKE_BINARY_DIR}/../prefix)
cmake_path(NORMAL_PATH PREFIX_DIR)
set(WINES 8 10)

# pe_program(NAME source...): a program in build/ARCH/tests.
function(pe_program name)
    add_executable(${name} ${ARGN})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_compile_definitions(${name} PRIVATE ARCH="${ARCH}")
    target_link_options(${name} PRIVATE -static)
    target_link_libraries(${name} PRIVATE rpcrt4_stock ole32 oleaut32 uuid advapi32 user32 ws2_32 ntdll kernel32)
    add_dependencies(${name} rpcrt4)
endfunction()

# The import library by its full path: `-lrpcrt4` could find the one this build makes.
find_library(STOCK_RPCRT4 librpcrt4.a PATHS ${CMAKE_FIND_ROOT_PATH}/lib REQUIRED)
add_library(rpcrt4_stock INTERFACE)
target_link_libraries(rpcrt4_stock INTERFACE ${STOCK_RPCRT4})

# wine_test(NAME [BUILTIN] [LONG] [TIMEOUT seconds] [WINES 8 10] [ENVIRONMENT k=v...] COMMAND what [arg...]): registers wineV.ARCH.NAME for
# every Wine. A command that is a program of pe_program runs under tools/wine-exec, on Wine's own rpcrt4 with BUILTIN;
# anything else is run as it is. LONG ones are there only in tools/test --long. @WINE@ in an argument becomes 8 or 10. Tests of one Wine run one after the other.
function(wine_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "BUILTIN;LONG" "TIMEOUT" "WINES;COMMAND;ENVIRONMENT")
    if(arg_LONG AND NOT RPCRT4_LONG)
        return()
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    if(NOT arg_WINES)
        set(arg_WINES ${WINES})
    endif()
    foreach(wine ${arg_WINES})
        string(REPLACE "@WINE@" "${wine}" command "${arg_COMMAND}")
        list(POP_FRONT command program)
        set(full wine${wine}.${ARCH}.${name})
        if(TARGET ${program})
            set(how "")
            if(arg_BUILTIN)
                set(how --builtin)
            endif()
            add_test(NAME ${full} COMMAND ${CMAKE_SOURCE_DIR}/tools/wine-exec --wine ${wine} --arch ${ARCH} ${how}
                --prefix ${PREFIX_DIR}/wine${wine} -- $<TARGET_FILE:${program}> ${command})
        else()
            add_test(NAME ${full} COMMAND ${program} ${command})
        endif()
        set_tests_properties(${full} PROPERTIES TIMEOUT ${arg_TIMEOUT} FIXTURES_REQUIRED wine${wine}.${ARCH}
            RESOURCE_LOCK wine${wine} ENVIRONMENT "${arg_ENVIRONMENT}")
    endforeach()
endfunction()

foreach(wine ${WINES})
    set(keeper ${CMAKE_SOURCE_DIR}/tools/wine-prefix)
    add_test(NAME wine${wine}.${ARCH}.start COMMAND ${keeper} start --wine ${wine} --prefix ${PREFIX_DIR}/wine${wine}
        --user ${ARCH} --dlls ${CMAKE_BINARY_DIR}/..)
    add_test(NAME wine${wine}.${ARCH}.stop COMMAND ${keeper} stop --prefix ${PREFIX_DIR}/wine${wine} --user ${ARCH})
    # The first start on a machine makes a root, which takes minutes.
    set_tests_properties(wine${wine}.${ARCH}.start PROPERTIES FIXTURES_SETUP wine${wine}.${ARCH} TIMEOUT 1800)
    set_tests_properties(wine${wine}.${ARCH}.stop PROPERTIES FIXTURES_CLEANUP wine${wine}.${ARCH})
endforeach()

file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true ${CMAKE_SOURCE_DIR}/tests/*)
foreach(folder ${folders})
    get_filename_component(name ${folder} NAME)
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp ${folder}/*.c)
    if(sources)
        pe_program(${name} ${sources})
        if(NOT EXISTS ${folder}/test.cmake)
            wine_test(${name} COMMAND ${name})
        endif()
    endif()
endforeach()
include_test_files(test.cmake)
