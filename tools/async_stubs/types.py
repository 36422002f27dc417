"""The type format string: what a parameter's type is, and what of it depends on where parameters stand."""
import re

POINTERS = (0x11, 0x12, 0x13, 0x14)  # FC_RP, FC_UP, FC_OP, FC_FP
REFERENCE = 0x11
SIMPLE, DEREFERENCED = 0x08, 0x10    # bits of the byte behind
CALLBACK = 0x59                      # the operator of a correlation that a routine computes
STRINGS = (0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a)
ARRAYS = (0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21)
PLAIN_STRUCTURE = 0x15
STRUCTURES = (0x15, 0x16, 0x17, 0x18, 0x19, 0x1a)
CONTEXT, RANGE = 0x30, 0xb7


class Types:
    def __init__(self, format_string):
        self.format = format_string
        self.labels = sorted(format_string.labels)
        self.correlations = {}  # offset: name of the parameter, or of the procedure whose routine computes it
        for offset, remark in format_string.remarks.items():
            if not remark.startswith("Corr desc:"):
                continue
            match = re.fullmatch(r"Corr desc: (parameter|field) (in )?(\w+)(?:, FC_\w+)?", remark)
            kind = format_string.byte(offset) & 0xf0
            if not match or (kind != 0x20 if match[1] == "parameter" else kind not in (0x00, 0x10)):
                format_string.fail(offset, f"a correlation of a kind that is not understood: {remark}")
            if match[1] == "field":
                continue
            computed = format_string.byte(offset + 1) == CALLBACK
            if computed != bool(match[2]):
                format_string.fail(offset, f"the correlation and its remark differ: {remark}")
            self.correlations[offset] = match[3]

    def is_computed(self, correlation):
        return self.format.byte(correlation + 1) == CALLBACK

    def shifted(self, slot):
        """The whole string for frames that have one more slot in front."""
        copy = bytearray(self.format.bytes)
        for offset in self.correlations:
            if not self.is_computed(offset):
                moved = self.format.word(offset + 2) + slot
                if moved > 0xffff:
                    self.format.fail(offset, "the stack is too large")
                copy[offset + 2:offset + 4] = moved.to_bytes(2, "little")
        return bytes(copy)

    def _part(self, offset):
        """The part between two labels in which `offset` lies."""
        start = max((label for label in self.labels if label <= offset), default=0)
        end = min((label for label in self.labels if label > offset), default=len(self.format.bytes))
        return start, end

    def reached(self, offset, seen=None):
        """Offsets of the correlations with parameters that the type at `offset` has, inside whatever it points to."""
        seen = set() if seen is None else seen
        pending, found = [offset], []
        while pending:
            at = pending.pop()
            if not 0 < at < len(self.format.bytes):
                self.format.fail(0, f"a type at offset {at} is named, but there is none")
            start, end = self._part(at)
            if start in seen:
                continue
            seen.add(start)
            found += [c for c in self.correlations if start <= c < end]
            first = self.format.byte(start)
            if first in POINTERS and not self.format.byte(start + 1) & SIMPLE:
                pending.append(self.format.relative(start + 2))
            for item, remark in self.format.remarks.items():
                if start <= item < end and (match := re.fullmatch(r"Offset= -?\d+ \((\d+)\)", remark)):
                    pending.append(int(match[1]))
        return found

    def skipped_reference(self, offset, depth):
        """widl 7 names the string of a [string] char** where the pointer to it belongs: the right offset."""
        before = offset - 4
        if depth < 2 or self.format.byte(offset) not in POINTERS or self.format.byte(offset) == REFERENCE:
            return offset
        if before in self.format.labels and self.format.byte(before) == REFERENCE and \
                self.format.byte(before + 1) & DEREFERENCED and self.format.relative(before + 2) == offset:
            return before
        return offset

    def size_in_memory(self, offset):
        """Of the structure at `offset`."""
        return self.format.word(offset + 2)
