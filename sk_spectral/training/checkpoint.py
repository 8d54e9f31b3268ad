"""A file from which a search goes on that was killed, as if it had not been.

All that takes long in a search is trainings, which come in one order and draw from streams of their
own. So what is kept is each training that has ended, and the last epoch of the one under way; all
else is done again, and comes out the same.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import Any

import torch

VERSION = 1
"""Of the file's form: others are refused."""

_NAME = b"sk_spectral checkpoint "
_SECONDS = 1.0
"""Between two times that it is written: an epoch that takes longer is kept as it ends."""


class Checkpoint:
    """What is kept of the trainings of one fit.

    Parameters
    ----------
    path : str or PathLike
        If the file is there, its trainings are not made again.

    Raises
    ------
    ValueError
        For a file that is damaged, or of another version, or none of these.
    """

    def __init__(self, path: Any) -> None:
        self._path = Path(path)
        self._written = 0.0
        self._kept: dict[str, Any] = {"fit": None, "trainings": []}
        self._next = 0
        if self._path.exists():
            self._kept = self._read()

    @property
    def entropy(self) -> list[int] | None:
        """Of the random streams of the fit that was begun."""
        fit = self._kept["fit"]
        return None if fit is None else list(fit["entropy"])

    def begin(self, of: Mapping[str, Any], entropy: list[int]) -> None:
        """A fit begins, or goes on, if it is the same.

        Parameters
        ----------
        of : mapping of str to str
            What the trainings depend on, by name.
        entropy : list of int
        """
        before = self._kept["fit"]
        if before is not None:
            names = [*of, *(name for name in before["of"] if name not in of)]
            changed = [name for name in names if of.get(name) != before["of"].get(name)]
            if changed:
                raise ValueError(
                    f"checkpoint={str(self._path)!r} is of a fit that had another "
                    f"{' and another '.join(changed)}: it goes on with the same alone. Delete the "
                    "file to start afresh."
                )
        self._kept["fit"] = {"of": dict(of), "entropy": entropy}
        self._next = 0
        self._write()

    def training(self) -> "KeptTraining":
        """The next training in the order of the fit."""
        trainings = self._kept["trainings"]
        if self._next == len(trainings):
            trainings.append(None)
        self._next += 1
        return KeptTraining(self, self._next - 1)

    def end(self) -> None:
        """The fit has ended: there is nothing to go on with."""
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        content = BytesIO()
        torch.save(self._kept, content)
        payload = content.getvalue()
        header = _NAME + str(VERSION).encode() + b"\n" + blake2b(payload).digest()
        partial = self._path.with_name(self._path.name + ".partial")
        with _told(self._path), open(partial, "wb") as file:
            file.write(header + payload)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self._path)
        self._written = monotonic()

    def _read(self) -> dict[str, Any]:
        with _told(self._path):
            name, _, rest = self._path.read_bytes().partition(b"\n")
        if not name.startswith(_NAME):
            raise ValueError(
                f"checkpoint={str(self._path)!r} names a file that is no checkpoint: give another "
                "path, or delete it."
            )
        version = name.removeprefix(_NAME).decode(errors="replace")
        if version != str(VERSION):
            raise ValueError(
                f"checkpoint={str(self._path)!r} is of version {version}, but this release goes on "
                f"from version {VERSION} alone: delete the file to start afresh."
            )
        size = blake2b().digest_size
        if blake2b(rest[size:]).digest() != rest[:size]:
            raise ValueError(
                f"checkpoint={str(self._path)!r} is damaged: delete the file to start afresh."
            )
        kept: dict[str, Any] = torch.load(BytesIO(rest[size:]), weights_only=True)
        return kept


class KeptTraining:
    """One training of a `Checkpoint`.

    Parameters
    ----------
    checkpoint : Checkpoint
    place : int
        In the order of the fit.
    """

    def __init__(self, checkpoint: Checkpoint, place: int) -> None:
        self._checkpoint, self._place = checkpoint, place

    @property
    def state(self) -> dict[str, Any] | None:
        """What was kept of it."""
        state: dict[str, Any] | None = self._checkpoint._kept["trainings"][self._place]
        return state

    @property
    def has_ended(self) -> bool:
        """Whether it is not to be made again."""
        return self.state is not None and bool(self.state["has_ended"])

    def keep(self, state: dict[str, Any], *, has_ended: bool = False) -> None:
        """What there is after an epoch, or at the end; not more than once in a second."""
        self._checkpoint._kept["trainings"][self._place] = state | {"has_ended": has_ended}
        if self.is_due():
            self._checkpoint._write()

    def is_due(self) -> bool:
        """Whether an epoch that ends now would be written."""
        return monotonic() - self._checkpoint._written >= _SECONDS


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ValueError(
            f"checkpoint={str(path)!r} cannot be read or written ({error.strerror or error}): give "
            "the path of a file in a folder that is there."
        ) from error
