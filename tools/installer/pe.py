"""What a DLL file says of itself."""
import struct

MACHINES = {0x8664: "x64", 0x014C: "x86"}
PRODUCT = "rpcrt4 for Wine"


def machine(data):
    """x64, x86, or None for anything else."""
    if data[:2] != b"MZ" or len(data) < 64:
        return None
    at = struct.unpack_from("<I", data, 60)[0]
    if data[at:at + 4] != b"PE\0\0" or len(data) < at + 6:
        return None
    return MACHINES.get(struct.unpack_from("<H", data, at + 4)[0])


def _version_string(data, name):
    at = data.find(name.encode("utf-16-le") + b"\0\0")
    if at < 0:
        return None
    text = data[at + 2 * len(name):at + 2 * len(name) + 256].decode("utf-16-le", "replace")
    return text.lstrip("\0").split("\0")[0]


def kind(data):
    """ours, builtin (Wine's own, or its placeholder), other."""
    if data[64:80] == b"Wine builtin DLL" or data[64:84] == b"Wine placeholder DLL":
        return "builtin"
    return "ours" if _version_string(data, "ProductName") == PRODUCT else "other"


def version(data):
    return _version_string(data, "ProductVersion") or "of unknown version"
