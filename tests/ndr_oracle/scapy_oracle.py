"""scapy_oracle.py NDR_SAMPLES: the samples as a big-endian machine sends them, put together of scapy's network-order fields, and
read by us. What comes of them must be what we write of our own values. Exit status 77: no scapy."""
import logging
import sys

from common import Failures, lines_of

logging.getLogger("scapy").setLevel(logging.CRITICAL)
try:
    from scapy.fields import (ByteField, IEEEDoubleField, IEEEFloatField, IntField, SignedByteField, SignedIntField,
                              SignedLongField, SignedShortField, ShortField, StrFixedLenField)
    from scapy.packet import Packet
except ImportError:
    print("no scapy")
    sys.exit(77)

# The kinds of numbers and their sizes, which are their alignments ([C706] 14.2.2).
FIELDS = {"u1": ByteField, "s1": SignedByteField, "u2": ShortField, "s2": SignedShortField, "u4": IntField, "s4": SignedIntField,
          "s8": SignedLongField, "f4": IEEEFloatField, "f8": IEEEDoubleField}


def stub(*values):
    """Pairs of a kind and a value (or several) as one packet, with gaps where the rule wants them."""
    fields, at = [], 0
    for kind, *numbers in values:
        size = int(kind[1:])
        for number in numbers:
            gap = -at % size
            if gap:
                fields.append(StrFixedLenField(f"f{len(fields)}", b"\0" * gap, gap))
            fields.append(FIELDS[kind](f"f{len(fields)}", number))
            at += gap + size
    return bytes(type("Stub", (Packet,), {"fields_desc": fields})())


def text(string, kind="u2"):
    """A conformant varying string: three counts, and its characters with the terminator ([C706] 14.3.4.2)."""
    codes = [*map(ord, string), 0]
    return [("u4", len(codes), 0, len(codes)), (kind, *codes)]


ID = 0x72657600  # a referent
SIMPLE = [("s4", -5), ("s2", 0x1234), ("u1", ord("c")), ("s8", 0x0102030405060708)]
SHORTS = [("u4", 3), ("s2", 1, -2, 3)]
CONFORMANT = [("u4", 3), ("s2", 10, -11, 12)]
SOME, NOTHING, OTHER = [("u4", 0, ID, 0, 0)], [("u4", 0, 0, 0, 0)], [("u4", 0, 0, ID, 0)]

SAMPLES = {
    "byte": [("s1", -2)],
    "short": [("s2", -2)],
    "long": [("s4", -3)],
    "hyper": [("s8", 0x0102030405060708)],
    "float": [("f4", 1.5)],
    "double": [("f8", -2.25)],
    "simple": SIMPLE,
    "with_pointers": [("u4", 3, ID, ID + 4, ID + 8), *text("hi"), ("s4", 5), *SHORTS],  # referents behind it all (14.3.12.3)
    "nulls": NOTHING,
    "list": [("u4", 1, ID, 2, ID + 4, 3, 0)],
    "conformant": [("u4", 3), *CONFORMANT],  # the count in front of the structure (14.3.7.1)
    "conformant_varying": [("u4", 2, 2, 2, 0, 2), ("s2", 7, -8)],
    "array_in_structure": [("u4", 2, 2), *SOME, *OTHER, *text("x"), ("s4", 5)],
    "varying": [("u4", 3, 0, 3), ("s4", 7, -8, 9)],
    "texts": [("u4", 0, 4), ("u1", *b"abc\0"), ("u4", 0, 3), ("u2", ord("d"), ord("e"), 0)],
    "enums": [("u2", 2), ("u4", 0x12345), ("u1", 9)],
    "tagged_long": [("u4", 1), ("s4", 77)],
    "tagged_hyper": [("u4", 3), ("s8", 78)],
    "tagged_text": [("u4", 4, ID), *text("text", "u1")],
    "has_hyper": [("u4", 2, 2), ("s8", -5)],
    "has_pointer": [("u4", 3, 3, ID, 0), *SIMPLE],  # with a gap: what the pointer leads to is aligned to 8
    "arm_long": [("u4", 1), ("s4", 55)],
    "arm_pointer": [("u4", 3, ID), *SIMPLE],
    "longs": [("u4", 3), ("s4", 1, -2, 3)],
    "hypers": [("u4", 3), ("s8", 1, -2, 0x0102030405060708)],
    "part_of_shorts": [("u4", 3, 0, 3), ("s2", 1, -2, 3)],
    "wide_text": text("wide"),
    "text": text("text", "u1"),
    "unique_long": [("u4", ID), ("s4", 5)],
    "null_long": [("u4", 0)],
    "unique_text": [("u4", ID), *text("wide")],
    "grid": [("s4", 1, -2, *range(3, 13))],
    "rows": [("u4", 2), ("s4", 1, -2, *range(3, 9))],
    "fixed_structures": [*SOME, *NOTHING, *OTHER, *text("x"), ("s4", 5)],
    "nested": [("u4", 3), ("s4", 9), *CONFORMANT],
    "nested_with_pointer": [("u4", 3), ("s4", 9), ("u4", ID), *CONFORMANT, ("s4", 5)],
}


def main():
    failures = Failures()
    ours = lines_of(sys.argv[1], "write")
    failures.expect(set(ours) == set(SAMPLES), f"samples differ: {set(ours) ^ set(SAMPLES)}")
    theirs = {name: stub(*values) for name, values in SAMPLES.items()}
    back = lines_of(sys.argv[1], "read", "big", lines=theirs)
    for name, data in theirs.items():
        failures.expect(back.get(name) == ours[name],
                        f"{name}: of {data.hex()} we make {back.get(name, b'').hex()}, not {ours[name].hex()}")
    print(f"{len(theirs)} types, {failures.count} failures")
    return failures.count != 0


sys.exit(main())
