"""Tokens to a tree; the grammar's refusals are in the published words."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from zoho_sandbox.products.crm.coql import refusals
from zoho_sandbox.products.crm.coql.lexer import Token, tokens
from zoho_sandbox.products.crm.coql.syntax import (
    Both,
    Column,
    Condition,
    Criteria,
    Literal,
    Path,
    SelectQuery,
    Step,
    SubQuery,
)
from zoho_sandbox.products.crm.model.answers import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

AGGREGATES = ("COUNT", "SUM", "MIN", "MAX", "AVG")
_COMPARISONS = ("=", "!=", ">", ">=", "<", "<=")
_CLAUSES = ("select", "from", "where", "group", "order", "limit", "offset")


def parse(text: str) -> SelectQuery:
    """Return the tree of a query.

    Raises:
        RefusedError: SYNTAX_ERROR, INVALID_QUERY, INVALID_ALIAS or INVALID_DATA.
    """
    parser = _Parser(tokens(text))
    query = parser.query()
    if parser.here.kind != "end":
        raise refusals.unexpected(parser.here)
    return query


class _Parser:
    """Reads tokens one by one."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._sub_queries = 0

    @property
    def here(self) -> Token:
        """The token to be read next."""
        return self._tokens[self._at]

    def query(self) -> SelectQuery:
        """Read a query up to its end or a closing bracket."""
        self._clause("select")
        columns = [self._column()]
        while self._take_punct(","):
            columns.append(self._column())
        self._clause("from")
        module = self._word()
        cvid = self._number_text() if self._take_punct("#") else None
        self._clause("where")
        where = self._criteria()
        group = self._by("group", self._path)
        order = self._by("order", self._ordered)
        limit, offset = self._limits()
        return SelectQuery(tuple(columns), module, where, cvid, tuple(group), tuple(order), limit, offset)

    # -- tokens ------------------------------------------------------------------

    def _next(self) -> Token:
        token = self.here
        if token.kind == "bad":
            raise refusals.unparsable(token.text[:20])
        self._at += token.kind != "end"
        return token

    def _take_punct(self, *marks: str) -> bool:
        if self.here.is_punct(*marks):
            self._at += 1
            return True
        return False

    def _take_word(self, *words: str) -> bool:
        if self.here.is_word(*words):
            self._at += 1
            return True
        return False

    def _expect_punct(self, mark: str) -> None:
        if not self._take_punct(mark):
            raise self._unexpected()

    def _clause(self, name: str) -> None:
        if self._take_word(name):
            return
        if self.here.kind == "end" or self.here.is_word(*_CLAUSES):
            raise refusals.missing_clause(name)
        raise self._unexpected()

    def _unexpected(self) -> Exception:
        token = self.here
        if token.kind == "bad":
            return refusals.unparsable(token.text[:20])
        if token.kind == "end":
            return refusals.unparsable(self._tokens[max(0, self._at - 1)].text)
        return refusals.unexpected(token)

    def _word(self) -> str:
        if self.here.kind != "word" or self.here.is_word(*_CLAUSES):
            raise self._unexpected()
        return self._next().text

    def _number_text(self) -> str:
        if self.here.kind != "number":
            raise self._unexpected()
        return self._next().text

    # -- columns -------------------------------------------------------------------

    def _column(self) -> Column:
        if self.here.kind == "word" and self._tokens[self._at + 1].is_punct("("):
            return self._aggregate()
        path = self._path()
        return Column(path, path.text, alias=self._alias(path.text))

    def _aggregate(self) -> Column:
        name = self._next().text
        self._expect_punct("(")
        path = self._path()
        self._expect_punct(")")
        text = f"{name}({path.text})"
        # Names of functions are the only words whose case matters.
        if name not in AGGREGATES:
            raise refusals.bad_aggregate(text)
        return Column(path, text, name, self._alias(path.text))

    def _alias(self, column: str) -> str | None:
        if not self._take_word("as"):
            return None
        if self.here.kind not in ("word", "string"):
            raise self._unexpected()
        alias = self._next().value
        if not alias.strip():
            details = {"column_name": column, "alias": alias}
            raise refuse("INVALID_ALIAS", "alias name cannot be an empty string", details)
        return alias

    def _path(self) -> Path:
        if self.here.kind == "string":
            return _quoted_path(self._next())
        if self.here.is_punct("!"):
            raise refusals.unsupported()
        steps = [self._step()]
        while self._take_punct("."):
            steps.append(self._step())
        return Path(tuple(steps), _written(steps))

    def _step(self) -> Step:
        name = self._word()
        return Step(name, self._word() if self._take_punct("->") else None)

    # -- criteria ------------------------------------------------------------------

    def _criteria(self) -> Criteria:
        left = self._term()
        if not self.here.is_word("and", "or"):
            return left
        operator = self._next().text.lower()
        both = Both(operator, left, self._term())
        # Three conditions need brackets round two of them.
        if self.here.is_word("and", "or"):
            raise refusals.unparsable(self.here.text)
        return both

    def _term(self) -> Criteria:
        if self._take_punct("("):
            inside = self._criteria()
            self._expect_punct(")")
            return inside
        if self.here.is_word("not"):
            raise refusals.bad_operator(self.here.text)
        return self._condition()

    def _condition(self) -> Condition:
        path = self._path()
        token = self.here
        if token.is_punct(*_COMPARISONS):
            self._next()
            return Condition(path, token.text, (self._value(),))
        if token.is_word("is"):
            self._next()
            operator = "is not null" if self._take_word("not") else "is null"
            if not self._take_word("null"):
                raise self._unexpected()
            return Condition(path, operator)
        negation = "not " if self._take_word("not") else ""
        if self._take_word("in"):
            return Condition(path, f"{negation}in", self._list())
        if self._take_word("between"):
            low = self._value()
            if not self._take_word("and"):
                raise self._unexpected()
            return Condition(path, f"{negation}between", (low, self._value()))
        if self._take_word("like"):
            return Condition(path, f"{negation}like", (self._value(),))
        raise self._no_operator(token)

    def _no_operator(self, token: Token) -> Exception:
        if token.is_punct("<>") or (token.kind == "word" and not token.is_word(*_CLAUSES)):
            return refusals.bad_operator(token.text)
        return self._unexpected()

    def _list(self) -> tuple[Literal | SubQuery, ...]:
        self._expect_punct("(")
        if self.here.is_word("select"):
            inner = (self._sub_query(),)
            self._expect_punct(")")
            return inner
        values = [self._value()]
        while self._take_punct(","):
            values.append(self._value())
        self._expect_punct(")")
        return tuple(values)

    def _value(self) -> Literal | SubQuery:
        token = self.here
        if token.is_punct("(") and self._tokens[self._at + 1].is_word("select"):
            self._next()
            inner = self._sub_query()
            self._expect_punct(")")
            return inner
        if token.kind in ("string", "number", "date"):
            return Literal(token.kind, self._next().value)
        if token.is_word("true", "false"):
            return Literal("boolean", self._next().text.lower())
        raise self._unexpected()

    def _sub_query(self) -> SubQuery:
        sequence = self._sub_queries
        self._sub_queries += 1
        return SubQuery(self.query(), sequence)

    # -- what follows the criteria -----------------------------------------------------

    def _by(self, word: str, read: Callable[[], T]) -> list[T]:
        if not self._take_word(word):
            return []
        if not self._take_word("by"):
            raise self._unexpected()
        found = [read()]
        while self._take_punct(","):
            found.append(read())
        return found

    def _ordered(self) -> tuple[Path, bool]:
        path = self._path()
        is_descending = self.here.is_word("desc")
        self._take_word("asc", "desc")
        return path, is_descending

    def _limits(self) -> tuple[int, int]:
        limit, offset = 200, 0
        if self._take_word("limit"):
            limit = self._amount("limit")
            if self._take_punct(","):
                offset, limit = limit, self._amount("limit")
        if self._take_word("offset"):
            offset = self._amount("offset")
        if limit == 0:
            raise refuse("INVALID_DATA", "limit should be greater than 0")
        return limit, offset

    def _amount(self, what: str) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.isdigit():
            raise refusals.query(f"{what} given seems to be invalid", **{what: token.value})
        return int(token.text)


def _quoted_path(token: Token) -> Path:
    """Return the path inside quotes, as the pages write columns with an alias."""
    inner = _Parser(tokens(token.value))
    if inner.here.kind != "word":
        raise refusals.unexpected(token)
    path = inner._path()  # noqa: SLF001 - the same class
    if inner.here.kind != "end":
        raise refusals.unexpected(token)
    return Path(path.steps, token.value)


def _written(steps: list[Step]) -> str:
    parts = (f"{s.name}->{s.module}" if s.module else s.name for s in steps)
    return ".".join(parts)
