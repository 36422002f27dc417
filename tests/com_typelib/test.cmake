# Interfaces that only a type library describes: the system's own oleaut32 has their proxies and stubs made here.
set(typelib_sources ${CMAKE_CURRENT_LIST_DIR}/programs/library.cpp)
pe_program(com_typelib ${typelib_sources} ${CMAKE_CURRENT_LIST_DIR}/programs/main.cpp
    ${CMAKE_CURRENT_LIST_DIR}/programs/calls.cpp ${CMAKE_CURRENT_LIST_DIR}/programs/liar.cpp ${CMAKE_CURRENT_LIST_DIR}/programs/server.cpp)
target_link_options(com_typelib PRIVATE -municode)
wine_test(com_typelib COMMAND com_typelib)
# A library of 32 bits in a process of 64.
if(ARCH STREQUAL "x64")
    wine_test(com_typelib.foreign COMMAND com_typelib foreign Z:${CMAKE_BINARY_DIR}/../x86/tests/com_typelib.exe)
endif()
