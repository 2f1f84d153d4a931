"""The page about the language says what the schemas, the filters and the places say."""

from __future__ import annotations

import pytest

from cases import language_page
from cases.language_words import EXAMPLES_OF_FILTERS, EXAMPLES_OF_TESTS, FILES, NAMES
from connector_runtime.language.expressions.filters import FILTERS, TEST_NAMES
from connector_runtime.language.visible_names import ALL_NAMES
from connector_runtime.triggers.webhooks.pushes import PushedBody
from meta.repository import SCHEMAS
from meta.test_language import at, properties


def test_the_page_about_the_language_is_up_to_date() -> None:
    """The page is made of the schemas and the code: `python tests/cases/language_page.py` writes it."""
    assert language_page.PAGE.read_text("utf-8") == language_page.page()


def test_nothing_of_the_language_is_missing() -> None:
    """Every schema, filter, test and name has its words in `tests/cases/language_words.py`."""
    assert {path.name for path in SCHEMAS.glob("*.schema.json")} == FILES.keys()
    assert FILTERS.keys() <= EXAMPLES_OF_FILTERS.keys()
    assert set(TEST_NAMES) <= EXAMPLES_OF_TESTS.keys()
    assert NAMES.keys() >= ALL_NAMES


def test_the_names_of_a_push_say_what_a_push_has() -> None:
    """Who reads of `body` learns how it can be read: each part by its name."""
    body = PushedBody(b"{}", "application/json")

    assert all(f"`{part}`" in NAMES["body"] for part in (*body, "form"))


def test_a_description_names_no_other_kind_of_file() -> None:
    """What a schema says of `description` holds in the list of its own kind."""
    words = {
        name.partition(".")[0]: at(name, pointer)["description"]
        for name, pointer in properties()
        if pointer == ("properties", "description")
    }

    assert len(words) > 3
    assert not {kind: text for kind, text in words.items() for other in words.keys() - {kind} if other in text}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_shows_what_is_right_and_what_is_refused(name: str) -> None:
    """The example of each filter gives a value, and names the filter."""
    source, given = EXAMPLES_OF_FILTERS[name]

    assert f"| {name}" in source
    language_page.worked_out(source, {} if given is None else {"x": given})


def test_few_keywords_take_anything() -> None:
    """Every keyword has a bad example, but those that hold the data of users and vendors."""
    anything = {
        pointer[-1] for name, pointer in properties() if language_page.bad_example(name, pointer) is None
    }

    assert anything <= {"example", "value"}
