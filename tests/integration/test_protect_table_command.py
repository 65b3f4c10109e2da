"""``saime protect TABLE --spec``: files, summary and exit codes, as a user meets them."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import click
import pytest

from saime.cli.main import saime
from saime.core.errors import BadInput, NotFound
from support.commands import run_saime
from support.outside_tables import COUNTS, HIERARCHIES
from support.reference import reference_file

SPEC = {"dimensions": HIERARCHIES, "value": "count", "rule": {"minimum": 3}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "table.csv").write_text(COUNTS, encoding="utf-8")
    (tmp_path / "spec.json").write_text(json.dumps(SPEC), encoding="utf-8")
    return tmp_path


def protect(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    table, spec, out = (str(folder / name) for name in ("table.csv", "spec.json", "out.csv"))
    given = () if "--out" in options else ("--out", out)
    return run_saime("protect", table, "--spec", spec, *given, *options, home=folder / "home", **environment)


def test_a_table_is_written_twice_alike_and_summed_up(folder: Path) -> None:
    told = protect(folder)
    assert (told.returncode, told.stderr) == (0, "")
    assert "12 cells, 4 withheld: 1 primary, 3 to protect them" in told.stdout
    assert "Cost 40: the least possible" in told.stdout
    first = (folder / "out.csv").read_bytes()
    summed = protect(folder, "--json")
    summary = json.loads(summed.stdout)
    assert (summary["cells"], summary["primary"], summary["secondary"], summary["cost"]) == (12, 1, 3, 40)
    assert (summary["optimal"], summary["unsafe"], summary["unsafe_cells"], summary["solver"]) == (True, 0, [], "HiGHS")
    assert (folder / "out.csv").read_bytes() == first, "byte for byte, from another process"
    assert not (folder / "home").exists(), "a table from outside needs no working folder"


def given(*arguments: object) -> None:
    """The command in this process, which is faster."""
    saime.main([str(argument) for argument in ("protect", *arguments)], standalone_mode=False)


def test_a_wrong_file_is_bad_input_and_writes_nothing(folder: Path) -> None:
    (folder / "table.csv").write_text(COUNTS + "T,T,74\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"T\|T by -1"):
        given(folder / "table.csv", "--spec", folder / "spec.json", "--out", folder / "out.csv")
    assert not (folder / "out.csv").exists()


def test_what_cannot_be_protected_is_refused_with_its_cells_and_writes_nothing(folder: Path) -> None:
    (folder / "spec.json").write_text(json.dumps(SPEC | {"keep": [{"region": "A", "sex": ["M", "T"]}]}), encoding="utf-8")
    told = protect(folder, "--json")
    assert told.returncode == 4
    assert json.loads(told.stdout)["unsafe_cells"] == [{"region": "A", "sex": "F"}]
    assert "cannot be protected" in told.stderr
    assert not (folder / "out.csv").exists()


def test_the_unprotected_table_is_not_written_over(folder: Path) -> None:
    with pytest.raises(BadInput, match="would take the place of the unprotected table"):
        given(folder / "table.csv", "--spec", folder / "spec.json", "--out", folder / "table.csv")
    assert (folder / "table.csv").read_text(encoding="utf-8") == COUNTS


def test_a_missing_table_or_folder_and_half_a_command_are_told(folder: Path) -> None:
    with pytest.raises(NotFound, match="there is no such table"):
        given(folder / "nowhere.csv", "--spec", folder / "spec.json", "--out", folder / "out.csv")
    with pytest.raises(BadInput, match="the folder of the result does not exist"):
        given(folder / "table.csv", "--spec", folder / "spec.json", "--out", folder / "nowhere" / "out.csv")
    with pytest.raises(click.UsageError, match="both --spec and --out"):
        given(folder / "table.csv", "--spec", folder / "spec.json")


def test_the_published_run_of_cell_keys_is_reproduced(tmp_path: Path) -> None:
    """4,580 records: sex by age, with the perturbation table of the package cellKey."""
    records, published = (reference_file(f"sdc/{name}.csv") for name in ("cellkey_microdata", "cellkey_expected"))
    with reference_file("sdc/ptables.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["table_id"] == "D5V3js2pstay05"]
    (tmp_path / "ptable.csv").write_text("i,v,p\n" + "".join(f"{row['i']},{row['v']},{row['p']}\n" for row in rows), encoding="utf-8")
    keys = {"column": "rec_key7", "table": "ptable.csv"}
    spec = {"rows": "records", "dimensions": {"sex": "Total", "age": "Total"}, "method": "cell-key", "cell_key": keys}
    (tmp_path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    told = run_saime(
        "protect", str(records), "--spec", str(tmp_path / "spec.json"), "--out", str(tmp_path / "out.csv"), "--json", home=tmp_path / "home"
    )
    assert (told.returncode, told.stderr) == (0, "")
    summary = json.loads(told.stdout)
    assert round(summary["mean_change"], 3) == -0.048
    assert (summary["largest_possible_change"], summary["parameters"]) == (5, {"table": "ptable.csv"})
    with published.open(encoding="utf-8") as file:
        expected = {(row["sex"], row["age"]): row["puwc"] for row in csv.DictReader(file)}
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        found = {(row["sex"], row["age"]): row["OBS_VALUE"] for row in csv.DictReader(file)}
    assert found == expected
    assert "rec_key7" not in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_a_rounded_table_that_tells_too_much_is_refused_and_not_written(folder: Path) -> None:
    (folder / "spec.json").write_text(
        json.dumps(SPEC | {"method": "rounding", "rounding": {"base": 2}, "rule": {"minimum": 5}}), encoding="utf-8"
    )
    told = protect(folder, "--json")
    assert told.returncode == 4
    assert json.loads(told.stdout)["unsafe_cells"] == [{"region": "A", "sex": "F"}]
    assert "take a larger base" in told.stderr
    assert not (folder / "out.csv").exists()


STOPPED_SOLVER = "import highspy\nhighspy.Highs.run = lambda self: highspy.HighsStatus.kError\n"
MISSING_SOLVER = "raise ModuleNotFoundError('no solver here', name='highspy')\n"


@pytest.mark.parametrize(
    ("module", "content", "exit_code", "message"),
    [("highspy", MISSING_SOLVER, 4, "'highspy' is missing"), ("sitecustomize", STOPPED_SOLVER, 1, "the solver refused the step 'run'")],
)
def test_a_solver_that_is_missing_or_stops_is_told(folder: Path, module: str, content: str, exit_code: int, message: str) -> None:
    (folder / "first").mkdir()
    (folder / "first" / f"{module}.py").write_text(content, encoding="utf-8")
    told = protect(folder, PYTHONPATH=str(folder / "first"))
    assert told.returncode == exit_code
    assert message in told.stderr
    assert "Traceback" not in told.stderr
    assert not (folder / "out.csv").exists()
