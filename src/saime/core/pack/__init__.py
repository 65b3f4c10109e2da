"""A pack is a country as content: files that a statistician writes and the code reads."""

from saime.core.pack.reader import Pack

__all__ = ["Pack"]
