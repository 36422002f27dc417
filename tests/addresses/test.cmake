wine_test(addresses COMMAND addresses)
wine_test(addresses.change COMMAND ${CMAKE_CURRENT_LIST_DIR}/change --wine @WINE@ --arch ${ARCH}
    --prefix ${PREFIX_DIR}/wine@WINE@ $<TARGET_FILE:addresses>)
