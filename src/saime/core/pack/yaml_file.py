"""Read a YAML file into a model; a fault is told with file, line, field and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from saime.core.errors import BadInput

Model = TypeVar("Model", bound=BaseModel)


def read_model(path: Path, model: type[Model]) -> Model:
    """Raises: BadInput that names every fault of the file by line and field."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the file: {error}", where=str(path), fix="give a readable file in UTF-8") from error
    try:
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"not valid YAML: {error.problem}", where=f"{path}, line {line}", fix="mend the line") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        tree = yaml.compose(text)
        faults = [f"line {_line(tree, e['loc'])}, {'.'.join(map(str, e['loc'])) or 'file'}: {said(e)}" for e in error.errors()]
        raise BadInput("; ".join(faults), where=str(path), fix="docs/reference/pack.md shows what each field takes") from error


def said(fault: ErrorDetails) -> str:
    """What a validator says, in our words where its own are about programs."""
    if fault["type"] == "extra_forbidden":
        return "there is no such field"
    return fault["msg"].removeprefix("Value error, ")


def _line(node: yaml.Node | None, location: Sequence[int | str]) -> int:
    """The line of the deepest node on the way to a location; fields that are missing point to their parent."""
    line = 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
