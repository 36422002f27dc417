# Programs that nobody here wrote, on our DLL and on Wine's own. They are fetched, so only in the long tests.
if(ARCH STREQUAL "x64")
    foreach(what ruby node cmake wintrust service shortcut)
        wine_test(third-party-${what} LONG TIMEOUT 900 COMMAND ${CMAKE_CURRENT_LIST_DIR}/third-party-in-wine --wine @WINE@
            --builds ${CMAKE_BINARY_DIR}/.. --prefix ${PREFIX_DIR}/wine@WINE@-third ${what})
    endforeach()
endif()
