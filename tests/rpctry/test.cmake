# The headers promise the same of every level of optimisation.
pe_program(rpctry_O0 ${CMAKE_CURRENT_LIST_DIR}/c_part.c ${CMAKE_CURRENT_LIST_DIR}/cpp_part.cpp)
target_compile_options(rpctry_O0 PRIVATE -O0)
wine_test(rpctry COMMAND rpctry)
wine_test(rpctry-O0 COMMAND rpctry_O0)
