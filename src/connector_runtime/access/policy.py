"""What a tenant may do: rules of the platform's, judged before anything is sent.

Every rule that is given must allow a call. What a rule cannot judge it refuses: an action
that takes no record type could touch any of them.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.urls import UrlError
from connector_runtime.base.values import ABSENT
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.inputs.refusals import did_you_mean
from connector_runtime.language.expressions.expression import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connector_runtime.definition.model import Action, Model

EFFECTS = ("read", "create", "update", "upsert", "delete", "raw")
_RULES = ("effects", "actions", "inputs", "rawPaths")


class _InputRule(NamedTuple):
    """Values that inputs may have: `name` is how the platform calls the rule."""

    name: str
    keys: tuple[str, ...]
    allowed: tuple[str, ...]


class _Path(NamedTuple):
    """A pattern such as `GET shop:/pets/*`; `**` at the end stands for any rest."""

    text: str
    method: str | None
    service: str | None
    segments: tuple[str, ...]

    @classmethod
    def of(cls, text: str, services: Collection[str]) -> _Path:
        method, _, place = text.strip().rpartition(" ")
        service, slash, path = place.partition("/")
        if not slash or (service and (not service.endswith(":") or service[:-1] not in services)):
            raise _wrong(f"`rawPaths` cannot use {text!r}.", "Write [METHOD ][service:]/path.")
        pieces = tuple(piece for piece in path.split("/") if piece)
        return cls(text, method.strip().upper() or None, service.rstrip(":") or None, pieces)

    def allows(self, method: str, service: str, segments: list[str]) -> bool:
        if self.method not in (None, method) or self.service not in (None, service):
            return False
        wanted = self.segments
        if wanted and wanted[-1] == "**":
            wanted, segments = wanted[:-1], segments[: len(wanted) - 1]
        return len(wanted) == len(segments) and all(map(fnmatchcase, segments, wanted))


class Policy:
    """The rules of one session.

    Args:
        model: The component.
        allow: Any of

            - `effects`: what actions may do: `read`, `create`, …, `raw`;
            - `actions`: the only ones that may be run, and the only triggers;
            - `inputs`: by input, the values it may have; `recordTypes` is short for the input
              `recordType`, and so is any other input's key with an s;
            - `rawPaths`: where raw requests may go below a service's address, as
              `[METHOD ][service:]/path`, with `*` for a segment and `**` for any rest.

    Raises:
        ConnectionProblem: A rule that is none: it would protect nothing.
    """

    def __init__(self, model: Model, allow: Mapping[str, Any]) -> None:
        self._effects = _texts(allow, "effects")
        self._actions = _texts(allow, "actions")
        paths = _texts(allow, "rawPaths")
        self._paths = None if paths is None else [_Path.of(text, model.services) for text in paths]
        self._inputs = _input_rules(model, allow)
        for effect in self._effects or ():
            if effect not in EFFECTS:
                raise _wrong(f"`effects` cannot be {effect!r}.", did_you_mean(effect, EFFECTS))
        for key in self._actions or ():
            if model.action(key) is None and key not in model.triggers:
                known = [*model.actions, *model.triggers]
                raise _wrong(f"`actions` names `{key}`, which is none.", did_you_mean(key, known))
        named = [model.action(key) for key in self._actions or ()]
        self._keys = {action.key for action in named if action is not None}
        self._keys.update(key for key in self._actions or () if key in model.triggers)

    def judge(self, action: Action, scope: Mapping[str, Any], *, is_picker: bool = False) -> None:
        """Refuse a call that a rule does not allow.

        Args:
            action: What is to be run.
            scope: Its checked inputs, as its expressions see them.
            is_picker: Whether it only fills a list to choose from.

        Raises:
            ConnectionProblem: Of kind `permission`; message and `details` name the rule.
        """
        allowed = self._effects
        refused = [] if allowed is None else sorted(action.effects.difference(allowed))
        if refused:
            raise _refused(action, "effects", f"to {refused[0]}", allowed or ())
        if is_picker:
            self._judge_values(action, scope["inputs"], is_picker=True)
            return
        if self._actions is not None and action.key not in self._keys:
            raise _refused(action, "actions", f"`{action.key}`", self._actions)
        if action.effect == "raw" and self._paths is not None:
            self._judge_path(action, scope, self._paths)
        else:
            self._judge_values(action, scope["inputs"], is_picker=False)

    def _judge_values(self, action: Action, inputs: Mapping[str, Any], *, is_picker: bool) -> None:
        for rule in self._inputs:
            given = {key: inputs[key] for key in rule.keys if inputs.get(key) not in (None, "", ABSENT)}
            for key, value in given.items():
                for one in value if isinstance(value, list | tuple) else [value]:
                    if str(one) not in rule.allowed:
                        raise _refused(action, rule.name, f"`{str(one)[:100]}`", rule.allowed, key)
            if not given and not is_picker and self._actions is None:
                what = f"an action without {' and '.join(rule.keys)}"
                raise _refused(action, rule.name, what, rule.allowed)

    def _judge_path(self, action: Action, scope: Mapping[str, Any], paths: list[_Path]) -> None:
        unit = action.program.unit
        request = unit.request
        try:
            method, segments = str(request.method(scope)).upper(), request.path.segments(scope)
        except (EvaluationError, UrlError):
            if unit.paging is None:
                return  # nor can the request be made, and that says why
            segments = None
        allowed = [path.text for path in paths]
        if segments is None or not any(path.allows(method, request.service, segments) for path in paths):
            place = "/" + "/".join(segments or ())
            raise _refused(action, "rawPaths", f"{place[:100]}", tuple(allowed))


def _input_rules(model: Model, allow: Mapping[str, Any]) -> list[_InputRule]:
    inputs, plurals = allow.get("inputs", {}), [name for name in allow if name not in _RULES]
    if not hasattr(inputs, "items"):
        raise _wrong("`inputs` is a map of inputs and the values they may have.")
    if not inputs and not plurals:
        return []
    every = [action.inputs for action in model.actions.values()]
    taken = sorted({item.key for entries in every for item in entries})
    former = {name: key for entries in every for name, key in entries.former.items()}
    rules = []
    for written in inputs:
        key = written if written in taken else former.get(written, written)
        if key not in taken:
            raise _wrong(f"No action has an input called `{key}`.", did_you_mean(key, taken))
        rules.append(_InputRule(f"inputs.{key}", _alike(key, taken), _texts(inputs, written) or ()))
    for name in plurals:
        key = name.removesuffix("s")
        if key == name or key not in taken:
            known = [*_RULES, *(f"{one}s" for one in taken)]
            raise _wrong(f"There is no rule called `{name}`.", did_you_mean(name, known))
        rules.append(_InputRule(name, _alike(key, taken), _texts(allow, name) or ()))
    return rules


def _alike(key: str, taken: list[str]) -> tuple[str, ...]:
    """Return an input and those that are named after it: `recordType`, `parentRecordType`."""
    ending = key[:1].upper() + key[1:]
    return tuple(one for one in taken if one == key or one.endswith(ending))


def _texts(allow: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    if name not in allow:
        return None
    given = allow[name]
    is_list = isinstance(given, list | tuple | set | frozenset)
    if not is_list or not all(isinstance(one, str) for one in given):
        raise _wrong(f"`{name}` is a list of texts.")
    return tuple(given)


def _wrong(message: str, hint: str | None = None) -> ConnectorError:
    return error_of("config", f"The policy is not right: {message}", hint=hint)


def _refused(
    action: Action, rule: str, what: str, allowed: tuple[str, ...], key: str | None = None
) -> ConnectorError:
    listed = ", ".join(allowed[:20]) + (" …" if len(allowed) > 20 else "")
    return error_of(
        "permission",
        f"The platform does not allow {what} here: `{rule}` allows {listed or 'nothing'}.",
        hint="Ask the platform's administrator.",
        action=action.key,
        input=key,
        details={"rule": rule, "allowed": list(allowed)},
    )
