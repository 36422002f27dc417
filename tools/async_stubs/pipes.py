"""Pipes, which widl does not know: a parameter that is one stands in the IDL as a pointer to an element, and in the list as [pipe]."""
import re

from . import types as fc

FC_PIPE, FC_END = 0xb5, 0x5b
# What can be an element: its size in memory and on the wire. FC_ENUM16 and what is a pointer differ there.
SIZES = {0x01: 1, 0x02: 1, 0x03: 1, 0x04: 1, 0x05: 2, 0x06: 2, 0x07: 2, 0x08: 4, 0x09: 4, 0x0a: 4, 0x0b: 8, 0x0c: 8, 0x0e: 4,
         0x10: 4}


class Pipes:
    """The pipe types of one stub file, appended to its type format string, which ends at `end` without them."""

    def __init__(self, types, end):
        self.types, self.end = types, end
        self.parts = []   # (bytes, remark)
        self.offsets = {}  # of the pipe, by its element

    def add(self, is_base, element, fail):
        """The offset of a pipe of base type `element`, or of the structure at that offset."""
        key = is_base, element
        if key not in self.offsets:
            if is_base:
                if element not in SIZES:
                    fail("a pipe's elements may be simple types and structures of such without gaps")
                size, alignment, at = SIZES[element], SIZES[element], self.end
                self._put(bytes([element, FC_END]), "a pipe's element")
            else:
                form = self.types.format
                if form.byte(element) != fc.PLAIN_STRUCTURE:
                    fail("a pipe's elements may be simple types and structures of such without gaps")
                size, alignment, at = self.types.size_in_memory(element), form.byte(element + 1) + 1, element
            self.offsets[key] = self.end
            distance = (at - (self.end + 2)) & 0xffff
            self._put(bytes([FC_PIPE, alignment - 1]) + b"".join(n.to_bytes(2, "little") for n in (distance, size, size)),
                      f"{self.end}: a pipe")
        return self.offsets[key]

    def _put(self, data, remark):
        self.parts.append((data, remark))
        self.end += len(data)


def declare(function, names):
    """Gives the parameters `names` of a C function their pipe types; {type: element}."""
    made = {}
    for name in names:
        p = next((p for p in function.parameters if p.name == name), None)
        if not p:
            function.source.fail(function.start, f"{function.name} has no parameter {name}, which is to be a pipe")
        element = re.sub(r"^const ", "", p.type[:-1].strip())
        if p.depth() != 1 or p.is_array or not re.fullmatch(r"\w+( \w+)*", element):
            function.source.fail(function.start, f"{function.name}: {name} is to be a pipe, and no pointer to one element")
        pipe = "ASYNC_PIPE_" + element.removeprefix("struct ").replace(" ", "_")
        made[pipe] = element
        p.type, p.text = f"{pipe} *", f"{pipe} *{name}"
    return made


def typedef(pipe, element):
    """As MIDL declares it (documentation page "Declaring Asynchronous Pipes")."""
    return (f"#ifndef {pipe}_DEFINED\n#define {pipe}_DEFINED\ntypedef struct {pipe}\n{{\n"
            f"    RPC_STATUS (__RPC_USER *pull)(char *state, {element} *buf, ULONG esize, ULONG *ecount);\n"
            f"    RPC_STATUS (__RPC_USER *push)(char *state, {element} *buf, ULONG ecount);\n"
            f"    void *reserved;\n    char *state;\n}} {pipe};\n#endif\n\n")
