"""Taking values out of messages that others wrote, before anyone can read them.

Belongs here: redaction of text, and the logging filter. Does not: our own messages,
which never hold a value in the first place (errors.py); this is the second lock, for
libraries whose messages quote what they choked on. It cannot know a bare name.
"""

import logging
import re

REDACTED = "[redacted]"

_VALUES = re.compile(
    r"""
    [A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}                # e-mail
    | \b[0-9A-Fa-f]{32,}\b                                         # keys, digests
    | (?<!\d)\d{3}[- ]\d{2}[- ]\d{4}(?!\d)                         # social security number
    | (?<!\d)(\(\d{3}\)\ ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?!\d)        # telephone
    | (?<!\d)(19|20)\d{2}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)            # date, year first
    | (?<!\d)\d{1,2}[-/.]\d{1,2}[-/.](19|20)\d{2}(?!\d)            # date, year last
    | (?<!\d)\d{8,}(?!\d)                                          # number with eight digits or more
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(r"""'[^'\n]*'|"[^"\n]*"|“[^”\n]*”|`[^`\n]*`""")


def redact(text: str, *, quoted: bool = True) -> str:
    """Return text with everything that may be a value replaced by `[redacted]`.

    Args:
        text: A message.
        quoted: Whether quoted text is taken for a value too. Libraries quote the value they could
            not read, and nothing else tells it from a word; column names are lost with it.
    """
    shown = _QUOTED.sub(REDACTED, text) if quoted else text
    return _VALUES.sub(REDACTED, shown)


class RedactingFilter(logging.Filter):
    """Redacts every record, and reduces an exception to its type: its text may hold a value.

    Put it on handlers, where it sees the records of all loggers.
    """

    def __init__(self, *, quoted: bool = True) -> None:
        """`quoted` as in `redact`."""
        super().__init__()
        self._quoted = quoted

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact a record in place and let it pass."""
        message = redact(record.getMessage(), quoted=self._quoted)
        if record.exc_info and record.exc_info[0] is not None:
            message = f"{message} ({record.exc_info[0].__name__})"
        record.msg, record.args = message, ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def install(logger: logging.Logger | None = None) -> None:
    """Put the filter on every handler of a logger, by default the root's; doing it twice is harmless."""
    for handler in (logger or logging.getLogger()).handlers:
        if not any(isinstance(present, RedactingFilter) for present in handler.filters):
            handler.addFilter(RedactingFilter())
