# The faults of the nearest peer that clients on other systems meet, each by its name. What needs Samba is in tests of its own; the
# tower's bytes are host.wire's Tower.*, the NTLM levels security.interop.* and security.sspi.
target_link_libraries(peer_faults PRIVATE ws2_32)
wine_test(peer_faults COMMAND peer_faults)
