"""oracle.py PICKLES: what `PICKLES write` wrote is read by impacket, and what impacket writes of the same values is the same
and is read by `PICKLES read`. Exit status 77: no impacket."""
import struct
import subprocess
import sys

try:
    import impacket
except ImportError:
    print("no impacket")
    sys.exit(77)

from impacket.dcerpc.v5.dtypes import CHAR, LONG, LPWSTR, SHORT
from impacket.dcerpc.v5.ndr import NDRHYPER, NDRPOINTER, NDRSTRUCT, NDRUniConformantArray
from impacket.dcerpc.v5.rpcrt import TypeSerialization1


class LongPointer(NDRPOINTER):
    referent = (("Data", LONG),)


class Shorts(NDRUniConformantArray):
    item = "<h"


class ShortsPointer(NDRPOINTER):
    referent = (("Data", Shorts),)


class Simple(TypeSerialization1):
    structure = (("a", LONG), ("b", SHORT), ("c", CHAR), ("h", NDRHYPER))


class WithPointers(TypeSerialization1):
    structure = (("a", LONG), ("s", LPWSTR), ("p", LongPointer), ("array", ShortsPointer))


def node(length):
    """impacket makes a pointer's referent at once: a list is as many classes as it has nodes."""
    following = LongPointer
    for level in range(length - 1):
        element = type(f"Node{level}", (NDRSTRUCT,), {"structure": (("v", LONG), ("next", following))})
        following = type(f"NodePointer{level}", (NDRPOINTER,), {"referent": (("Data", element),)})
    return type("TopNode", (TypeSerialization1,), {"structure": (("v", LONG), ("next", following))})


class TopPointer(TypeSerialization1):
    structure = (("p", LongPointer),)


def parse(kind, data):
    value = kind(data)
    value.fromStringReferents(data[len(value.getData()):])
    return value


def rewritten(value):
    """impacket's bytes, with the padding and the length of [MS-RPCE] 2.2.6.2."""
    data = value.getData() + value.getDataReferents()
    data += b"\0" * (-len(data) % 8)
    return data[:8] + struct.pack("<I", len(data) - 16) + data[12:]


def values(name, v):
    if name == "simple":
        return [v["a"], v["b"], v["c"] if isinstance(v["c"], int) else ord(v["c"]), v["h"]]
    if name == "pointer":
        return [v["p"]]
    if name == "node":
        return [v["v"], v["next"]["v"], v["next"]["next"]["v"]]
    found = [v["a"]]
    if name == "with_pointers":
        found += [v["s"].rstrip("\0"), v["p"]] + list(v["array"])
    return found


KINDS = {"simple": Simple, "with_pointers": WithPointers, "nulls": WithPointers, "node": node(3), "pointer": TopPointer}
WANT = {
    "simple": [-5, 0x1234, ord("c"), 0x0102030405060708],
    "with_pointers": [3, "pickled", 77, 1, -2, 3],
    "nulls": [0],
    "node": [1, 2, 3],
    "pointer": [77],
}


def main():
    program = sys.argv[1]
    failures = 0
    lines = subprocess.run([program, "write"], check=True, capture_output=True, text=True).stdout.splitlines()
    theirs = []
    for line in lines:
        name, data = line.split()
        data = bytes.fromhex(data)
        value = parse(KINDS[name], data)
        got = values(name, value)
        if got != WANT[name]:
            print(f"{name}: impacket reads {got}, not {WANT[name]}")
            failures += 1
        theirs.append(f"{name} {rewritten(value).hex()}")
        if len(rewritten(value)) != len(data):
            print(f"{name}: impacket writes {rewritten(value).hex()}, we {data.hex()}")
            failures += 1
    back = subprocess.run([program, "read"], check=True, capture_output=True, text=True, input="\n".join(theirs) + "\n")
    for line, shown in zip(lines, back.stdout.splitlines(), strict=True):
        name = line.split()[0]
        if shown.split() != [str(v) for v in WANT[name]]:
            print(f"{name}: of impacket's bytes we read {shown}")
            failures += 1
    if len(lines) != len(WANT):
        print(f"only {len(lines)} pickles")
        failures += 1
    print(f"{len(lines)} pickles, {failures} failures")
    return failures != 0


sys.exit(main())
