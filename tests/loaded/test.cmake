# The way every other test is run really is on the DLL that it says.
wine_test(loaded-ours COMMAND loaded ours)
wine_test(loaded-builtin BUILTIN COMMAND loaded builtin)
wine_test(loaded-beside COMMAND ${CMAKE_SOURCE_DIR}/tools/wine-exec --wine @WINE@ --arch ${ARCH}
    --prefix ${PREFIX_DIR}/wine@WINE@ --dll $<TARGET_FILE:rpcrt4> -- $<TARGET_FILE:loaded> ours)
