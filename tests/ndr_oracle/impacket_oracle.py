"""impacket_oracle.py NDR_SAMPLES: for every sample, impacket reads from our bytes the values that host/samples.cpp has, and writes
of those values the same bytes, and we read impacket's. Exit status 77: no impacket."""
import sys

from common import Failures, lines_of, same_but_for_choices

try:
    from impacket.dcerpc.v5 import ndr
except ImportError:
    print("no impacket")
    sys.exit(77)

from impacket.dcerpc.v5.dtypes import LONG, LPSTR, LPWSTR, SHORT, STR, ULONG, WSTR
from impacket.dcerpc.v5.ndr import (NDRCALL, NDRDOUBLEFLOAT, NDRFLOAT, NDRHYPER, NDRPOINTER, NDRSMALL, NDRSTRUCT, NDRUNION,
                                    NDRUSHORT, NDRUniConformantArray, NDRUniConformantVaryingArray, NDRUniVaryingArray)


def array(base, item_type):
    return type("Array", (base,), {"item": item_type})


def structure(name, *fields):
    return type(name, (NDRSTRUCT,), {"structure": fields})


def pointer(to):
    return type("Pointer", (NDRPOINTER,), {"referent": (("Data", to),)})


def node(length):
    """impacket makes a pointer's referent at once: a list is as many classes as it has nodes."""
    fields = (("v", LONG), ("next", pointer(LONG)))
    for _ in range(length - 1):
        fields = (("v", LONG), ("next", pointer(structure("Node", *fields))))
    return structure("Node", *fields)


def several(of, count):
    """A fixed array, as a structure of so many: the same bytes."""
    return structure("Several", *((f"e{i}", of) for i in range(count)))


Shorts = array(NDRUniConformantArray, "<h")
Longs = array(NDRUniConformantArray, "<l")
PartOfShorts = array(NDRUniConformantVaryingArray, "<h")
Simple = structure("Simple", ("a", LONG), ("b", SHORT), ("c", NDRSMALL), ("h", NDRHYPER))
WithPointers = structure("WithPointers", ("a", LONG), ("s", LPWSTR), ("p", pointer(LONG)), ("array", pointer(Shorts)))
Conformant = structure("Conformant", ("n", LONG), ("a", Shorts))
Row = several(LONG, 4)


class Tagged(NDRUNION):
    """[C706] 14.3.8: the discriminant, then the arm at its own alignment."""
    commonHdr = (("tag", ULONG),)
    union = {1: ("arm", LONG), 3: ("arm", NDRHYPER), 4: ("arm", LPSTR)}


class Switched(NDRUNION):
    commonHdr = (("tag", ULONG),)
    union = {1: ("arm", LONG), 2: ("arm", NDRHYPER), 3: ("arm", pointer(Simple))}


HasUnion = structure("HasUnion", ("tag", LONG), ("u", Switched))

NULL = None
SIMPLE = {"a": -5, "b": 0x1234, "c": ord("c"), "h": 0x0102030405060708}
WITH_POINTERS = {"a": 3, "s": "hi\0", "p": 5, "array": [1, -2, 3]}
NOTHING = {"a": 0, "s": NULL, "p": NULL, "array": NULL}
SOME, OTHER = {**NOTHING, "s": "x\0"}, {**NOTHING, "p": 5}
LIST = {"v": 1, "next": {"v": 2, "next": {"v": 3, "next": NULL}}}
CONFORMANT = {"n": 3, "a": [10, -11, 12]}

