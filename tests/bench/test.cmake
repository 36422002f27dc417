# The program of tools/bench. What is tested here is that it measures something that works, never a time.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/programs/*.cpp)
pe_program(bench_rpc ${bench_sources})
target_link_libraries(bench_rpc PRIVATE test_support)

wine_test(bench.ours COMMAND bench_rpc smoke rpc)
wine_test(bench.allocations COMMAND bench_rpc allocations rpc)
# Not on Wine's own, which hangs in it now and then, its server's threads and its client's being in one process.
wine_test(bench.raw BUILTIN COMMAND bench_rpc smoke raw)

# Of the marshalling alone, in one process.
pe_program(bench_ndr ${CMAKE_CURRENT_LIST_DIR}/ndr/bench_ndr.cpp)
target_link_libraries(bench_ndr PRIVATE test_support)
wine_test(bench.ndr COMMAND bench_ndr smoke rpc)
wine_test(bench.ndr_builtin BUILTIN COMMAND bench_ndr smoke rpc builtin)
wine_test(bench.ndr_raw COMMAND bench_ndr smoke raw)

# What many clients cost a server. The figures are tools/bench's to print.
wine_test(bench.load LONG TIMEOUT 900 COMMAND ${CMAKE_SOURCE_DIR}/tools/bench --load 60 --no-build --wine @WINE@ --arch ${ARCH})
