# It waits for what closes by itself.
wine_test(linger TIMEOUT 300 COMMAND linger)
