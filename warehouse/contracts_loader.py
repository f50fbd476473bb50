"""Loading contracts: ODCS v3 YAML to the frozen values of `contracts_model`.

Belongs here: reading a directory, and every check that needs the contract
alone; all faults of all files are reported at once. Does not: the model
itself, or what an agreement licenses.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from open_data_contract_standard.model import (
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
)
from pydantic import BaseModel, ValidationError

from data_sharing_agreements.errors import ErrorDetail, Invalid
from data_sharing_agreements.yaml_text import read_yaml
from warehouse.contracts_check import check_contract
from warehouse.contracts_columns import read_column
from warehouse.contracts_encoding import read_encoding
from warehouse.contracts_model import (
    Contract,
    Contracts,
    CoreMapping,
    DeliveryRules,
    FileFormat,
    FileKind,
    FilePattern,
    HeaderRecord,
    Repeat,
    Table,
    TrailerRecord,
)
from warehouse.contracts_properties import Faults, Properties
from warehouse.encoded.contract import as_received, disagreeing


def load_contracts(directory: Path, core_directory: Path | None = None) -> Contracts:
    """Load every contract below a directory, as the hub reads it.

    Args:
        directory: Searched for `*.yaml` at any depth.
        core_directory: What the paths of core SQL are relative to; the
            directory itself if not given.

    Raises:
        Invalid: With every fault of every file.
    """
    paths = sorted(directory.rglob("*.yaml")) if directory.is_dir() else []
    details: list[ErrorDetail] = []
    found: list[Contract] = []
    for path in paths:
        faults = Faults(path)
        contract = _load(path, core_directory or directory, faults)
        details.extend(faults.details)
        if contract is not None:
            found.append(as_received(contract) if not faults.details else contract)
    if not paths:
        details.append(
            ErrorDetail(
                code="contracts-missing",
                what=f"no contract in {directory.name}",
                why="every source needs one",
                next="point the deployment's `contracts` at a directory of contracts",
            )
        )
    details.extend(_same_twice(found))
    details.extend(disagreeing(found))
    Invalid.collect(details)
    return Contracts(tuple(sorted(found, key=lambda c: c.source)))


def load_contract(path: Path) -> Contract:
    """Load one contract as it is written, as the agency reads it that encodes at home.

    Raises:
        Invalid: With every fault of the file.
    """
    faults = Faults(path)
    contract = _load(path, path.parent, faults)
    Invalid.collect(faults.details)
    assert contract is not None
    return contract


def _same_twice(contracts: Sequence[Contract]) -> list[ErrorDetail]:
    seen: set[str] = set()
    details = []
    for contract in contracts:
        if contract.source in seen:
            details.append(
                ErrorDetail(
                    code="contract-invalid",
                    what=f"{contract.source} has two contracts",
                    why="one contract a source",
                    next="remove one of them",
                    source=contract.source,
                )
            )
        seen.add(contract.source)
    return details


def _load(path: Path, core_directory: Path, faults: Faults) -> Contract | None:
    standard = _parse(path, faults)
    if standard is None:
        return None
    contract = _contract(standard, core_directory, faults)
    check_contract(contract, faults)
    return contract


def _parse(path: Path, faults: Faults) -> OpenDataContractStandard | None:
    try:
        data = read_yaml(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            faults.add("", "is not a mapping", "write an ODCS v3 contract")
            return None
        _unknown_keys(data, faults)
        return OpenDataContractStandard(**data)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            faults.add(".".join(str(part) for part in fault["loc"]), fault["msg"], "see docs/contracts.md")
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        faults.add(f"line {mark.line + 1}" if mark else "", "is not readable YAML in UTF-8", "correct it")
    return None


def _unknown_keys(data: dict[str, Any], faults: Faults) -> None:
    """Report keys ODCS does not have; its models ignore them below the top."""
    for table in _mappings(data.get("schema")):
        place = f"schema.{table.get('name', '?')}"
        _unknown_in(table, SchemaObject, place, faults)
        for column in _mappings(table.get("properties")):
            _unknown_in(column, SchemaProperty, f"{place}.{column.get('name', '?')}", faults)


def _mappings(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _unknown_in(given: dict[str, Any], model: type[BaseModel], place: str, faults: Faults) -> None:
    known = {field.alias or name for name, field in model.model_fields.items()}
    for key in sorted(set(map(str, given)) - known):
        faults.add(f"{place}.{key}", "is not a key of ODCS v3", "put it under customProperties or remove it")


def _contract(standard: OpenDataContractStandard, core_directory: Path, faults: Faults) -> Contract:
    properties = Properties.custom(standard.customProperties, "", faults)
    for name in ("id", "domain", "dataProduct", "name", "version"):
        if not getattr(standard, name):
            faults.add(name, "is missing", "see docs/contracts.md")
    contract = Contract(
        source=standard.id or "",
        agency=standard.domain or "",
        program=standard.dataProduct or "",
        title=standard.name or "",
        description=_description(standard),
        version=standard.version or "",
        cadence=properties.scalar("cadence", "once"),
        format=_format(properties.nested("format"), faults),
        files=tuple(_file(p) for p in properties.many("files")),
        tables=tuple(_table(t, faults) for t in standard.schema_ or ()),
        rules=_rules(properties.nested("rules")),
        extra_columns=properties.scalar("extra_columns", "ignore"),
        core=tuple(_core(p, core_directory) for p in properties.many("core")),
        encoding=read_encoding(properties.nested("encoding")),
    )
    properties.finish()
    return contract


def _description(standard: OpenDataContractStandard) -> str:
    return (standard.description.purpose or "") if standard.description else ""


def _format(properties: Properties | None, faults: Faults) -> FileFormat:
    if properties is None:
        faults.add("format", "is missing", "say how the files are written")
        return FileFormat(FileKind.DELIMITED)
    kind = properties.scalar("kind", "")
    if kind not in set(FileKind):
        properties.fault("kind", f"must be one of {', '.join(FileKind)}")
        kind = FileKind.DELIMITED
    default = FileFormat(FileKind(kind))
    result = FileFormat(
        kind=FileKind(kind),
        encoding=properties.scalar("encoding", default.encoding),
        delimiter=properties.scalar("delimiter", default.delimiter),
        quote=properties.scalar("quote", default.quote),
        escape=properties.scalar("escape", default.escape),
        header=properties.scalar("header", default.header),
        multiline=properties.scalar("multiline", default.multiline),
        final_newline=properties.scalar("final_newline", default.final_newline),
        nulls=properties.texts("nulls"),
        header_record=_header(properties.nested("header_record")),
        trailer_record=_trailer(properties.nested("trailer_record")),
        ignored_records=properties.texts("ignored_records"),
    )
    properties.finish()
    return result


def _header(properties: Properties | None) -> HeaderRecord | None:
    if properties is None:
        return None
    period = properties.nested("period")
    parts = {name: period.place_in_line(name) for name in period.names()} if period else {}
    expected = []
    for item in properties.many("expect"):
        place, value = item.place_in_line("at"), item.scalar("value", "")
        item.finish()
        if place:
            expected.append((place, value))
    result = HeaderRecord(
        record_type=properties.scalar("record_type", ""),
        period={name: place for name, place in parts.items() if place},
        cipher_flag=properties.place_in_line("cipher_flag"),
        cipher_on=properties.scalar("cipher_on", ""),
        expect=tuple(expected),
    )
    properties.finish()
    return result


def _trailer(properties: Properties | None) -> TrailerRecord | None:
    if properties is None:
        return None
    result = TrailerRecord(
        record_type=properties.scalar("record_type", ""),
        count=properties.place_in_line("count"),
        counts=properties.texts("counts"),
    )
    properties.finish()
    return result


def _file(properties: Properties) -> FilePattern:
    result = FilePattern(
        pattern=properties.scalar("pattern", ""),
        tables=properties.texts("tables"),
        required=properties.scalar("required", True),
    )
    properties.finish()
    return result


def _rules(properties: Properties | None) -> DeliveryRules:
    default = DeliveryRules()
    if properties is None:
        return default
    result = DeliveryRules(
        tolerance=properties.share("tolerance", default.tolerance),
        row_count_change=properties.optional_share("row_count_change"),
        completeness_change=properties.optional_share("completeness_change"),
        compare_from=properties.scalar("compare_from", default.compare_from),
        outside_period=properties.share("outside_period", default.outside_period),
    )
    properties.finish()
    return result


def _core(properties: Properties, core_directory: Path) -> CoreMapping:
    result = CoreMapping(
        fact=properties.scalar("fact", ""), sql=core_directory / properties.scalar("sql", "")
    )
    properties.finish()
    return result


def _table(standard: SchemaObject, faults: Faults) -> Table:
    name = standard.name or ""
    properties = Properties.custom(standard.customProperties, f"schema.{name}", faults)
    result = Table(
        name=name,
        physical_name=standard.physicalName or name,
        columns=tuple(read_column(c, f"schema.{name}.{c.name}", faults) for c in standard.properties or ()),
        description=standard.description or "",
        grain=standard.dataGranularityDescription or "",
        record_id=properties.texts("record_id"),
        one_id=properties.scalar("one_id", False),
        row_key=properties.texts("row_key"),
        record_type=properties.scalar("record_type", ""),
        repeat=_repeat(properties.nested("repeat")),
        min_length=properties.scalar("min_length", 0),
        may_be_empty=properties.scalar("may_be_empty", False),
        period_column=properties.scalar("period_column", "") or None,
    )
    properties.finish()
    return result


def _repeat(properties: Properties | None) -> Repeat | None:
    if properties is None:
        return None
    result = Repeat(
        count=properties.scalar("count", 1),
        start=properties.scalar("start", 1),
        step=properties.scalar("step", 1),
    )
    properties.finish()
    return result
