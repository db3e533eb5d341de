from .named import (
    CORRUPTIONS as CORRUPTIONS,
    SEVERITIES as SEVERITIES,
    Corruption as Corruption,
    corrupted as corrupted,
)
