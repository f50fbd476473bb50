"""Governance: what is permitted, by which clause, and the log that proves it was asked.

Belongs here: agreement documents and their models, decisions, the registry, the
log, and the errors every package raises. Does not: keys, SQL over people's
records, Dagster, or any data value.
"""
