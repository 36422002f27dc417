# The assembly that everything which meets an exception rests on, by itself: no DLL is involved.
target_sources(seh PRIVATE ${DLL_DIR}/base/arch/${ARCH}.S)
target_include_directories(seh PRIVATE ${DLL_DIR})
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/frames_noexc.cpp PROPERTIES COMPILE_OPTIONS -fno-exceptions)
wine_test(seh COMMAND seh)
