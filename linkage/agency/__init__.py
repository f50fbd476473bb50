"""Encodings made at an agency: making them, comparing them.

Belongs here: what an agency that may not send identifiers sends in their place, and how
the linker reads it. Does not: parameters and keys
(privacy.agency_parameters, privacy.agreed_keys), files and contracts (warehouse.encoded), or the
encodings of a single run (linkage.encode).
"""
