"""Installing and uninstalling. Every step looks at what stands there first, so that a run finishes what another began."""
import os

from . import files, pe, registry
from .prefix import DLL, Refused, child
from .record import Record, is_ours

WINE_KEY = r"Software\Wine"
NAME = "rpcrt4"
OURS = registry.string("native,builtin")


def key_of(scope):
    return rf"{WINE_KEY}\AppDefaults\{scope}\DllOverrides" if scope else rf"{WINE_KEY}\DllOverrides"


def scope_of(app):
    """The name under which Wine looks a program up, of a path in either style."""
    name = (app or "").replace("\\", "/").rsplit("/", 1)[-1]
    if app and not name:
        raise Refused(f"{app} is no name of a program")
    return name


def wanted_values(scope):
    # A value with a star would go on deciding for a DLL that is loaded by its path.
    return [(key_of(scope), NAME, OURS), (key_of(scope), "*" + NAME, None)]


def read_dlls(folder, prefix):
    """(system folder's name, its path, content) of what goes in."""
    found = []
    for arch, name, path in prefix.folders():
        places = [os.path.join(folder, sub, DLL) for sub in (["x64"] if arch == "x64" else ["x32", "x86"])]
        content = next((text for text in map(files.read, places) if text), None)
        if content is None:
            raise Refused(f"{prefix.path} is a {prefix.arch} prefix and needs the {arch} DLL, but there is no {places[0]}")
        if pe.machine(content) != arch or pe.kind(content) != "ours":
            raise Refused(f"the {DLL} for {arch} in {folder} is not this project's DLL for {arch}")
        found.append((name, path, content))
    return found


# ---- install ----

def install(prefix, dlls, app=None):
    """Returns what was done, as lines for a person."""
    scope, content = scope_of(app), read_dlls(dlls, prefix)
    prefix.hive()  # whatever can be refused is, before anything is made
    prefix.refuse_if_in_use()
    with Record(prefix, change=True) as record:
        return _install(prefix, record, content, scope)


def _install(prefix, record, content, scope):
    _sweep(prefix)
    scope = next((have for have in record.scopes if registry.fold(have) == registry.fold(scope)), scope)
    for name, folder, dll in content:
        _note_file(record, name, child(folder, DLL), files.digest(dll))
    hive = prefix.hive()
    _note_values(record, hive, scope)
    if scope not in record.scopes:
        record.scopes.append(scope)
    record.save()
    for name, folder, dll in content:
        path = os.path.join(folder, record.files[name]["name"])
        if os.path.islink(path) or files.read(path) != dll:
            files.write(path, dll)
    for key, name, data in wanted_values(scope):
        hive.set(key, name, data)
    _write_hive(prefix, hive)
    done = [f"{os.path.join(folder, DLL)}: {pe.machine(dll)}, version {pe.version(dll)}" for _, folder, dll in content]
    if prefix.arch == "win64" and len(content) == 1:
        done.append("this prefix has no 32-bit half (no syswow64): nothing to do there")
    return done + [rf'HKCU\{key_of(scope)}: {NAME} = {OURS}']


def _note_file(record, folder, path, digest):
    entry = record.files.setdefault(folder, {"name": os.path.basename(path), "ours": []})
    missing_now = "before" in entry and not os.path.lexists(path)
    if not missing_now and not is_ours(path, entry):
        entry["before"] = record.keep(path)
    if digest not in entry["ours"]:
        entry["ours"].append(digest)


def _note_values(record, hive, scope):
    for key, name, ours in wanted_values(scope):
        have = hive.get(key, name)
        entry = next((v for v in record.values if v["scope"] == scope and registry.fold(v["name"]) == registry.fold(name)),
                     None)
        if entry is None:
            record.values.append({"scope": scope, "key": key, "name": hive.spelling(key, name), "before": have, "ours": ours})
        elif have != entry["ours"]:
            entry.update(before=have, name=hive.spelling(key, name))
    key = key_of(scope)
    record.made_keys += [k for k in [key] + registry.parents(key) if not hive.has_key(k) and k not in record.made_keys]


def _write_hive(prefix, hive):
    content = hive.content()
    if content == files.read(prefix.user_reg):
        return
    prefix.refuse_if_in_use()
    files.write(prefix.user_reg, content, mode_of=prefix.user_reg)
    if prefix.server() is not None:
        raise Refused("Wine was started in the prefix at this very moment and may overwrite its registry with what it has "
                      "read: end it and run this again")


# ---- uninstall ----

def uninstall(prefix, app=None):
    """Takes one program's install out, or everything; returns what was done, as lines for a person."""
    prefix.hive()
    prefix.refuse_if_in_use()
    with Record(prefix, change=True) as record:
        return _uninstall(prefix, record, app)


