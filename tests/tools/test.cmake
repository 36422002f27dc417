# tools/run, as a person calls it: a path whose arch it finds out, and one of Wine's own programs by its name.
set(run ${CMAKE_SOURCE_DIR}/tools/run --wine @WINE@ --prefix ${PREFIX_DIR}/wine@WINE@)
wine_test(run-path COMMAND ${run} $<TARGET_FILE:loaded> ours)
wine_test(run-builtin COMMAND ${run} --builtin $<TARGET_FILE:loaded> builtin)
wine_test(run-name COMMAND ${run} --builtin --arch ${ARCH} sc.exe query rpcss)
