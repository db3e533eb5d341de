"""Read the descriptions of attributes from the docstrings of classes, to show them to users."""

import inspect
import re

_SECTION = re.compile(r"^Attributes:\n(?P<body>(?:(?: {4}.*)?\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^ {4}(?P<name>\w+): (?P<text>.*(?:\n {8}.*)*)", re.MULTILINE)


def attribute_docs(cls: type) -> dict[str, str]:
    """Return the entries of the section "Attributes" of a class, or its nearest base with one; each is one line."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        section = _SECTION.search(f"{inspect.cleandoc(base.__doc__ or '')}\n")
        entries = _ENTRY.finditer(section["body"]) if section else ()
        found |= {entry["name"]: " ".join(entry["text"].split()) for entry in entries}
    return found
