# Samba as a peer: its Python client against our server. What a machine does not have is skipped by name.
wine_test(samba.client TIMEOUT 200 COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --wine @WINE@ --arch ${ARCH}
    --prefix ${PREFIX_DIR}/wine@WINE@ --exe ${CMAKE_BINARY_DIR}/tests/security.exe
    --capture ${CMAKE_BINARY_DIR}/samba-client-wine@WINE@.pcapng)
foreach(wine ${WINES})
    set_tests_properties(wine${wine}.${ARCH}.samba.client PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
