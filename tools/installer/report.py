"""What a prefix would load, told from its files and its registry; and what Wine really loads, when it is asked."""
import os
import re
import subprocess

from . import files, pe, registry
from .prefix import DLL, child
from .record import Record, is_ours
from .work import NAME, key_of, scope_of_key

EFFECTIVE, NOT_INSTALLED, UNTOLD, PARTLY = 0, 1, 2, 3  # exit statuses of tools/status
ASKED = "sc.exe"  # one of Wine's own programs that calls RPC


def takes_native(order):
    """Whether Wine tries a native DLL first: `native,builtin`, `n,b`, `native`."""
    return bool(re.match(r"[ \t]*n", order, re.IGNORECASE))


def _names(prefix, arch):
    """The 32-bit folder of a 64-bit prefix is a path like any other to Wine: there the value with the star goes first."""
    names = [NAME, "*" + NAME]
    return names[::-1] if prefix.arch == "win64" and arch == "x86" else names


def _from_environment(names):
    """WINEDLLOVERRIDES: `a,b=n,b;c=`. It goes before the registry."""
    orders = {}
    for item in os.environ.get("WINEDLLOVERRIDES", "").split(";"):
        which, equals, order = item.partition("=")
        for name in which.split(",") if equals else []:
            orders[re.sub(r"\.dll$", "", name.strip().lower())] = order
    return next(((order, f"WINEDLLOVERRIDES, {name}") for name in names if (order := orders.get(name)) is not None), None)


def override(prefix, hive, arch, app=""):
    """(order, where it is said), or None where nothing is: Wine then takes its own."""
    names = _names(prefix, arch)
    found = _from_environment(names)
    for name in names:
        for key in [key_of(app)] * bool(app) + [key_of("")]:
            data = None if found else hive.get(key, name)
            if data is not None and data.startswith('"'):
                found = (registry.unescape(data[1:-1]), rf"HKCU\{key}, {name}")
    return found


def in_folder(path):
    """(kind, words) of the DLL in a system folder."""
    content = files.read(path)
    if content is None:
        return "none", "no file"
    kind = pe.kind(content)
    if kind == "ours":
        return kind, f"rpcrt4 for Wine {pe.version(content)} ({pe.machine(content) or 'of a strange architecture'})"
    return kind, "Wine's own" if kind == "builtin" else f"somebody else's, version {pe.version(content)}"


def loads(prefix, hive, arch, folder, app=""):
    """(ours or not, one line): what a program loads that asks for rpcrt4.dll, unless it brings one of its own."""
    kind, words = in_folder(child(folder, DLL))
    found = override(prefix, hive, arch, app)
    native = found is not None and takes_native(found[0])
    why = f"{found[1]} = {found[0] or 'disabled'}" if found else "no override"
    if kind in ("ours", "other") and native:
        return kind == "ours", f"loads {words}; {why}"
    if found and not found[0].strip():
        return False, f"loads none; {why}"
    lone = native and "b" not in found[0].lower() and kind in ("none", "builtin")
    return False, ("loads none" if lone else "loads Wine's own") + f"; {why}" + (f"; in the folder: {words}" if kind != "builtin" else "")


def programs(hive):
    """The programs that have an override of their own."""
    found = {}
    for key in hive.keys():
        scope = scope_of_key(key)
        if scope and any(hive.get(key, name) is not None for name in (NAME, "*" + NAME)):
            found[registry.fold(scope)] = scope
    return sorted(found.values())


def report(prefix):
    """(exit status, lines)."""
    hive, record, folders = prefix.hive(), Record(prefix), prefix.folders()
    lines = [f"{prefix.path}: a {'64' if prefix.arch == 'win64' else '32'}-bit prefix"
             + (", Wine runs in it: what it has not written yet is not seen here" if prefix.server() is not None else "")]
    if record.scopes:
        lines.append("installed for " + ", ".join(scope or "every program" for scope in record.scopes))
    else:
        lines.append("not installed" + (": there are remains, uninstall clears them" if os.path.isdir(record.folder) else ""))
    whole = True
    shown = {registry.fold(scope): scope for scope in programs(hive) + record.scopes if scope}
    for scope in [""] + sorted(shown.values()):
        for arch, name, folder in folders:
            ours, words = loads(prefix, hive, arch, folder, scope)
            lines.append(f"  {scope or 'every program'}, {arch} ({name}): {words}")
            if scope in record.scopes:
                whole = whole and ours and is_ours(child(folder, DLL), record.files.get(name, {"ours": []}))
    status = NOT_INSTALLED if not record.scopes else EFFECTIVE if whole else PARTLY
    if status == PARTLY:
        lines.append("not all of it is in effect, see above; running install again mends what is missing")
    return status, lines


def ask_wine(prefix):
    """The loader's own words, of a program of each arch. It starts Wine ($WINE) in the prefix."""
    lines, whole = [], True
    environment = {**os.environ, "WINEPREFIX": prefix.path, "WINEDEBUG": "-all,+loaddll"}
    for arch, name, _ in prefix.folders():
        command = [os.environ.get("WINE", "wine"), rf"C:\windows\{name}\{ASKED}", "query", "rpcss"]
        try:
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, timeout=120, check=False)
            trace = done.stderr.decode(errors="replace")
        except (OSError, subprocess.TimeoutExpired) as error:
            trace = f"{command[0]}: {error}"
        found = re.search(r'oaded L"([^"]*\\rpcrt4\.dll)" at [0-9A-Fa-fx]+: (\w+)', trace, re.IGNORECASE)
        whole = whole and bool(found)
        lines.append(f"  {ASKED}, {arch}: " + (f"Wine loaded {found[1]}, {found[2]}".replace("\\\\", "\\") if found else
                                               f"Wine said nothing of it: {trace.strip()[-200:] or 'no output'}"))
    return whole, lines
