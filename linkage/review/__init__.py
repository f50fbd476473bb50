"""Clerical review: pairs drawn for people to look at, and what their verdicts say of a link version.

Belongs here: the sample, what a reviewer is shown, the estimate, what outcomes do to the
spine. Does not: who may review and who said what (`data_sharing_agreements.registry`),
opening stores, printing.
"""
