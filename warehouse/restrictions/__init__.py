"""Restrictions of rows: from an agency's signed notice to what every read leaves out.

Belongs here: taking notices in, keeping restricted rows from being taken in again,
settling who is restricted today, and the relations through which people's rows are
read. Does not: what a kind of restriction bars (`data_sharing_agreements.restrictions`),
or any reader.
"""
