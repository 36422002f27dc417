"""Files are replaced whole: written beside their place, flushed, renamed. A run that is killed leaves the old one or the
new one, and at most a file that ends in MARK, which the next run overwrites."""
import hashlib
import os
import shutil

MARK = ".rpcrt4-new"


def read(path):
    """The content, or None where there is no file (a link that leads nowhere is none)."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def digest(content):
    return hashlib.sha256(content).hexdigest()


def flush_folder(path):
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write(path, content, like=None, mode_of=None):
    """`like`: a file whose mode and times the new one gets; `mode_of`: one whose mode alone it gets."""
    new = path + MARK
    remove(new)
    with open(new, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if like is not None:
        shutil.copystat(like, new)
    elif mode_of is not None:
        shutil.copymode(mode_of, new)
    os.replace(new, path)
    flush_folder(os.path.dirname(path))


def link(path, target):
    new = path + MARK
    remove(new)
    os.symlink(target, new)
    os.replace(new, path)
    flush_folder(os.path.dirname(path))


def remove(path):
    try:
        os.remove(path)
    except FileNotFoundError:
        pass
