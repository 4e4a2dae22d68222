"""Files that a person, a configuration or a repository names: only what is a file, only so much of it, and never a wait.

A named pipe keeps whoever opens it waiting for ever, a device such as /dev/zero has no end, and a link may lead to either.
What the program writes itself is the user's alone, whatever the umask, and never goes through a link. All of it raises
`OSError` with a `strerror` that says why. Standard library alone.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

MAX_BYTES = 8_000_000
"""Nothing that a person writes by hand is longer."""
FOLDER_MODE, FILE_MODE = 0o700, 0o600


def open_regular(path: Path) -> BufferedReader:
    """Open `path` for reading; what is no regular file is refused before it is opened, for some devices obey that alone."""
    require_regular(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _require_regular(os.fstat(descriptor), path)  # it may be another one by now
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def read_all(file: BinaryIO, max_bytes: int = MAX_BYTES, name: str = "") -> bytes:
    """What is left of an open file; more than `max_bytes` is refused after that many. `name` is how an error calls it."""
    data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes / 1e6:g} MB", name or None)
    return data


def read_head(path: Path, count: int) -> bytes:
    """The first `count` bytes, fewer where there are no more."""
    with open_regular(path) as file:
        return file.read(count)


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """All of the file; one of more than `max_bytes` is refused after that many."""
    with open_regular(path) as file:
        return read_all(file, max_bytes, str(path))


def read_text(path: Path, max_bytes: int = MAX_BYTES, errors: str = "strict") -> str:
    """All of the file as UTF-8; raises `UnicodeDecodeError`, too."""
    return read_bytes(path, max_bytes).decode(errors=errors)


def read_lines(file: BinaryIO, max_bytes: int = MAX_BYTES) -> Iterator[str]:
    """The lines of an open file, each of at most `max_bytes`; raises `UnicodeDecodeError`, too."""
    while line := file.readline(max_bytes + 1):
        if len(line) > max_bytes:
            raise OSError(errno.EFBIG, f"a line larger than {max_bytes / 1e6:g} MB")
        yield line.decode()


def make_private_folder(path: Path) -> None:
    """Make `path` and what is missing above it, each the user's alone."""
    if not path.is_dir():
        make_private_folder(path.parent)
        try:
            path.mkdir(FOLDER_MODE)
        except FileExistsError:
            if not path.is_dir():
                raise


@contextmanager
def open_private(path: Path, *, new: bool = False) -> Iterator[TextIO]:
    """Write `path` as a whole or not at all: on a full disk what stood there stays; with `new` only where nothing stands."""
    if not new and _exists(path):
        require_no_link(path)
        _require_regular(path.stat(), path)
    draft = path if new else path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}")
    descriptor = os.open(
        draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE
    )
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not new:
            draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def open_log(path: Path) -> BinaryIO:
    """Open a private file for adding at its end, made where there is none; also what processes lock among each other."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        _require_regular(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "ab")


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def real_path(path: Path) -> Path:
    """Where its links lead, whether or not something is there; raises `OSError` where they lead round in a circle."""
    try:
        return path.resolve()
    except RuntimeError as error:  # what pathlib raises before Python 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error


def replace_file(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Replace the file that `path` leads to, as a whole or not at all: nobody ever reads half of it.

    Mode, owner and access lists stay those of the file that stood there, and a link stays a link; a new file is the user's
    alone, unless `mode` says otherwise.
    """
    path = real_path(path)
    known = _status(path)
    if known is not None:
        _require_regular(known, path)
    draft = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}")
    try:
        write_new(draft, content, mode=mode, like=path if known is not None else None)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def create_file(path: Path, content: bytes) -> None:
    """Make a private file, whole at once; raises `FileExistsError` where there is one, also one that is made meanwhile."""
    draft = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}")
    write_new(draft, content)
    try:
        os.link(draft, path)
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def write_new(path: Path, content: bytes, *, mode: int | None = None, like: Path | None = None) -> None:
    """Write a new file, on the disk when this returns; nobody else can read it before it has the permissions of `like`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            _permit(file.fileno(), mode, like)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def is_file(path: Path) -> bool:
    """Whether it is a file that can be looked at; a name too long or a closed folder is a no, not an error."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether it is a folder that can be looked at."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def require_regular(path: Path) -> None:
    """Raise unless `path`, or what it leads to, is a regular file."""
    _require_regular(path.stat(), path)


def require_no_link(path: Path) -> None:
    """Raise where `path` itself is a symbolic link."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def _require_regular(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _permit(descriptor: int, mode: int | None, like: Path | None) -> None:
    """Owner, mode and extended attributes (access lists are one of them) of `like`."""
    if like is None:
        os.fchmod(descriptor, FILE_MODE if mode is None else mode)
        return
    known = like.stat()
    if (known.st_uid, known.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, known.st_uid, known.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(known.st_mode) if mode is None else mode)
    if hasattr(os, "listxattr"):
        with suppress(
            OSError
        ):  # a file system without them; labels of the kernel's own are given by the kernel
            for name in os.listxattr(like):
                os.setxattr(descriptor, name, os.getxattr(like, name))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
