"""Saime: social policy monitoring, from an agency's delivery to a published number."""

__version__ = "0.1.0"
