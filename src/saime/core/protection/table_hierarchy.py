"""A dimension's hierarchy as a spec declares it, turned into codes with their parents.

It takes ``{"total": ["A", "B"], "A": ["A1", "A2"]}`` (parent and children), ``{"A": "total", "A1": "A"}`` (code and parent), a nested
``{"total": {"A": {"A1": {}}, "B": {}}}``, the code of the total alone (the codes below it are those of the file), and null (no total).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from saime.core.errors import BadInput
from saime.core.model.dataset import Dimension, DimensionCode
from saime.core.model.text import Text


def dimension_of(name: str, declared: JsonValue, in_file: Sequence[str]) -> Dimension:
    """The dimension with its codes, parents first. ``in_file``: the codes that the file's column holds.

    Raises: BadInput for a code with two parents or one that is its own ancestor, and for what is no hierarchy.
    """
    parents = _parents(name, declared, in_file)
    _check_no_cycle(name, parents)
    codes = tuple(DimensionCode(id=code, label=_text(code), parent=parents[code]) for code in _parents_first(parents))
    return Dimension(id=name, label=_text(name), codes=codes)


def root_of(dimension: Dimension) -> str | None:
    """The total over all codes, if there is one."""
    roots = [code.id for code in dimension.codes if code.parent is None]
    return roots[0] if len(roots) == 1 else None


def _text(code: str) -> Text:
    return Text(lv=code, en=code)


def _parents(name: str, declared: JsonValue, in_file: Sequence[str]) -> dict[str, str | None]:
    if declared is None:
        return dict.fromkeys(in_file)
    if isinstance(declared, str):
        return {declared: None} | {code: declared for code in in_file if code != declared}
    parents: dict[str, str | None] = {}
    for code, parent in _links(name, declared, None):
        if parent is not None and parents.get(code) not in (None, parent):
            raise BadInput(
                f"code '{code}' has two parents, '{parents[code]}' and '{parent}'",
                where=f"the spec's dimension {name}",
                fix="keep one of them; another way to add up the same codes is another table under 'tables'",
            )
        parents[code] = parent or parents.get(code)
    return parents


def _links(name: str, node: JsonValue, above: str | None) -> Iterator[tuple[str, str | None]]:
    """Each code with its parent; a code whose parent is told elsewhere also comes with None."""
    if isinstance(node, list) and all(isinstance(code, str) for code in node):
        node = {str(code): None for code in node}
    if not isinstance(node, dict):
        raise _no_hierarchy(name)
    for code, below in node.items():
        if isinstance(below, str):
            yield from ((below, None), (code, below))
        else:
            yield code, above
            if below:
                yield from _links(name, below, code)


def _no_hierarchy(name: str) -> BadInput:
    return BadInput(
        "the hierarchy cannot be read",
        where=f"the spec's dimension {name}",
        fix='write {"total": ["A", "B"], "A": ["A1", "A2"]}, with codes as text; or the code of the total alone; or null without a total',
    )


def _check_no_cycle(name: str, parents: dict[str, str | None]) -> None:
    sound: set[str] = set()
    for code in parents:
        path, at = [code], parents[code]
        while at is not None and at not in sound:
            if at in path:
                raise BadInput(
                    f"code '{at}' is its own ancestor: {' > '.join(reversed([*path[path.index(at) :], at]))}",
                    where=f"the spec's dimension {name}",
                    fix="take one of these parents away",
                )
            path.append(at)
            at = parents[at]
        sound.update(path)


def _parents_first(parents: dict[str, str | None]) -> list[str]:
    children: dict[str | None, list[str]] = {}
    for code, parent in parents.items():
        children.setdefault(parent, []).append(code)
    found: list[str] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        found.append(waiting.pop())
        waiting.extend(reversed(children.get(found[-1], [])))
    return found
