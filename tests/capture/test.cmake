# RPCRT4_CAPTURE: what a program's calls over every protocol leave behind, read by tshark.
wine_test(capture COMMAND ${PYTHON3} ${CMAKE_CURRENT_LIST_DIR}/check.py @WINE@ ${ARCH} ${PREFIX_DIR}/wine@WINE@
    $<TARGET_FILE:bench_rpc> ${CMAKE_BINARY_DIR}/capture-wine@WINE@.pcapng)
