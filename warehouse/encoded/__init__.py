"""Deliveries of sources that are encoded at the agency.

Belongs here: their contract as the hub reads it, their manifest, making them at the agency,
taking in their encodings. Does not: the encodings' arithmetic (linkage.agency), or keys.
"""