# name: type, value as host/samples.cpp has it
SAMPLES = {
    "byte": (NDRSMALL, -2),
    "short": (SHORT, -2),
    "long": (LONG, -3),
    "hyper": (NDRHYPER, 0x0102030405060708),
    "float": (NDRFLOAT, 1.5),
    "double": (NDRDOUBLEFLOAT, -2.25),
    "simple": (Simple, SIMPLE),
    "with_pointers": (WithPointers, WITH_POINTERS),
    "nulls": (WithPointers, NOTHING),
    "list": (node(3), LIST),
    "conformant": (Conformant, CONFORMANT),
    "conformant_varying": (structure("S", ("n", LONG), ("l", LONG), ("a", PartOfShorts)), {"n": 2, "l": 2, "a": [7, -8]}),
    "array_in_structure": (structure("S", ("n", LONG), ("a", array(NDRUniConformantArray, WithPointers))),
                           {"n": 2, "a": [SOME, OTHER]}),
    "varying": (structure("S", ("l", LONG), ("a", array(NDRUniVaryingArray, "<l"))), {"l": 3, "a": [7, -8, 9]}),
    "texts": (structure("S", ("s", array(NDRUniVaryingArray, "<B")), ("w", array(NDRUniVaryingArray, "<H"))),
              {"s": list(b"abc\0"), "w": [ord("d"), ord("e"), 0]}),
    "enums": (structure("S", ("e", NDRUSHORT), ("v", LONG), ("b", NDRSMALL)), {"e": 2, "v": 0x12345, "b": 9}),
    "tagged_long": (Tagged, {"tag": 1, "arm": 77}),
    "tagged_hyper": (Tagged, {"tag": 3, "arm": 78}),
    "tagged_text": (Tagged, {"tag": 4, "arm": "text\0"}),
    "has_hyper": (HasUnion, {"tag": 2, "u": {"tag": 2, "arm": -5}}),
    "has_pointer": (HasUnion, {"tag": 3, "u": {"tag": 3, "arm": SIMPLE}}),
    "arm_long": (Switched, {"tag": 1, "arm": 55}),
    "arm_pointer": (Switched, {"tag": 3, "arm": SIMPLE}),
    "longs": (Longs, [1, -2, 3]),
    "part_of_shorts": (PartOfShorts, [1, -2, 3]),
    "wide_text": (WSTR, "wide\0"),
    "text": (STR, "text\0"),
    "unique_long": (pointer(LONG), 5),
    "null_long": (pointer(LONG), NULL),
    "unique_text": (LPWSTR, "wide\0"),
    "grid": (several(Row, 3), {f"e{i}": {f"e{j}": [1, -2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12][4 * i + j] for j in range(4)}
                               for i in range(3)}),
    "rows": (array(NDRUniConformantArray, Row), [{"e0": 1, "e1": -2, "e2": 3, "e3": 4}, {"e0": 5, "e1": 6, "e2": 7, "e3": 8}]),
    "fixed_structures": (several(WithPointers, 3), {"e0": SOME, "e1": NOTHING, "e2": OTHER}),
}


# impacket does not align elements behind their count ([C706] 14.2.2), and leaves the count of a conformant structure within
# another where it is, instead of in front of all (14.3.7.1).
BEYOND_IMPACKET = {"hypers", "nested", "nested_with_pointer"}


def fill(holder, key, value):
    """Puts a value into the field `key` of an impacket object."""
    field = holder.fields[key]
    if value is NULL:
        holder[key] = ndr.NULL
    elif isinstance(field, NDRPOINTER):
        if field.fields["ReferentID"] == 0:
            field.fields["ReferentID"] = 0x1000 + id(field) % 0x8000 * 2 + 1
        fill(field, "Data", value)
    elif isinstance(value, dict):
        if "arm" in value:
            field["tag"] = value["tag"]
            fill(field, "arm", value["arm"])
            return
        for name, part in value.items():
            fill(field, name, part)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        items = []
        for part in value:
            item = field.item()
            for name, inner in part.items():
                fill(item, name, inner)
            items.append(item)
        field["Data"] = items
    else:
        holder[key] = value


def plain(thing):
    """What is in an impacket object, as the samples above are written."""
    if isinstance(thing, NDRPOINTER):
        return NULL if thing.fields["ReferentID"] == 0 else plain(thing.fields["Data"])
    if isinstance(thing, (WSTR, STR)):
        return thing["Data"]
    if isinstance(thing, NDRUNION):
        return {"tag": thing["tag"], "arm": plain(thing.fields["arm"])}
    if isinstance(thing, NDRSTRUCT):
        return {name: plain(thing.fields[name]) for name, _ in thing.structure}
    if isinstance(thing, list):
        return [plain(item) for item in thing]
    return plain(thing.fields["Data"]) if isinstance(thing, ndr.NDR) else thing


def call(of):
    return type("Call", (NDRCALL,), {"opnum": 0, "structure": (("v", of),)})


def written(of, value):
    made = call(of)()
    fill(made, "v", value)
    return made.getData()


def main():
    failures = Failures()
    ours = lines_of(sys.argv[1], "write")
    failures.expect(set(ours) == set(SAMPLES) | BEYOND_IMPACKET, f"samples differ: {set(ours) ^ set(SAMPLES)}")
    theirs = {}
    for name, (of, value) in SAMPLES.items():
        try:
            got = plain(call(of)(ours[name]).fields["v"])
            failures.expect(got == value, f"{name}: impacket reads {got}, not {value}, from {ours[name].hex()}")
            theirs[name] = written(of, value)
            failures.expect(same_but_for_choices(ours[name], theirs[name]),
                            f"{name}: impacket writes {theirs[name].hex()}, we {ours[name].hex()}")
        except Exception as why:
            failures.expect(False, f"{name}: impacket: {type(why).__name__}: {why}")
    back = lines_of(sys.argv[1], "read", lines=theirs)
    for name in theirs:
        failures.expect(same_but_for_choices(ours[name], back.get(name, b"")), f"{name}: of impacket's {theirs[name].hex()} we make {back.get(name, b'').hex()}")
    print(f"{len(theirs)} types, {failures.count} failures")
    return failures.count != 0


sys.exit(main())
