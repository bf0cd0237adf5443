"""Writes API.md, from the signatures and the documentation in the code: ``python reference.py > API.md``. It needs torch."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any


def reference() -> str:
    """The document."""
    import gradient_service
    from gradient_service.datasets import Datasets
    from gradient_service.torch import service_loss

    values = {name: getattr(gradient_service, name) for name in gradient_service.__all__} | {"Datasets": Datasets}
    lines = ["# API of `gradient_service`", "", "Written by `reference.py` from the documentation in the code.", ""]
    for name, value in sorted(values.items(), key=lambda item: item[0].lower()):
        if isinstance(value, ModuleType):
            lines += [f"## `{name}`", "", *_text(value)]
            functions = inspect.getmembers(value, lambda member: inspect.isfunction(member) and member.__module__ == value.__name__)
            lines += [f"- `{name}.{key}`" for key, _ in functions if not key.startswith("_")] + [""]
        elif inspect.isclass(value):
            lines += _of_class(name, value)
        elif inspect.isfunction(value):
            lines += _entry(name, value, "##")
        else:
            lines += [f"## `{name}`", "", ", ".join(f"`{item!r}`" for item in value.__args__), ""]
    return "\n".join([*lines, *_entry("torch.service_loss", service_loss, "##")]).rstrip() + "\n"


def _of_class(name: str, kind: type) -> Iterator[str]:
    yield from [f"## `{name}`", ""]
    if not dataclasses.is_dataclass(kind) and not issubclass(kind, Exception):
        yield from _code(name, kind)
    yield from _text(kind)
    attributes = list(_attributes(kind))
    yield from [*attributes, *([""] if attributes else [])]
    for key, member in vars(kind).items():
        if key.startswith("_"):
            continue
        if isinstance(member, property):
            yield from [f"### `{name}.{key}`", "", *_text(member)]
        elif inspect.isroutine(member):
            # Of the asynchronous classes, the rest stands with the others.
            yield from _entry(f"{name}.{key}", getattr(kind, key), "###", is_short=name.startswith("Async"))


def _attributes(kind: type) -> Iterator[str]:
    """The attributes of a class with their types and the strings after them."""
    (tree,) = ast.parse(dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    bodies = [tree.body, *(item.body for item in tree.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")]
    for body in bodies:
        for item, after in zip(body, [*body[1:], None]):
            if not isinstance(item, ast.AnnAssign):
                continue
            about = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            attribute = ast.unparse(item.target).removeprefix("self.")
            yield f"- `{attribute}: {ast.unparse(item.annotation)}`  {' '.join(str(about).split())}".replace("``", "`").rstrip()


def _entry(name: str, function: Any, heading: str, is_short: bool = False) -> Iterator[str]:
    yield from [f"{heading} `{name}`", ""]
    if not is_short:
        yield from _code(name.rpartition(".")[2], function)
    yield from list(_text(function))[: 2 if is_short else None]


class _Plain(str):
    """An annotation as it stands in the code."""

    def __repr__(self) -> str:
        return self


def _code(name: str, function: Any) -> list[str]:
    """A signature; a parameter a line if it is long."""
    own = inspect.signature(function)
    parameters = [item for item in own.parameters.values() if item.name != "self"]
    shown = own.replace(
        parameters=[item.replace(annotation=_Plain(item.annotation)) for item in parameters],
        return_annotation=_Plain(own.return_annotation) if own.return_annotation not in ("None", None) else own.empty,
    )
    line = f"{name}{shown}"
    if len(line) > 120:
        inside, _, back = line.removeprefix(f"{name}(").rpartition(")")
        line = "\n".join([f"{name}(", *(f"    {item}," for item in re.split(r", (?=\w+:|\*,)", inside)), f"){back}"])
    return [*(f"    {part}" for part in line.split("\n")), ""]


def _text(value: Any) -> Iterator[str]:
    """The documentation, a paragraph or list at a time; lines such as ``name: what it is`` become a list."""
    for paragraph in (inspect.getdoc(value) or "").split("\n\n"):
        joined = re.sub(r"\n +", " ", paragraph).replace("``", "`")
        yield re.sub(r"^([a-z_]+(?:, [a-z_]+)*): ", r"- `\1`: ", joined, flags=re.MULTILINE)
        yield ""


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent / "src"))
    sys.stdout.write(reference())
