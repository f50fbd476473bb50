"""The verifier that agencies run without this house.

Belongs here: one file that needs Python and `cryptography` alone, and imports nothing
of ours: it computes everything anew, so that it does not trust what it checks. Does
not: anything the house itself uses.
"""
