"""Statistical disclosure control: primary and secondary suppression, the attack, and the certificate. Inside only."""

from saime.core.protection.protect import ProtectedDataset, certify_published_by_source, protect, verify

__all__ = ["ProtectedDataset", "certify_published_by_source", "protect", "verify"]
