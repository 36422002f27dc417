"""What an install changed, in PREFIX/.rpcrt4: record.json, and the files that it replaced, named by their digest.

It is written before anything is changed, so that at every moment it says how to undo what may have happened. For each
thing it holds `before` (None: it was not there) and `ours`; what is neither any more was changed by somebody else, and
is theirs.
"""
import fcntl
import json
import os
import shutil

from . import files
from .prefix import Refused

FORMAT = 1


class Record:
    """With `change` for whoever is going to change something: one at a time."""

    def __init__(self, prefix, change=False):
        self.folder = os.path.join(prefix.path, ".rpcrt4")
        self.path = os.path.join(self.folder, "record.json")
        self.lock = self._take_lock() if change else None
        self.scopes = []  # "" is the whole prefix, else the name of a program
        self.files = {}  # system folder: {name, before, ours: [digest]}
        self.values = []  # {scope, key, name, before, ours}
        self.made_keys = []  # keys that were not there
        text = files.read(self.path)
        self.exists = text is not None
        try:
            if self.exists:
                self._load(text)
        except Refused:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.lock:
            self.lock.close()

    def _load(self, text):
        try:
            data = json.loads(text)
            if data["format"] != FORMAT:
                raise Refused(f"{self.path} was written by another version of this installer: use that one")
            self.scopes, self.files = data["scopes"], data["files"]
            self.values, self.made_keys = data["values"], data["made_keys"]
        except (ValueError, KeyError, TypeError):
            raise Refused(f"{self.path} is damaged; without it, uninstall goes by what it finds") from None

    def _take_lock(self):
        path = os.path.join(self.folder, "lock")
        while True:
            os.makedirs(self.folder, exist_ok=True)
            try:
                lock = open(path, "w", encoding="utf-8")  # pylint: disable=consider-using-with
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(lock.fileno()), os.stat(path)):
                    return lock
                lock.close()
            except FileNotFoundError:
                pass  # the one before us has just removed the folder
            except BlockingIOError:
                lock.close()
                raise Refused("another install or uninstall is at work in this prefix") from None

    def save(self):
        data = {"format": FORMAT, "scopes": self.scopes, "files": self.files, "values": self.values,
                "made_keys": self.made_keys}
        files.write(self.path, json.dumps(data, indent=1).encode())

    def drop(self):
        """The end of it: nothing of ours is left. The record goes first; without it the rest has no meaning."""
        files.remove(self.path)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- files ----

    def kept(self, digest):
        return os.path.join(self.folder, digest)

    def keep(self, path):
        """What stands at `path`, in a form that put_back understands; a file is copied."""
        if os.path.islink(path):
            return {"kind": "link", "target": os.readlink(path)}
        content = files.read(path)
        if content is None:
            return None
        digest = files.digest(content)
        if not os.path.exists(self.kept(digest)):
            files.write(self.kept(digest), content, like=path)
        return {"kind": "file", "digest": digest}

    def stands(self, path, what):
        """Whether `what` (from keep) stands at `path`."""
        if what is None:
            return not os.path.lexists(path)
        if what["kind"] == "link":
            return os.path.islink(path) and os.readlink(path) == what["target"]
        return not os.path.islink(path) and _digest_of(path) == what["digest"]

    def put_back(self, path, what):
        """False: what was kept is lost, and there is nothing at `path` now."""
        kept = self.kept(what["digest"]) if what and what["kind"] == "file" else None
        if kept and os.path.exists(kept):
            files.write(path, files.read(kept), like=kept)
        elif what and what["kind"] == "link":
            files.link(path, what["target"])
        else:
            files.remove(path)
        return what is None or os.path.lexists(path)

    def find_kept(self, fits):
        """What `keep` once said of a kept file whose content `fits`, when its record is lost: None unless there is one."""
        found = []
        for name in os.listdir(self.folder) if os.path.isdir(self.folder) else []:
            content = files.read(self.kept(name)) if len(name) == 64 else None
            if content and files.digest(content) == name and fits(content):
                found.append({"kind": "file", "digest": name})
        return found[0] if len(found) == 1 else None


def is_ours(path, entry):
    return not os.path.islink(path) and _digest_of(path) in entry["ours"]


def _digest_of(path):
    content = files.read(path)
    return None if content is None else files.digest(content)
