"""Every engine as a parameter; those that need a server carry the marker that starts it (fixture ``engine_settings``)."""

from __future__ import annotations

import pytest

from saime.core.tabulation.engines import ENGINES

ON_SPARK = [pytest.mark.spark, pytest.mark.xdist_group("spark")]
ENGINES_TO_TEST = [pytest.param(name, marks=ON_SPARK if name == "spark" else ()) for name in ENGINES]
