"""Oversight: what a board is told of the whole house, from the registry, the log and the keys.

Belongs here: assembling the board's report and the page of all pages, and saying
whether duties are separated. Does not: rules of who may do what
(`data_sharing_agreements`), or any row of a store.
"""
