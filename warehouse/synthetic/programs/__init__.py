"""What happens to people in programs: assistance, work, health care, care, school, housing.

Belongs here: one module a program, each from people to true facts as columns.
Does not: identities as agencies hold them (`registration`) or files (`render`).
"""
