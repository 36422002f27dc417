# ncacn_http: our client and impacket's by way of an RPC proxy of the test's own.
include(${CMAKE_SOURCE_DIR}/tests/demo/desk.cmake)
desk_program(http_client ${CMAKE_CURRENT_LIST_DIR}/programs/http_client.cpp ${DESK_DIR}/programs/client_kit.cpp)
foreach(what calls dies refusals basic cookie ntlm ssl proxy impacket replace-r1 replace-r2 replace-login replace-pipes broken hanging)
    set(long "")
    if(what MATCHES "^(hanging|replace-login|replace-pipes)$")
        set(long LONG)  # half a minute and more
    endif()
    wine_test(http.${what} ${long} TIMEOUT 400 COMMAND ${CMAKE_CURRENT_LIST_DIR}/over_http --wine @WINE@ --arch ${ARCH}
        --prefix ${PREFIX_DIR}/wine@WINE@ --tests ${CMAKE_BINARY_DIR}/tests --scratch ${CMAKE_BINARY_DIR} ${what})
endforeach()
