"""YAML files become frozen schemas, or one refusal naming file, line, fact and remedy."""

from __future__ import annotations

import hashlib
import json
import types
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from yaml.constructor import SafeConstructor
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from billing.errors import BadInput, ProfileError
from bots.file_bytes import read_file


class Strict(BaseModel):
    """Every part of such a file is frozen and knows all of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=BaseModel)
Step = str | int

MOST_BYTES = 1_000_000
DEEPEST = 40
QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where PyYAML was built with libyaml
TOO_DEEP = "is nested too deeply; a profile file is flat"


def load_strict(path: Path, model: type[Model]) -> Model:
    """The file at ``path`` as ``model``.

    Raises ProfileError (``file:line: key: fact``, one line for each fact) when the file cannot
    be read, is no YAML mapping, repeats a key, uses an anchor, or does not fit the schema.
    """
    root = _compose(path)
    try:
        _refuse_repeated_keys(path, root)
        value = _construct(path, root)
    except RecursionError:
        raise ProfileError(f"{path}: {TOO_DEEP}") from None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        told: dict[str, None] = {}
        for detail in error.errors(include_url=False):
            told.setdefault(_sentence(path, root, model, detail))
        raise ProfileError("\n".join(told)) from None


def hash_of_values(path: Path, *, without: str) -> str:
    """SHA-256 in hex of what the file at ``path`` says, but for one of its keys.

    Comments, order and spelling do not count, and a newer schema does not change it. Raises
    ProfileError as ``load_strict`` does.
    """
    values = {k: v for k, v in _construct(path, _compose(path)).items() if k != without}
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _compose(path: Path) -> Node:
    """The file's one YAML document as nodes, which know their lines."""
    try:
        data = read_file(path, MOST_BYTES)
    except BadInput as error:
        raise ProfileError(str(error)) from None
    try:
        text = data.decode("utf-8-sig")
        try:
            root = _nodes(path, text, QUICK)
        except yaml.YAMLError:
            root = _nodes(path, text, yaml.SafeLoader)  # whose words for what is wrong are plainer
    except UnicodeDecodeError:
        raise ProfileError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except RecursionError:
        raise ProfileError(f"{path}: {TOO_DEEP}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark is not None else ""
        fact = getattr(error, "problem", None) or getattr(error, "reason", "it cannot be read")
        raise ProfileError(f"{path}{where}: is not YAML: {fact}") from None
    if root is None:
        raise ProfileError(f"{path}: is empty; it must hold keys and values")
    if not isinstance(root, MappingNode):
        raise ProfileError(f"{path}:1: must hold keys and values, not a list or a single value")
    return root


def _nodes(path: Path, text: str, loader: type[yaml.SafeLoader]) -> Node | None:
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise ProfileError(f"{path}:{line}: {TOO_DEEP}")
        if getattr(event, "anchor", None) is not None:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise ProfileError(
                f"{path}:{line}: anchors and aliases (& and *) are not "
                "allowed here; write the value out"
            )
    root: Node | None = yaml.compose(text, Loader=loader)
    return root


def _construct(path: Path, node: Node) -> Any:
    """Plain values, each made from its own node so that a refusal knows its line."""
    if isinstance(node, MappingNode):
        return {_construct(path, key): _construct(path, value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_construct(path, item) for item in node.value]
    try:
        return SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        fact = getattr(error, "problem", None) or str(error)
        raise ProfileError(f"{path}:{_line(node)}: a value cannot be understood: {fact}") from None


def _refuse_repeated_keys(path: Path, node: Node) -> None:
    if isinstance(node, SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(path, item)
    elif isinstance(node, MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                raise ProfileError(
                    f"{path}:{_line(key)}: a key must be a single word or text; write it out"
                )
            if key.value in seen:
                raise ProfileError(
                    f"{path}:{_line(key)}: {key.value}: is already on line {seen[key.value]}; "
                    "a key stands once"
                )
            seen[key.value] = _line(key)
            _refuse_repeated_keys(path, value)


def _sentence(path: Path, root: Node, model: type[BaseModel], detail: ErrorDetails) -> str:
    steps, node = _follow(root, detail["loc"])
    shown = ".".join(str(step) for step in steps)
    unknown = detail["type"] == "extra_forbidden"
    fact = _fact(detail)
    if unknown:
        allowed = _allowed(model, steps[:-1])
        near = get_close_matches(str(steps[-1]), allowed, 1)
        if near:
            fact += f" (did you mean {near[0]}?)"
        elif allowed:
            fact += f"; allowed here: {', '.join(allowed)}"
    elif detail["type"] in ("literal_error", "enum"):
        options = str((detail.get("ctx") or {}).get("expected", ""))
        words = [part for part in options.replace(" or ", ", ").split(", ") if part]
        near = get_close_matches(
            str(detail["input"]), [word.strip("'") for word in words], 1, cutoff=0.5
        )
        if near:
            fact += f" (did you mean {near[0]}?)"
    return f"{path}:{_line(node)}: {shown + ': ' if shown else ''}{fact}"


def _fact(detail: ErrorDetails) -> str:
    kind, given = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return "is not a known key"
    if kind == "missing":
        return "is missing; add it"
    if kind == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if kind in ("literal_error", "enum"):
        return f"{given!r} must be {(detail.get('ctx') or {}).get('expected')}"
    if kind in ("model_type", "mapping_type", "dict_type"):
        return "must hold keys and values"
    if kind in ("tuple_type", "list_type", "set_type"):
        return "must be a list"
    if isinstance(given, (dict, list)) or given is None:
        return detail["msg"].lower()
    return f"{detail['msg'].lower()}, not {given!r}"


def _follow(root: Node, loc: tuple[Step, ...]) -> tuple[list[Step], Node]:
    """The steps of ``loc`` that the file has (pydantic adds names of its own), and the node
    where they end: for a missing key its parent, for a wrong key the key itself."""
    steps: list[Step] = []
    node, shown = root, root
    for position, step in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(node, MappingNode):
            pair = next((p for p in node.value if p[0].value == str(step)), None)
            if pair is not None:
                steps.append(step)
                shown, node = pair
                continue
            if last and isinstance(step, str) and step != "[key]":
                steps.append(step)
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            steps.append(step)
            node = shown = node.value[step]
    return steps, shown


def _allowed(model: type[BaseModel], steps: list[Step]) -> list[str]:
    """Every key that the schema allows at the place ``steps`` lead to."""
    kinds: list[Any] = [model]
    for step in steps:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    return sorted({name for kind in kinds for part in _models(kind) for name in part.model_fields})


def _inside(kind: Any, step: Step) -> Iterator[Any]:
    """The types one step below ``kind``; anything that does not fit is left out."""
    for part in _models(kind):
        field = part.model_fields.get(str(step))
        if field is not None:
            yield field.annotation
    for option in _options(kind):
        arguments = [one for one in get_args(option) if one is not Ellipsis]
        if not arguments or get_origin(option) is None:
            continue
        if isinstance(step, int):
            yield from arguments[:1]
        elif len(arguments) == 2:
            yield arguments[1]


def _models(kind: Any) -> list[type[BaseModel]]:
    return [
        option
        for option in _options(kind)
        if isinstance(option, type) and issubclass(option, BaseModel)
    ]


def _options(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _options(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [inner for one in get_args(kind) for inner in _options(one)]
    return [kind]


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
