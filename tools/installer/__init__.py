"""Puts rpcrt4.dll into a Wine prefix and takes it out again. tools/install, tools/uninstall and tools/status are its doors."""
