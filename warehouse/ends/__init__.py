"""Ends: what ends takes its data with it, and says what was done.

Belongs here: listing what goes, rewriting stores without it, searching for it
afterwards, certificates. Does not: who may end what (`data_sharing_agreements`), or
the order of a run (`pipelines.ends`).
"""
