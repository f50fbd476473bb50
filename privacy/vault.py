"""The vault's schema: identifiers by record key, and the crosswalk from source ids.

Belongs here: table definitions, which the splitter writes and the linker reads.
Does not: opening the vault (warehouse/opener.py), making keys (pseudonyms.py),
cleaning names (linkage), or any other table: the vault holds identifiers and
nothing else.
"""

from privacy.agency_parameters import columns as encoding_columns

IDENTIFIER_ROLES: tuple[str, ...] = (
    "given_name",
    "middle_name",
    "surname",
    "suffix",
    "full_name",
    "birth_date",
    "birth_year",
    "ssn",
    "sex",
    "street_number",
    "street",
    "unit",
    "city",
    "state",
    "zip",
    "phone",
    "email",
    "date_of_death",
    "employer",
    "household",
)
"""Roles a contract may give a column in linkage. Each is a VARCHAR column of `vault.identity`.

Values are as delivered, with these exceptions, which need only the contract: null
sentinels are NULL; `birth_date` and `date_of_death` are eight digits YYYYMMDD where
the value is a date and its raw digits where it is not (linkage compares digit by
digit and copes with nonsense); `ssn` keeps its digits, at most nine, and `x` for one
the source left out; `sex` is M, F or NULL; `employer` and `household` are the decimal
text of a key from the crosswalk.
"""

_ROLE_COLUMNS = ", ".join(f"{role} VARCHAR" for role in IDENTIFIER_ROLES)
_ENCODING_COLUMNS = ", ".join(f"{name} {kind}" for name, kind in encoding_columns().items())

VAULT_DDL: str = f"""
CREATE TABLE IF NOT EXISTS vault.crosswalk (
    namespace VARCHAR NOT NULL, source_id VARCHAR NOT NULL, key BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS vault.identity (
    record_key BIGINT NOT NULL, source VARCHAR NOT NULL, delivery_id VARCHAR NOT NULL,
    period VARCHAR NOT NULL, {_ROLE_COLUMNS}
);
CREATE TABLE IF NOT EXISTS vault.current_delivery (
    delivery_id VARCHAR NOT NULL, source VARCHAR NOT NULL, period VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS vault.tombstone (
    namespace VARCHAR NOT NULL, mark VARCHAR NOT NULL, ending VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS vault.encoding (
    record_key BIGINT NOT NULL, source VARCHAR NOT NULL, delivery_id VARCHAR NOT NULL,
    period VARCHAR NOT NULL, parameters SMALLINT NOT NULL, {_ENCODING_COLUMNS}
);
CREATE VIEW IF NOT EXISTS vault.current_encoding AS
    SELECT * FROM vault.encoding SEMI JOIN vault.current_delivery USING (delivery_id);
CREATE VIEW IF NOT EXISTS vault.current_identity AS
    SELECT * FROM vault.identity SEMI JOIN vault.current_delivery USING (delivery_id);
CREATE TABLE IF NOT EXISTS vault.restriction (
    source VARCHAR NOT NULL, token VARCHAR NOT NULL, notice_id VARCHAR NOT NULL,
    sequence BIGINT NOT NULL, position BIGINT NOT NULL, kind VARCHAR NOT NULL, act VARCHAR NOT NULL,
    scope VARCHAR NOT NULL, bars VARCHAR[] NOT NULL, start DATE NOT NULL, until DATE
);
CREATE TABLE IF NOT EXISTS vault.restriction_reach (
    source VARCHAR NOT NULL, token VARCHAR NOT NULL, record_key BIGINT NOT NULL,
    record_source VARCHAR NOT NULL, own BOOLEAN NOT NULL
);
CREATE TABLE IF NOT EXISTS vault.restriction_withheld (
    delivery_id VARCHAR NOT NULL, source VARCHAR NOT NULL, rows BIGINT NOT NULL
);
"""
"""Statements that make the vault's tables in the database attached as `vault`; safe to repeat.

`crosswalk`: one row a (namespace, source_id), one namespace and id a key. The namespace is
the source for person record ids, and `<source>.<name>` for cases, claims, employers and
enrolments. It has no index: `privacy.pseudonyms.assign_keys` is its only writer and keeps it
unique by anti-join, which is faster than an index on millions of rows and needs no memory
between runs.

`restriction`: one row an entry of a notice; `token` stands for the source's own record id, so that
the list knows a record again whose id the vault no longer holds. `restriction_reach`: the records
an entry reaches, its own and those of the same person, once known never forgotten.
`restriction_withheld`: rows of a delivery that were not taken in.

`identity`: distinct rows of a delivery. `current_delivery`: the deliveries that stand.
`current_identity`: the identities of those.

`encoding`: what stands in the place of identities where an agency encodes at home, and the version
of the parameters it was made with; see `privacy.agency_parameters`. `current_encoding`: those of the
deliveries that stand.

`tombstone`: keyed tokens, as those of `restriction`, of records that were purged one by one
and are not taken in again.
"""
