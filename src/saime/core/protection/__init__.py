"""Statistical disclosure control: primary and secondary suppression, the attack, and the certificate. Inside only."""

from saime.core.protection.certification import certify_published_by_source, verify
from saime.core.protection.linked_counts import TableToProtect
from saime.core.protection.protect import ProtectedDataset, ProtectedRelease, protect, protect_release

__all__ = [
    "ProtectedDataset",
    "ProtectedRelease",
    "TableToProtect",
    "certify_published_by_source",
    "protect",
    "protect_release",
    "verify",
]
