"""Reference results of other tools, kept beside the repository and never copied into it: tests that need them skip without them."""

from __future__ import annotations

from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "data" / "reference"


def reference_file(name: str) -> Path:
    """A file under ``reference/``, or a skip where the checkout stands alone."""
    path = REFERENCE / name
    if not path.exists():
        pytest.skip(f"the reference file {name} is not beside the repository", allow_module_level=True)
    return path
