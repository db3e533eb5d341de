"""What the docstrings of classes say of their attributes, to show it to users."""

import inspect
import re

_SECTION = re.compile(r"^Attributes:\n(?P<body>(?:(?: {4}.*)?\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^ {4}(?P<name>\w+): (?P<text>.*(?:\n {8}.*)*)", re.MULTILINE)


def attribute_docs(cls: type) -> dict[str, str]:
    """By name: what the section "Attributes" of a class, or of the nearest base that has it, says; each one line."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        section = _SECTION.search(f"{inspect.cleandoc(base.__doc__ or '')}\n")
        entries = _ENTRY.finditer(section["body"]) if section else ()
        found |= {entry["name"]: " ".join(entry["text"].split()) for entry in entries}
    return found
