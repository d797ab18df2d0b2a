"""Secrets and personal data: found and replaced in texts, fields and SQL statements."""

from signalfire.masking.text import (
    HIDDEN,
    MAX_TEXT,
    add,
    has_sign,
    is_sensitive,
    mask,
    mask_field,
    mask_text,
    problems,
    suspicious,
)

__all__ = [
    "HIDDEN",
    "MAX_TEXT",
    "add",
    "has_sign",
    "is_sensitive",
    "mask",
    "mask_field",
    "mask_text",
    "problems",
    "suspicious",
]
