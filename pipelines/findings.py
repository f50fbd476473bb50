"""One thing an examination looked at.

Belongs here: the record. Does not: looking (doctor.py, oversight.py).
"""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Args:
        subject: What was looked at: keys, disk, lock, versions and so on.
        ok: Whether nothing needs to be done.
        what: What was found.
        next: What to do, if anything.
        exit_code: 0, or what a command that met it would exit with.
    """

    subject: str
    ok: bool
    what: str
    next: str = ""
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain JSON."""
        return asdict(self)
