"""Readers: files as a contract describes them, into encrypted staging, as text.

Belongs here: bytes to rows, and the accounting that no row was lost on the way.
Does not: what values mean (`ingest.checks`), or whether a source may be read.
"""
