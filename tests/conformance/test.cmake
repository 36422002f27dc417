# The numbered cases of the asynchronous RPC specification, on this project's DLL and on Wine's own.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
target_link_libraries(conformance PRIVATE test_support)
wine_test(conformance TIMEOUT 900 COMMAND conformance --expected
    ${CMAKE_CURRENT_LIST_DIR}/expected/ours.${ARCH}.tsv)
wine_test(conformance-builtin BUILTIN TIMEOUT 900 COMMAND conformance --brief --again 3 --expected
    ${CMAKE_CURRENT_LIST_DIR}/expected/wine@WINE@-builtin.${ARCH}.tsv)
wine_test(conformance-builtin-whole BUILTIN LONG TIMEOUT 1800 COMMAND conformance --again 3 --expected
    ${CMAKE_CURRENT_LIST_DIR}/expected/wine@WINE@-builtin.${ARCH}.tsv)

# On a build whose every export declines: a case that passes there is listed, with its reason.
wine_test(conformance-declining TIMEOUT 900 COMMAND ${CMAKE_SOURCE_DIR}/tools/wine-exec --wine @WINE@ --arch ${ARCH}
    --prefix ${PREFIX_DIR}/wine@WINE@ --dll $<TARGET_FILE:rpcrt4_declining> -- $<TARGET_FILE:conformance>
    --may-pass ${CMAKE_CURRENT_LIST_DIR}/passes-when-declining.tsv)
