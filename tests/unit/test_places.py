"""Each place knows the names that have a value there."""

from __future__ import annotations

import pytest

from connector_runtime.language.visible_names import is_single, names_for


@pytest.mark.parametrize(
    ("kind", "pointer", "names"),
    [
        ("action", ("request", "path"), "inputs connection tables page"),
        ("action", ("request", "body", "json", "a", 0), "inputs connection tables page"),
        ("action", ("paginate", "next", "token"), "inputs connection tables page reply"),
        ("action", ("paginate", "start", "token"), "inputs connection tables"),
        ("action", ("reply", "ok"), "inputs reply items tables"),
        ("action", ("reply", "output", "id"), "inputs reply items tables connection"),
        ("action", ("reply", "results", "ok"), "inputs reply items tables item"),
        ("action", ("errors", 0, "when"), "inputs reply fault tables"),
        ("action", ("scopes", 0), "inputs connection tables"),
        ("action", ("checks", 0, "message"), "inputs connection tables"),
        ("action", ("inputs", "id", "default"), "connection"),
        ("action", ("inputs", "id", "showIf"), "inputs connection tables"),
        ("action", ("inputs", "id", "choicesFrom", "where"), "inputs connection tables row"),
        ("trigger", ("poll", "sources", "new", "request", "path"), "inputs connection tables page since"),
        ("trigger", ("poll", "sources", "new", "change"), "inputs tables item since"),
        ("datasource", ("options", "label"), "inputs tables item"),
        ("connection", ("apply", "headers", "X-Key"), "inputs connection context secrets token tables"),
        ("connection", ("choose", "site"), "inputs connection context token tables"),
        ("component", ("services", "main", "url"), "inputs connection tables"),
        ("component", ("errors", "usual", 0, "kind"), ""),
        ("action", ("label",), ""),
        ("action", ("inputs", "id", "label"), ""),
        ("action", ("effect",), ""),
    ],
)
def test_names_by_place(kind: str, pointer: tuple[str | int, ...], names: str) -> None:
    """An expression sees what exists when it is evaluated, and nothing else; an input's definition no `let`."""
    known = frozenset(names.split())

    found = names_for(kind, pointer) - {"steps", "chunk"}
    assert found == (known | {"let"} if known and "inputs" not in pointer[:1] else known)


@pytest.mark.parametrize("top", ["request", "reply", "errors", "identity", "adds"])
def test_a_step_sees_what_a_single_request_does(top: str) -> None:
    """A place in a step knows the same names as that place of an action, those of earlier steps among them."""
    names = names_for("action", ("steps", "start", top, "x"))

    assert names == names_for("action", (top, "x"))
    assert {"steps", "chunk"} <= names
    assert "steps" not in names_for("action", ("inputs", "id", "showIf")) | names_for("action", ("checks", 0, "when"))


@pytest.mark.parametrize("kind", ["action", "datasource", "connection"])
def test_a_named_value_may_read_what_some_place_of_its_file_knows(kind: str) -> None:
    """Whether the reader's place does is judged where the value is read; a row stands in its text."""
    names = names_for(kind, ("let", "name"))

    assert {"inputs", "reply", "let", "row"} <= names
    assert ("secrets" in names) is (kind == "connection")


def test_secrets_and_tokens_stay_in_connections() -> None:
    """No place outside a connection's `apply` and `oauth2` sees a secret."""
    for kind in ("action", "trigger", "datasource", "component", "inputs"):
        for top in (
            "request",
            "reply",
            "errors",
            "checks",
            "inputs",
            "retry",
            "services",
            "scopes",
            "identity",
        ):
            assert not {"secrets", "token", "context"} & names_for(kind, (top, "x", "default"))
    assert "secrets" not in names_for("connection", ("choose", "site", "first", 0, "key"))
    assert "secrets" not in names_for("connection", ("probe", "headers"))


def test_a_users_key_is_not_a_place_for_one_expression() -> None:
    """A body may have a field called `when` or `ok` like any other."""
    assert is_single(("reply", "ok"))
    assert is_single(("request", "body", 1, "when"))
    assert not is_single(("request", "body", "json", "ok"))
    assert not is_single(("reply", "output", "when"))
