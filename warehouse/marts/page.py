"""Self-contained HTML pages: one template, one style sheet, nothing loaded from outside.

Belongs here: rendering. Does not: what a page says.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup


def render(package: str, template: str, *styles: str, **values: Any) -> str:
    """Return a page as one HTML text.

    Args:
        package: Package that holds the template and its own style sheets.
        template: File name of the Jinja template, which gets `css` and the values.
        styles: File names of style sheets in the package, after the common one.
        values: What the template shows; text is escaped.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    files = resources.files(package)
    css = [resources.files("warehouse.marts").joinpath("page.css").read_text(encoding="utf-8")]
    css += [files.joinpath(name).read_text(encoding="utf-8") for name in styles]
    source = files.joinpath(template).read_text(encoding="utf-8")
    page = environment.from_string(source)
    return page.render(css=Markup("\n".join(css)), **values)  # noqa: S704 - our own style sheets
