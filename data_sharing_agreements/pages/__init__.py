"""Self-contained HTML pages: one shell, one style sheet, nothing loaded from outside.

Belongs here: rendering, and how every page looks. Does not: what a page says. It lies
at the bottom because every package above has something to show, and they may not
import one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import BaseLoader, Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from data_sharing_agreements.linkquality import column_words, group_words

SHELL = "shell.html.j2"
_OWN = "data_sharing_agreements.pages"


def render(package: str, template: str, *styles: str, **values: Any) -> str:
    """Return a page as one HTML text.

    Args:
        package: Package that holds the template and its own style sheets.
        template: File name of the Jinja template, which extends `shell.html.j2` and
            fills its blocks `title`, `eyebrow`, `heading`, `lead`, `main`, `footer`.
        styles: File names of style sheets in the package, after the common one.
        values: What the template shows; text is escaped. `notice` is a line every
            page says at its top, `home` the relative address of the index of pages.
    """
    css = [_text(_OWN, "page.css"), *(_text(package, name) for name in styles)]
    style = Markup("\n".join(css))  # noqa: S704 - our own style sheets
    page = _environment(package).get_template(template)
    return page.render(**{"css": style, "notice": "", "home": "", **values})


@cache
def _environment(package: str) -> Environment:
    def source(name: str) -> str:
        return _text(_OWN if name == SHELL else package, name)

    loader: BaseLoader = FunctionLoader(source)
    made = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=loader
    )
    made.filters["words"] = words
    made.filters["number"] = number
    made.filters["group"] = group_title
    return made


def words(code: object) -> str:
    """Write a code for people: `sex` as `Sex`, `not_known` as `Not known`."""
    text = str(code).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def group_title(row: Mapping[str, Any]) -> str:
    """Write of what a group is and which, for people: `Age: 18 to 24`."""
    return f"{words(column_words(row['column']))}: {group_words(row['column'], row['group'])}"


def number(value: float | None) -> str:
    """Write a count for people, thousands apart; one that is withheld as a dot."""
    return "·" if value is None else f"{value:,}"


def _text(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
