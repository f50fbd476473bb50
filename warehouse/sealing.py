"""A session that can open no further file.

Belongs here: the one statement, and what it forbids. Does not: opening (opener.py), or who is to be
sealed: whoever hands a connection to code that must see its stores and nothing else.
"""

from warehouse.opener import Session


def seal(session: Session) -> None:
    """Let SQL of this session reach the stores that are attached, its spill, and no other file.

    DuckDB refuses to read, write or attach any other, and to take this back while it runs. So
    linkage cannot read a truth it is measured by, wherever that lies.
    """
    session.execute("SET enable_external_access = false")
