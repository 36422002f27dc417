# tools/run, as a person calls it: a path whose arch it finds out, and one of Wine's own programs by its name.
set(run ${CMAKE_SOURCE_DIR}/tools/run --wine @WINE@ --prefix ${PREFIX_DIR}/wine@WINE@)
wine_test(run-path COMMAND ${run} $<TARGET_FILE:loaded> ours)
wine_test(run-builtin COMMAND ${run} --builtin $<TARGET_FILE:loaded> builtin)
wine_test(run-name COMMAND ${run} --builtin --arch ${ARCH} sc.exe query rpcss)

# tools/install, uninstall and status in prefixes of their own. One run is for both archs, so it is there once a Wine.
if(ARCH STREQUAL "x64")
    foreach(what win64 programs orders release readme win32)
        set(own install)
        if(what STREQUAL "win32")
            set(own install32)
        endif()
        wine_test(install-${what} TIMEOUT 600 COMMAND ${CMAKE_CURRENT_LIST_DIR}/install-in-wine --wine @WINE@
            --builds ${CMAKE_BINARY_DIR}/.. --prefix ${PREFIX_DIR}/wine@WINE@-${own} ${what})
    endforeach()
    # A log that real programs of both archs wrote, drawn by tools/timeline.
    cmake_path(SET builds NORMALIZE ${CMAKE_BINARY_DIR}/..)
    wine_test(timeline TIMEOUT 300 COMMAND ${CMAKE_CURRENT_LIST_DIR}/timeline-in-wine @WINE@ ${PREFIX_DIR}/wine@WINE@
        ${builds}/x64/tests/demo_server.exe ${builds}/x86/tests/demo_client.exe)
endif()
