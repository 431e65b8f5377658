"""A file from a folder on the machine that the operator has set aside. Each owner has a folder of their own in it."""

import fnmatch
import os
import shutil
import uuid
from pathlib import Path, PurePosixPath

from prevent_trust.outside.types import Limited, OutsideProblem, Reach


def fetch_from_folder(owner: uuid.UUID, place: str, *, into: Limited, reach: Reach) -> str:
    """Copies the file at `place` below the owner's folder, or the newest that fits its last part; returns its name.

    Raises OutsideProblem when there is none, or when it is not in the owner's folder after links are followed.
    """
    if reach.folder is None:
        raise OutsideProblem("The operator of this service has set no folder aside for files.")
    home = (reach.folder / str(owner)).resolve()
    wanted = PurePosixPath(place)
    if wanted.is_absolute() or ".." in wanted.parts:
        raise OutsideProblem("The path must lead into your folder, without “..”.")
    try:
        folder = _within(home, home / wanted.parent)
        names = [each.name for each in folder.iterdir() if each.is_file()]
        name = newest([(name, (folder / name).stat().st_mtime) for name in names], wanted.name)
        if name is None:
            raise OutsideProblem(f"There is no file {place} in the folder.")
        file = _within(home, folder / name)
        into.check(file.stat().st_size)
        # Opened without following a link that somebody has put there since.
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as content:
            shutil.copyfileobj(content, into, 1024 * 1024)
    except OSError as error:
        raise OutsideProblem(f"The file {place} cannot be read: {error.strerror}.") from error
    return name


def _within(home: Path, path: Path) -> Path:
    found = path.resolve(strict=True)
    if not found.is_relative_to(home):
        raise OutsideProblem("The path leads out of your folder.")
    return found


def newest(files: list[tuple[str, float]], pattern: str) -> str | None:
    """Of names with their times in seconds: the latest one that the pattern (`staff-*.csv`) fits; none when none does."""
    fitting = [(changed, name) for name, changed in files if name == pattern or fnmatch.fnmatchcase(name, pattern)]
    return max(fitting)[1] if fitting else None
