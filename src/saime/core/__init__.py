"""The core: pure Python, no web framework, no network, no clock of its own."""
