"""No keyword of the language is without effect: left out or changed in the pet shop, something shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from components.keyword_proofs import Bench, Proof, kept, name_of
from meta.repository import ROOT
from meta.test_language import properties

if TYPE_CHECKING:
    from pathlib import Path

# What only people read.
FOR_PEOPLE = "where a fact comes from: for people, no program reads it"
# What the pet shop's own files cannot show without a network or a login: the test that shows it.
WITHOUT_PROOF: dict[str, str] = {
    "action: properties/source": FOR_PEOPLE,
    "component: properties/defaults/properties/debug":
        "tests/components/test_petshop_trouble.py::test_the_debug_log_tells_all_but_secrets",
    "component: properties/services/additionalProperties/properties/budget":
        "tests/components/test_petshop_trouble.py::test_the_budget_is_kept",
    "component: properties/services/additionalProperties/properties/source": FOR_PEOPLE,
    "connection: properties/apply/properties/hosts":
        "tests/tokens/test_hosts.py::test_a_hostile_address_leads_nowhere",
    "connection: properties/oauth2/properties/clientId":
        "tests/components/test_petshop_login.py::test_a_stranger_among_robots_is_refused",
    "connection: properties/oauth2/properties/clientSecret":
        "tests/components/test_petshop_login.py::test_a_stranger_among_robots_is_refused",
    "connection: properties/oauth2/properties/keep":
        "tests/components/test_petshop_login.py::test_a_person_of_another_site_is_followed_there",
    "connection: properties/oauth2/properties/revokeUrl":
        "tests/components/test_petshop_login.py::test_a_token_is_given_back",
    "connection: properties/oauth2/properties/scopes":
        "tests/cli/test_doctor.py::test_scopes_that_are_missing_are_named",
    "connection: properties/probe":
        "tests/components/test_petshop.py::test_a_key_travels_in_its_own_header",
    "connection: properties/source": FOR_PEOPLE,
    "datasource: properties/source": FOR_PEOPLE,
    "parts: $defs/errorRule/properties/source": FOR_PEOPLE,
    "parts: $defs/limit/properties/concurrency": "tests/tokens/test_budgets.py::test_places_are_given_back",
    "parts: $defs/limit/properties/per": "tests/tokens/test_budgets.py::test_a_window_is_exact",
    "parts: $defs/paginate/properties/max": "tests/engine/test_paging.py::test_the_cap_raises_limit_with_the_cursor",
    "parts: $defs/request/properties/timeout":
        "tests/engine/test_waits.py::test_a_request_may_have_a_bound_of_its_own",
    "parts: $defs/retryPolicy/properties/source": FOR_PEOPLE,
    "parts: $defs/tables/additionalProperties/properties/source": FOR_PEOPLE,
    # To change what a test sends changes what is signed and judged with it.
    "parts: $defs/test/properties/request/properties/form":
        "tests/webhooks/test_proofs.py::test_the_pairs_of_a_form_are_signed_decoded",
    "parts: $defs/test/properties/request/properties/text":
        "tests/webhooks/test_proofs.py::test_the_very_bytes_are_signed",
    "parts: $defs/test/properties/sends": "tests/engine/test_cases.py::test_a_promise_is_kept_or_the_test_fails",
    "trigger: properties/poll/properties/sources/additionalProperties/properties/since/properties/as":
        "tests/triggers/test_times.py::test_a_vendor_is_asked_in_its_own_form",
    # The embedded tests sign as the file says: another way of signing is another signature on both sides.
    "trigger: properties/webhook/properties/verify/properties/as":
        "tests/webhooks/test_proofs.py::test_every_usual_way_of_writing_a_signature_is_understood",
    "trigger: properties/webhook/properties/verify/properties/hmac":
        "tests/webhooks/test_proofs.py::test_every_usual_way_of_writing_a_signature_is_understood",
    "trigger: properties/webhook/properties/verify/properties/of":
        "tests/webhooks/test_proofs.py::test_sorted_pairs_are_signed_with_the_body_after_them",
}  # fmt: skip
PROOFS = kept()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A copy of the pet shop to change."""
    folder: Path = tmp_path_factory.mktemp("bench")
    return Bench(folder)


def test_every_keyword_has_a_proof_or_a_reason() -> None:
    """A new keyword is proven by `python tests/components/keyword_proofs.py`, or says why it cannot be."""
    known = {name_of(place) for place in properties()}
    last = {name.rpartition("/")[2] for name in WITHOUT_PROOF}

    assert known - PROOFS.keys() - WITHOUT_PROOF.keys() == set(), "prove these"
    assert WITHOUT_PROOF.keys() & PROOFS.keys() == set(), f"these need no reason any more: {last}"
    assert (PROOFS.keys() | WITHOUT_PROOF.keys()) - known == set(), "these are gone"


@pytest.mark.parametrize("name", WITHOUT_PROOF)
def test_what_the_files_cannot_show_is_shown_by_a_test(name: str) -> None:
    """A reason is that only people read the keyword, or the name of a test that is there."""
    reason = WITHOUT_PROOF[name]
    file, _, test = reason.partition("::")

    assert reason == FOR_PEOPLE or f"def {test}(" in (ROOT / file).read_text("utf-8")


@pytest.mark.parametrize("name", PROOFS)
def test_a_keyword_without_effect_would_be_noticed(bench: Bench, name: str) -> None:
    """The change that is kept for it shows what it has shown: a failing test, another description, a problem."""
    proof: Proof = PROOFS[name]

    assert bench.shown_by(proof) == proof.shows
