"""Problems as people, programs and review pages read them."""

from __future__ import annotations

import json

from connector_runtime.definition.problems.report import render_problems
from connector_runtime.errors import Problem

PROBLEM = Problem(
    "actions/getDog.yaml",
    22,
    13,
    "R003",
    "no input is called `dogid`",
    "did you mean `dogId`? inputs: dogId, breed",
    "  path: /${ inputs.dogid }",
)


def test_people_see_the_line_and_a_caret() -> None:
    """The line stands below its number, the caret below the character, the hint below both."""
    assert render_problems([PROBLEM], "text") == (
        "actions/getDog.yaml:22:13: R003 no input is called `dogid`\n"
        "   22 |   path: /${ inputs.dogid }\n"
        "      |             ^\n"
        "      = did you mean `dogId`? inputs: dogId, breed\n"
    )


def test_the_caret_stands_right_in_long_wide_and_tabbed_lines() -> None:
    """A long line is cut around the place; wide characters count as two, a tab as one."""
    for source, column, seen in (
        ("x" * 500 + "HERE" + "y" * 500, 501, "HERE"),
        ("犬犬犬HERE", 4, "HERE"),
        ("\t\tHERE", 3, "HERE"),
    ):
        problem = Problem("a", 1, column, "R001", "m", None, source)

        _, shown, caret = render_problems([problem], "text").splitlines()[:3]

        width = 0
        at = caret.index("^")
        for index, character in enumerate(shown):
            if width == at:
                assert shown[index:].startswith(seen)
                break
            width += 2 if character == "犬" else 1
        assert len(shown) < 200


def test_programs_get_json() -> None:
    """Each problem is one map; nothing found is an empty list."""
    assert json.loads(render_problems([PROBLEM], "json")) == [
        {
            "file": "actions/getDog.yaml",
            "line": 22,
            "column": 13,
            "code": "R003",
            "severity": "error",
            "message": "no input is called `dogid`",
            "hint": "did you mean `dogId`? inputs: dogId, breed",
        }
    ]
    assert json.loads(render_problems([], "json")) == []


def test_review_pages_get_annotations() -> None:
    """A line break or percent sign cannot end an annotation, nor a comma its place."""
    problem = Problem("a,b.yaml", 1, 2, "L001", "100 %", "two\nlines", None, "warning")

    assert render_problems([problem], "github") == (
        "::warning file=a%2Cb.yaml,line=1,col=2,title=L001::100 %25%0Atwo%0Alines"
    )
