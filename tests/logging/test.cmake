# What RPCRT4_LOG_LEVEL, RPCRT4_LOG_PATH and WINEDEBUG=+rpc bring.
foreach(mode off path wine shared trace)
    wine_test(logging-${mode} COMMAND logging ${mode})
endforeach()
