"""Privacy: keys, pseudonyms, encodings, disclosure control, redaction.

Belongs here: everything that keeps a person from being seen. Does not: what is
permitted (data_sharing_agreements), where tables lie (warehouse), who is who
(linkage).
"""
