"""The command line: one small module a verb.

Belongs here: reading arguments, calling, showing. Does not: rules or work; a
verb calls a function that a program could call as well.
"""
