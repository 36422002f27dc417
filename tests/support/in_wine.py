"""What the scripts that try things in real prefixes (*-in-wine) share."""
import os
import subprocess
import tempfile


class Failed(Exception):
    """The test has failed; why is its text."""


def check(ok, what, more=""):
    """One line for what was expected; Failed, with `more` to read, when it is not so."""
    print(f"{'ok    ' if ok else 'FAILED'} {what}", flush=True)
    if not ok:
        raise Failed(f"{what}\n{more}")


def run(command, timeout, environment=None, **more):
    """(status, what it said on both streams). `environment` comes on top of this process's own, or, with env=, on top of that."""
    base = more.pop("env", os.environ)
    # A file, not a pipe: a process that stays behind would keep a pipe open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False,
                              env={**base, **(environment or {})}, timeout=timeout, **more)
        output.seek(0)
        return done.returncode, output.read().decode(errors="replace").replace("\r", "")


def must(command, timeout, environment=None):
    """What it said; Failed when its status is not 0."""
    status, text = run(command, timeout, environment)
    if status != 0:
        raise Failed(f"{' '.join(command)}: status {status}\n{text}")
    return text
