"""The export table, read for tools/gen-exports, tools/check-exports and tools/where."""
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "dlls/rpcrt4/exports.tsv"
ABI = ROOT / "dlls/rpcrt4/abi"

COLUMNS = ["name", "arch", "kind", "bytes", "family", "source", "decline", "alias"]
ALLOWED = {
    "arch": {"both", "x64", "x86"},
    "kind": {"code", "varargs", "data"},
    "source": {"windows", "legacy", "wine-only"},
    "decline": {"status", "hresult", "raise", "zero"},
}
MACRO_OF_KIND = {"code": "RPC_EXPORT", "varargs": "RPC_EXPORT_CDECL", "data": "RPC_EXPORT_DATA"}
DEFINITION = re.compile(r"^[ \t]*(RPC_EXPORT(?:_CDECL|_DATA)?)\(\s*[^,()]+,\s*(\w+)\s*\)", re.M)


@dataclass
class Export:
    name: str
    arch: str
    kind: str
    bytes: str
    family: str
    source: str
    decline: str
    alias: str
    line: int = field(compare=False)        # in the table
    where: tuple | None = field(default=None, compare=False)  # (file, line) of the definition, once it is real

    @property
    def real(self):
        return self.where is not None

    def on(self, arch):
        return self.arch in ("both", arch)

    def symbol(self, arch):
        """What the linker knows the code by, without x86's leading underscore."""
        if arch == "x64" or self.kind != "code":
            return self.name
        return f"{self.name}@{0 if self.bytes == '?' else self.bytes}"


def fail(message):
    sys.exit(f"{Path(sys.argv[0]).name}: {message}")


def read_table(path=TABLE):
    """Every row, by name; ends the program with a message on a row that makes no sense."""
    exports = {}
    header_seen = False
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        if line.startswith("#") or not line:
            continue
        cells = line.split("\t")
        if not header_seen:
            header_seen = True
            if cells != COLUMNS:
                fail(f"{path}:{number}: the columns are not {COLUMNS}")
            continue
        if len(cells) != len(COLUMNS):
            fail(f"{path}:{number}: {len(cells)} columns, expected {len(COLUMNS)}")
        row = Export(*cells, line=number)
        for column, values in ALLOWED.items():
            if getattr(row, column) not in values:
                fail(f"{path}:{number}: {column} is {getattr(row, column)!r}, expected one of {sorted(values)}")
        pops = row.kind == "code" and row.arch != "x64"
        if pops != (row.bytes != "-"):
            fail(f"{path}:{number}: bytes is {row.bytes!r} for {row.kind} on {row.arch}")
        if row.bytes not in ("-", "?") and int(row.bytes) % 4:
            fail(f"{path}:{number}: argument bytes come in fours")
        if row.bytes == "?" and row.decline != "raise":
            fail(f"{path}:{number}: a name of unknown argument bytes must raise")
        if (row.kind == "data") != (row.decline == "zero"):
            fail(f"{path}:{number}: data, and only data, declines by zeros")
        if row.name in exports:
            fail(f"{path}:{number}: {row.name} appears twice")
        exports[row.name] = row
    for row in exports.values():
        if row.alias == "-":
            continue
        target = exports.get(row.alias)
        if not target or target.alias != "-":
            fail(f"{path}:{row.line}: {row.name} is an alias of {row.alias}, which is no code of its own")
        if (target.bytes, target.kind, target.decline) != (row.bytes, row.kind, row.decline):
            fail(f"{path}:{row.line}: {row.name} differs from {row.alias}, whose code it shares")
    return exports


def family_of(stem, families):
    """The family a file of abi/ belongs to: its stem, or the longest family that its stem continues with an underscore."""
    candidates = [f for f in families if stem == f or stem.startswith(f + "_")]
    return max(candidates, key=len, default=None)


def find_definitions(exports, abi=ABI):
    """Marks as real what abi/*.cpp defines. Ends the program on a definition the table does not agree with."""
    families = {e.family for e in exports.values()}
    for path in sorted(Path(abi).glob("*.cpp")):
        text = path.read_text()
        for match in DEFINITION.finditer(text):
            macro, name = match.groups()
            at = f"{path}:{text.count(chr(10), 0, match.start(1)) + 1}"
            row = exports.get(name)
            if not row:
                fail(f"{at}: {name} is not in the export table")
            if row.alias != "-":
                fail(f"{at}: {name} is an alias of {row.alias} in the export table")
            if macro != MACRO_OF_KIND[row.kind]:
                fail(f"{at}: {name} is {row.kind}, which takes {MACRO_OF_KIND[row.kind]}")
            if row.bytes == "?":
                fail(f"{at}: the table does not know how many argument bytes {name} pops")
            if family_of(path.stem, families) != row.family:
                fail(f"{at}: {name} belongs in {row.family}.cpp")
            if row.real:
                fail(f"{at}: {name} is also defined at {row.where[0]}:{row.where[1]}")
            row.where = (path, int(at.rsplit(":", 1)[1]))
    for row in exports.values():
        if row.alias != "-":
            row.where = exports[row.alias].where
    return exports
