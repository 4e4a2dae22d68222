"""Bring uv into a folder: the very wheel that uv.lock names, checked against its hash.

A bare Debian has Python, but neither pip nor venv; this needs the standard library alone.
Usage: bring_uv.py FOLDER
"""

from __future__ import annotations

import hashlib
import io
import platform
import sys
import tomllib
import urllib.request
import zipfile
from pathlib import Path


def wanted(filename: str) -> bool:
    """Whether a wheel's platform tag fits this machine."""
    machine = platform.machine().lower().replace("arm64", "aarch64").replace("amd64", "x86_64")
    tags = filename.removesuffix(".whl").split("-")[-1].replace("arm64", "aarch64")
    if sys.platform == "darwin":
        return "macosx" in tags and machine in tags
    libc = "musllinux" if platform.libc_ver()[0] != "glibc" else "manylinux"
    return libc in tags and tags.endswith(machine)


def main() -> int:
    """Download, check, unpack."""
    folder = Path(sys.argv[1])
    lock = tomllib.loads(Path("uv.lock").read_text(encoding="utf-8"))
    package = next(entry for entry in lock["package"] if entry["name"] == "uv")
    wheel = next((entry for entry in package["wheels"] if wanted(entry["url"].rsplit("/", 1)[1])), None)
    if wheel is None:
        print(
            f"no uv for {sys.platform} {platform.machine()} in uv.lock: install uv yourself and link it to {folder}/bin/uv",
            file=sys.stderr,
        )
        return 1
    print(f"bringing uv {package['version']} …", file=sys.stderr)
    try:
        with urllib.request.urlopen(wheel["url"], timeout=120) as answer:  # noqa: S310  # an https address from our own lock file
            data = answer.read()
    except OSError as error:
        print(
            f"uv could not be downloaded: {error}. Check the network or proxy, or link an installed uv to {folder}/bin/uv",
            file=sys.stderr,
        )
        return 1
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != wheel["hash"]:
        print("the downloaded uv is not the one that uv.lock names: nothing was installed", file=sys.stderr)
        return 1
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        binary = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        target = folder / "bin" / "uv"
        part = target.with_suffix(".part")
        part.write_bytes(archive.read(binary))
        part.chmod(0o755)
        part.rename(target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
