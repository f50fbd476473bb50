"""Encodings made at an agency: their parameters, making them, comparing them.

Belongs here: what an agency that may not send identifiers sends in their place, and how
the linker reads it. Does not: keys and their exchange (privacy.agreed_keys), files and
contracts (warehouse.encoded), or the encodings of a single run (linkage.encode).
"""
