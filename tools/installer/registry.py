"""A registry file of Wine (user.reg), edited as text: what is not touched keeps its bytes.

A file is a header and blocks: `[Key\\\\Sub\\\\Key] seconds`, `#time=` and other marks, values, a blank line. Wine reads blocks
and values in any order and writes them in its own. A key without values that has subkeys has no block of its own.
"""
import re
import time

MAGIC = "WINE REGISTRY Version 2"
_KEY = re.compile(r"\[((?:[^\\\]]|\\.)*)\]")
_VALUE = re.compile(r'(?:@|"((?:[^"\\]|\\.)*)")=')
_ESCAPES = {"a": 7, "b": 8, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{1,4})|([0-7]{1,3})|(.))", re.DOTALL)
_EPOCH = 11644473600  # seconds from 1601, where FILETIME starts, to 1970


class BadHive(Exception):
    """The file is no registry file of Wine."""


def unescape(text):
    def one(match):
        hexadecimal, octal, letter = match.groups()
        if hexadecimal:
            return chr(int(hexadecimal, 16))
        if octal:
            return chr(int(octal, 8))
        return chr(_ESCAPES.get(letter, ord(letter)))
    units = _ESCAPED.sub(one, text)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def escape(text, special):
    """As Wine writes it: UTF-16 units beyond ASCII in four hex digits, `special` and the backslash behind a backslash."""
    units = text.encode("utf-16-le", "surrogatepass")
    out = []
    for i in range(0, len(units), 2):
        code = units[i] | units[i + 1] << 8
        if code > 126:
            out.append(f"\\x{code:04x}")
        elif code < 32:
            out.append(f"\\{code:03o}")
        else:
            out.append("\\" * (chr(code) in "\\" + special) + chr(code))
    return "".join(out)


def string(text):
    """The data of a REG_SZ value."""
    return '"' + escape(text, '"') + '"'


def fold(text):
    """Names are compared without case, unit by unit, as the registry does."""
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def _path(key):
    return tuple(fold(part) for part in key.split("\\"))


class _Block:
    def __init__(self, header):
        self.lines = [header]
        match = _KEY.match(header)
        if not match:
            raise BadHive(f"a key that cannot be read: {header[:80]}")
        # The separators are read before the escapes of the names are.
        self.key = "\\".join(unescape(part) for part in re.split(r"\\\\", match[1]))
        self.path = _path(self.key)

    def values(self):
        """(name or None for the default, first line, line behind the last)."""
        at = 1
        while at < len(self.lines):
            match = _VALUE.match(self.lines[at])
            end = at + 1
            if match:
                while self.lines[end - 1].endswith("\\") and end < len(self.lines):
                    end += 1
                yield (None if match[1] is None else unescape(match[1])), at, end
            at = end

    def find(self, name):
        for have, at, end in self.values():
            if have is not None and fold(have) == fold(name):
                return at, end
        return None

    def bare(self):
        """Nothing but the key and its time: no value, no class, no link."""
        return all(not line or line.startswith("#time=") for line in self.lines[1:])

    def touch(self, now):
        header = self.lines[0]
        self.lines[0] = header[:_KEY.match(header).end()] + f" {now // 10**9}"
        self.lines = [_time(now) if line.startswith("#time=") else line for line in self.lines]


def _time(now):
    return f"#time={now // 100 + _EPOCH * 10**7:x}"


class Hive:
    """Keys are paths below the file's root, `Software\\Wine\\DllOverrides`; data is kept as it stands in the file."""

    def __init__(self, content):
        lines = content.decode("latin-1").split("\n")
        if lines[0].rstrip("\r") != MAGIC:
            raise BadHive(f"not a registry file of Wine: it does not begin with {MAGIC!r}")
        self._head = []
        self._blocks = []
        for line in lines:
            if line.startswith("["):
                self._blocks.append(_Block(line))
            elif self._blocks:
                self._blocks[-1].lines.append(line)
            else:
                self._head.append(line)

    def content(self):
        lines = list(self._head)
        for block in self._blocks:
            lines += block.lines
        return "\n".join(lines).encode("latin-1")

    @property
    def arch(self):
        """win64 or win32, as the header says, or None."""
        for line in self._head:
            if line.startswith("#arch="):
                return line[6:].strip()
        return None

    def keys(self):
        return [block.key for block in self._blocks]

    def has_key(self, key):
        path = _path(key)
        return any(block.path[:len(path)] == path for block in self._blocks)

    def get(self, key, name):
        """The data as text of the file (`"native,builtin"` with its quotes), or None."""
        path, found = _path(key), None
        for block in self._blocks:
            place = block.find(name) if block.path == path else None
            if place:
                text = "\n".join(block.lines[place[0]:place[1]])
                found = text[_VALUE.match(text).end():]
        return found

    def spelling(self, key, name):
        """The name as it is written there, or as it is given here."""
        path = _path(key)
        for block in self._blocks:
            for have, _, _ in block.values() if block.path == path else []:
                if have is not None and fold(have) == fold(name):
                    return have
        return name

    def set(self, key, name, data):
        """Sets the value, or removes it where data is None. A missing key is made for a value."""
        name = self.spelling(key, name)
        now, path = time.time_ns(), _path(key)
        blocks = [block for block in self._blocks if block.path == path]
        if not blocks:
            if data is None:
                return
            blocks = [self.add_key(key)]
        new = [] if data is None else f'"{escape(name, chr(34))}"={data}'.split("\n")
        for block in reversed(blocks):  # the last one counts, should the key stand there twice
            place = block.find(name)
            if place:
                block.lines[place[0]:place[1]] = new
                block.touch(now)
                new = []
        if new:
            block = blocks[-1]
            at = len(block.lines)
            while at > 1 and not block.lines[at - 1]:
                at -= 1
            block.lines[at:at] = new
            block.touch(now)

    def add_key(self, key):
        now = time.time_ns()
        last = self._blocks[-1].lines if self._blocks else self._head
        while last and not last[-1]:
            last.pop()
        last.append("")
        name = "\\\\".join(escape(part, "[]") for part in key.split("\\"))
        block = _Block(f"[{name}] {now // 10**9}")
        block.lines += [_time(now), ""]
        self._blocks.append(block)
        return block

    def remove_if_bare(self, key):
        """Removes the key unless it has values, subkeys or anything else. Whether it is gone."""
        path = _path(key)
        if any(block.path[:len(path)] == path and not (block.path == path and block.bare()) for block in self._blocks):
            return False
        self._blocks = [block for block in self._blocks if block.path != path]
        if self._blocks and self._blocks[-1].lines[-1]:
            self._blocks[-1].lines.append("")
        return True


def parents(key):
    """Software\\Wine, Software for Software\\Wine\\X."""
    parts = key.split("\\")
    return ["\\".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]
