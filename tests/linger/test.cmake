# It waits a minute for what closes by itself; link's host tests have the rules.
wine_test(linger LONG TIMEOUT 300 COMMAND linger)