def _uninstall(prefix, record, app):
    _sweep(prefix)
    if not record.exists:
        _guess(record, prefix)
    if not record.scopes:
        record.drop()
        return ["nothing is installed there"]
    if app:
        wanted = registry.fold(scope_of(app))
        scopes = [scope for scope in record.scopes if scope and registry.fold(scope) == wanted]
        if not scopes:
            return [f"nothing is installed for {app} there"]
    else:
        scopes = list(record.scopes)
    hive = prefix.hive()
    done = _restore_values(record, hive, scopes)
    _write_hive(prefix, hive)
    left = [scope for scope in record.scopes if scope not in scopes]
    if left:
        record.values = [value for value in record.values if value["scope"] in left]
        record.made_keys = [key for key in record.made_keys if hive.has_key(key)]
        record.scopes = left
        record.save()
        return done + [f"the DLLs stay for {', '.join(scope or 'the whole prefix' for scope in left)}"]
    done += _restore_files(record, prefix)
    record.drop()
    return done


def _restore_values(record, hive, scopes):
    done = []
    for value in record.values:
        key, name, before = value["key"], value["name"], value["before"]
        have = hive.get(key, name)
        if value["scope"] not in scopes or have == before:
            continue
        if have != value["ours"]:
            done.append(rf"HKCU\{key}: {name} = {have} was set by somebody else and stays")
        elif hive.has_key(key):
            hive.set(key, name, before)
            done.append(rf"HKCU\{key}: {name} " + (f"= {before} again" if before else "removed"))
    _remove_made_keys(record, hive)
    return done


def _remove_made_keys(record, hive):
    """A key that was there before stays, even where only a key of ours below it showed that it is there."""
    made = {registry.fold(key) for key in record.made_keys}
    for key in sorted(record.made_keys, key=len, reverse=True):
        if hive.has_key(key) and hive.remove_if_bare(key):
            above = next((k for k in registry.parents(key) if registry.fold(k) not in made), None)
            if above and not hive.has_key(above):
                hive.add_key(above)


def _restore_files(record, prefix):
    done = []
    for _, name, folder in prefix.folders():
        entry = record.files.get(name)
        if not entry:
            continue
        path, before = os.path.join(folder, entry["name"]), entry["before"]
        if record.stands(path, before):
            continue
        if is_ours(path, entry) or not os.path.lexists(path):
            whole = record.put_back(path, before)
            done.append(f"{path}: " + ("removed, but what it had replaced is lost; `wineboot -u` makes Wine's own anew"
                                       if not whole else "as it was" if before else "removed, as there was none"))
        else:
            done.append(f"{path} was replaced by somebody else and stays" + _hand_over(record, prefix, name, before))
    return done


def _hand_over(record, prefix, folder, before):
    """What we kept, and may not put back, is not ours to throw away."""
    if not before or before["kind"] != "file" or not os.path.exists(record.kept(before["digest"])):
        return ""
    place = os.path.join(prefix.path, f"rpcrt4.dll.{folder}.kept")
    os.replace(record.kept(before["digest"]), place)
    return f"; what this install had replaced is {place}"


def _sweep(prefix):
    """What a run that was killed left half-written."""
    files.remove(prefix.user_reg + files.MARK)
    for _, _, folder in prefix.folders():
        files.remove(child(folder, DLL + files.MARK))


def _guess(record, prefix):
    """Without a record, what is ours is known by its looks: our DLL, and the override that the install sets for it."""
    for arch, name, folder in prefix.folders():
        path = child(folder, DLL)
        content = files.read(path)
        if content is not None and pe.kind(content) == "ours":
            before = record.find_kept(lambda kept, arch=arch: pe.machine(kept) == arch and pe.kind(kept) != "ours")
            record.files[name] = {"name": os.path.basename(path), "before": before, "ours": [files.digest(content)]}
    if not record.files:
        return
    hive = prefix.hive()
    for key in hive.keys():
        scope = scope_of_key(key)
        if scope is not None and hive.get(key, NAME) == OURS:
            record.values.append({"scope": scope, "key": key, "name": NAME, "before": None, "ours": OURS})
    record.scopes = sorted({value["scope"] for value in record.values} | {""})


def scope_of_key(key):
    """"" for the key of the whole prefix, the program's name for its own, None for any other."""
    if registry.fold(key) == registry.fold(key_of("")):
        return ""
    parts = key.split("\\")
    if len(parts) == 5 and registry.fold(key) == registry.fold(key_of(parts[3])):
        return parts[3]
    return None
