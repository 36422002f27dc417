# Interfaces that only a type library describes: the system's own oleaut32 has their proxies and stubs made here.
set(typelib_sources ${CMAKE_CURRENT_LIST_DIR}/programs/library.cpp)
pe_program(com_typelib ${typelib_sources} ${CMAKE_CURRENT_LIST_DIR}/programs/main.cpp
    ${CMAKE_CURRENT_LIST_DIR}/programs/calls.cpp ${CMAKE_CURRENT_LIST_DIR}/programs/server.cpp)
target_link_options(com_typelib PRIVATE -municode)
wine_test(com_typelib COMMAND com_typelib)
