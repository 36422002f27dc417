"""A Wine prefix as it lies on the disk: its kind, its system folders, whether Wine runs in it."""
import errno
import fcntl
import os
import signal
import time

from . import registry
from .files import read

DLL = "rpcrt4.dll"
# By the `#arch` of the prefix: which DLL goes into which system folder. A 64-bit prefix without its 32-bit half exists.
FOLDERS = {"win64": [("x64", "system32"), ("x86", "syswow64")], "win32": [("x86", "system32")]}


class Refused(Exception):
    """What was asked for cannot be done; nothing was changed."""


def child(folder, name):
    """The path of `name` in `folder`, whatever case it is written in there."""
    exact = os.path.join(folder, name)
    if not os.path.lexists(exact):
        try:
            for have in sorted(os.listdir(folder)):
                if have.lower() == name.lower():
                    return os.path.join(folder, have)
        except OSError:
            pass
    return exact


class Prefix:
    def __init__(self, path):
        self.path = os.path.realpath(path)
        if not os.path.isdir(self.path):
            raise Refused(f"there is no folder {path}")
        self.user_reg = os.path.realpath(os.path.join(self.path, "user.reg"))  # where it is a link, what it leads to
        drive = os.path.join(self.path, "dosdevices", "c:")
        if not os.path.isdir(drive):
            drive = os.path.join(self.path, "drive_c")
        self.windows = child(os.path.realpath(drive), "windows")
        system = read(os.path.join(self.path, "system.reg"))
        if system is None or not os.path.isfile(self.user_reg) or not os.path.isdir(self.folder("system32")):
            raise Refused(f"{self.path} is no Wine prefix: it lacks system.reg, user.reg or windows/system32")
        if os.stat(self.path).st_uid != os.geteuid():
            raise Refused(f"{self.path} belongs to another user; run this as its owner")
        # The whole of it is megabytes, and the header is what counts.
        try:
            self.arch = registry.Hive(system.split(b"\n[", 1)[0]).arch or self.hive().arch
        except registry.BadHive as error:
            raise Refused(f"system.reg of {self.path}: {error}") from None

    def folder(self, name):
        return child(self.windows, name)

    def folders(self):
        """(arch of the DLL, name, path) of every system folder that takes a DLL."""
        if self.arch not in FOLDERS:
            raise Refused(f"{self.path} is a prefix of #arch={self.arch or '?'}: only win64 and win32 ones can be served")
        return [(arch, name, self.folder(name)) for arch, name in FOLDERS[self.arch] if os.path.isdir(self.folder(name))]

    def hive(self):
        try:
            return registry.Hive(read(self.user_reg) or b"")
        except registry.BadHive as error:
            raise Refused(f"user.reg of {self.path}: {error}") from None

    # ---- the wineserver ----

    def server(self):
        """The pid of the wineserver that runs for this prefix, 0 when it is not to be known, None when there is none."""
        stat = os.stat(self.path)
        name = f"server-{stat.st_dev:x}-{stat.st_ino:x}"
        return _by_working_folder(stat, name) or _by_lock(self.path, name)

    def refuse_if_in_use(self):
        pid = self.server()
        if pid is not None:
            raise Refused(f"Wine runs in {self.path} (wineserver {pid or 'of unknown pid'}), and would overwrite what is "
                          "written to its registry: close its programs, or say --stop to end them")

    def stop(self, patience=60):
        """Ends everything that runs in the prefix, as `wineserver -k` does, and waits for it."""
        pid, deadline = self.server(), time.monotonic() + patience
        if pid:
            try:
                os.kill(pid, signal.SIGINT)
            except ProcessLookupError:
                pass
        while self.server() is not None:
            if not pid or time.monotonic() > deadline:
                raise Refused(f"the wineserver of {self.path} does not end: stop it with `wineserver -k`")
            time.sleep(0.05)


def _by_working_folder(prefix, name):
    """A wineserver lives in its own folder, which is named after the prefix, wherever that is; and, while it writes the
    registry, in the prefix."""
    for process in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if process.isdigit():
            try:
                with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
                    if not file.read().startswith("wineserver"):
                        continue
                here = f"/proc/{process}/cwd"
                if os.path.basename(os.readlink(here)).split(" ")[0] == name or os.path.samestat(os.stat(here), prefix):
                    return int(process)
            except OSError:
                continue  # it ended meanwhile, or is another user's
    return None


def _by_lock(prefix, name):
    """Where its process is not to be seen (another container, no /proc), its lock is. Debian's Wine notes in the prefix
    where that lies."""
    folders = [f"/tmp/.wine-{os.getuid()}"]
    noted = (read(os.path.join(prefix, "wineserver")) or b"").decode("utf-8", "replace").strip()
    if noted:
        folders += [os.path.join(base, noted) for base in (f"/run/user/{os.getuid()}", os.environ.get("TMPDIR"), "/tmp") if base]
    for folder in folders:
        try:
            with open(os.path.join(folder, name, "lock"), "r+b") as file:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN) and os.path.exists(os.path.join(folder, name, "socket")):
                return 0
    return None
