# Whole prefixes: every process of a new one on our DLL from its first boot, and some of them on Wine's own.
add_library(prefix_action SHARED ${CMAKE_CURRENT_LIST_DIR}/action/action.c)
set_target_properties(prefix_action PROPERTIES PREFIX "" RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(prefix_action PRIVATE msi kernel32)
target_link_options(prefix_action PRIVATE -static -Wl,--kill-at)
# One run is for both archs, so it is there once a Wine; whole32 is a prefix of 32 bits.
if(ARCH STREQUAL "x64")
    foreach(what whole whole32 mixed-servers mixed-clients)
        wine_test(prefix-${what} TIMEOUT 600 COMMAND ${CMAKE_CURRENT_LIST_DIR}/prefix-in-wine --wine @WINE@
            --builds ${CMAKE_BINARY_DIR}/.. --prefix ${PREFIX_DIR}/wine@WINE@-${what} ${what})
    endforeach()
endif()
