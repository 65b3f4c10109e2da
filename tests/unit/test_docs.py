"""The documentation agrees with the product: links, commands, settings and the fields of pack files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from saime.cli.main import saime
from saime.core.exchange.symbols import SYMBOLS
from saime.core.protection.table_spec import TableSpec
from support.pack_models import ROOT_MODELS, fields_of, models_below

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted((ROOT / "docs").rglob("*.md"))
REFERENCE = ROOT / "docs" / "reference"


def _id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _shown_commands() -> list[tuple[str, str]]:
    """Each line that begins with ``saime``, and each ``saime ...`` in a sentence, with the page that shows it."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = re.findall(r"^ *(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?saime( .*|$)", text, re.M)
        found += [(_id(page), line.strip()) for line in (*lines, *re.findall(r"`saime ([^`]+)`", text))]
    return list(dict.fromkeys(found))


def _commands(command: click.Command, path: str = "saime") -> Iterator[tuple[str, click.Command]]:
    """The commands that do something, by full name."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _commands(below, f"{path} {name}")
    else:
        yield path, command


def _rows(section: str) -> list[str]:
    """What the first column of a section's tables names in code style."""
    return re.findall(r"^\| `([^`]+)` \|", section, re.M)


def _cells(row: str) -> list[str]:
    return row.split(" | ")


def _sections(page: Path) -> dict[str, str]:
    parts = re.split(r"^#{2,3} (.+)$", page.read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S))
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert broken == []


def test_every_page_of_the_docs_is_on_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#]+\.md)", index.read_text(encoding="utf-8"))}
    assert sorted(set(PAGES[3:]) - linked - {index}) == []


@pytest.mark.parametrize(("page", "line"), _shown_commands())
def test_a_command_shown_in_the_docs_can_be_given(page: str, line: str) -> None:
    words, command = shlex.split(line, comments=True), saime
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"{page} shows 'saime {line}'"
        command = command.commands[words.pop(0)]
    context = click.Context(command)
    given, rest, _ = command.make_parser(context).parse_args(words)  # raises for an option that does not exist
    for parameter in command.get_params(context):
        if parameter.name in given and isinstance(parameter.type, click.Choice | click.IntRange | click.FloatRange):
            parameter.type_cast_value(context, given[parameter.name])
        assert not parameter.required or given.get(parameter.name) or not words, f"{page}: {parameter.name} is missing"
    assert rest == []


@pytest.mark.parametrize(("name", "command"), list(_commands(saime)))
def test_the_reference_lists_every_command_with_its_options(name: str, command: click.Command) -> None:
    options = {option for p in command.params if isinstance(p, click.Option) for option in p.opts if option.startswith("--")}
    section = _sections(REFERENCE / "commands.md").get(f"`{name}`", "")
    assert sorted(row.split()[0] for row in _rows(section) if row.startswith("--")) == sorted(options)  # each once
    assert section


def test_the_reference_describes_every_setting_that_is_read() -> None:
    read = set(re.findall(r"SAIME_[A-Z_]+", (ROOT / "src" / "saime" / "project" / "environment.py").read_text(encoding="utf-8")))
    assert set(_rows((REFERENCE / "settings.md").read_text(encoding="utf-8"))) == read


SPEC_MODELS = models_below([TableSpec])
MODELS = [model for model in models_below(ROOT_MODELS) if model not in SPEC_MODELS]  # a plan may state the rules of a spec
PAGES_OF_MODELS = {**dict.fromkeys(MODELS, "pack.md"), **dict.fromkeys(SPEC_MODELS, "table-spec.md")}


@pytest.mark.parametrize("model", PAGES_OF_MODELS, ids=lambda model: model.__name__)
def test_the_reference_describes_every_field_of_a_pack_file_and_a_spec(model: type[BaseModel]) -> None:
    page = REFERENCE / PAGES_OF_MODELS[model]
    sections = {match.group(1): text for title, text in _sections(page).items() if (match := re.search(r"\(`(\w+)`\)", title))}
    assert _rows(sections.get(model.__name__, "")) == fields_of(model)


def test_the_reference_describes_no_kind_of_file_that_is_gone() -> None:
    described = re.findall(r"^#{2,3} .*\(`(\w+)`\)$", (REFERENCE / "pack.md").read_text(encoding="utf-8"), re.M)
    assert sorted(described) == sorted(model.__name__ for model in MODELS)


@pytest.mark.parametrize("name", SYMBOLS)
def test_the_reference_shows_every_symbol_with_its_codes(name: str) -> None:
    rows = re.findall(r"^\| (.+) \|$", (REFERENCE / "symbols.md").read_text(encoding="utf-8"), re.M)
    what, page, _csv, px, _json, obs_status, conf_status = next(
        row for row in map(_cells, rows) if row[0] == name.replace("_", " ").replace("zero", "true zero")
    )
    symbol = SYMBOLS[name]
    assert f"`{symbol.sign}`" in page, what
    assert f"`{symbol.px}`" in px or not symbol.px
    assert (obs_status, tuple(re.findall(r"`(\w)`", conf_status))) == (f"`{symbol.obs_status}`", symbol.conf_status)


def test_every_target_of_make_that_the_docs_show_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    shown = {name for page in PAGES for name in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.M)}
    assert shown - targets == set()
    assert {"demo", "test"} <= shown


def test_pages_of_the_docs_that_the_code_names_exist() -> None:
    sources = [path for folder in ("src", "packs") for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".yaml", ".md"}]
    named = {name for path in sources for name in re.findall(r"docs/[\w/.-]+\.md", path.read_text(encoding="utf-8"))}
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []
