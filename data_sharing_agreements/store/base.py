"""What every table of the registry is made with.

Belongs here: the metadata they all stand in, and types that mean the same on SQLite
and PostgreSQL. Does not: any table.
"""

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData()

Big = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; on SQLite the type that makes a key the row id."""
