"""Record schemas from the account itself: asked once, kept with an age, never in anybody's way."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from connector_runtime import ConnectorError, InputError
from connector_runtime.base.values import Deadline
from connector_runtime.definition.account_schemas import (
    AGAIN_S,
    AGE_S,
    ANSWER_S,
    KEPT_MAX,
    Fields,
    Wanted,
    schema_of,
)
from connector_runtime.errors import error_of
from connector_runtime.session.account_fields import NOBODY_ANSWERED, learn, learn_async

if TYPE_CHECKING:
    from collections.abc import Callable

    from components.conftest import Till
    from components.petshop_server import PetShop
    from connector_runtime import Component
    from connector_runtime.testing.cases import StillClock

REX = {"name": "Rex", "species": "dog", "chip": "982000123456700"}


def asked_for_fields(shop: PetShop) -> int:
    """Return how often the shop was asked what it writes down."""
    return sum(asked.path == "/v2/fields" for asked in shop.asked)


@pytest.fixture
def knowing(open_till: Callable[..., Till], shop: PetShop) -> Till:
    """A session that asks for the fields of the account, of each kind in turn."""
    return open_till(shop.by_key(), metadata=True)


def added(shop: PetShop) -> dict[str, Any]:
    """Return the pet that was added last, as it was sent."""
    return next(asked.json() for asked in reversed(shop.asked) if asked.method == "POST")


def test_texts_of_rows_become_what_the_accounts_own_fields_are(knowing: Till, shop: PetShop) -> None:
    """A field that no packaged schema knows gives its text the type it has in this account."""
    result = knowing.run("addPet", {**REX, "moreDetails": {"vaccinated": "yes", "weight": "12.5"}})

    assert (added(shop)["vaccinated"], added(shop)["weight"]) == (True, 12.5)
    assert result.warnings == ()


def test_rows_of_an_input_are_typed_too(knowing: Till, shop: PetShop) -> None:
    """The schema of an input is asked for as that of a body is."""
    pet = shop.put("Ivy")

    knowing.run("changePet", {"pet": pet, "changes": [{"key": "vaccinated", "value": "yes"}]})

    assert shop.asked[-1].body == b"vaccinated=true"


def test_one_question_for_a_record_type(knowing: Till, shop: PetShop) -> None:
    """However many records are sent, the fields of a type are asked for once; another type is another question."""
    for number in range(3):
        knowing.run("addPet", {**REX, "chip": f"98200012345671{number}"})
    knowing.run("addPet", {"name": "Bubbles", "species": "fish"})

    assert asked_for_fields(shop) == 2


def test_calls_at_the_same_time_share_one_question(knowing: Till, shop: PetShop) -> None:
    """Whoever comes while somebody asks waits for that answer."""
    calls = [("addPet", {**REX, "chip": f"98200012345672{number}"}) for number in range(6)]

    knowing.run_all(calls)

    assert asked_for_fields(shop) == 1


def test_what_is_known_grows_old(knowing: Till, shop: PetShop, clock: StillClock) -> None:
    """After a quarter of an hour the fields are asked for again: people add some."""
    knowing.run("addPet", REX)
    clock.sleep(AGE_S - 1)
    knowing.run("addPet", {**REX, "chip": "982000123456731"})
    clock.sleep(1)

    knowing.run("addPet", {**REX, "chip": "982000123456732"})

    assert asked_for_fields(shop) == 2


def test_an_unknown_field_is_sent_and_named(knowing: Till, shop: PetShop) -> None:
    """The vendor has the last word about a field that its metadata does not name, and whoever sends it a hint."""
    result = knowing.run("addPet", {**REX, "moreDetails": {"waight": "12", "coat": "curly"}})

    assert added(shop)["waight"] == "12"
    assert any("no field `waight`. Did you mean `weight`?" in warning for warning in result.warnings)
    assert any("coat" in warning for warning in result.warnings)


def test_null_clears_a_field_of_any_type(knowing: Till, shop: PetShop) -> None:
    """No type of a field forbids null."""
    result = knowing.run("addPet", {**REX, "moreDetails": [{"key": "weight", "value": None}]})

    assert added(shop)["weight"] is None
    assert result.warnings == ()


def test_without_an_answer_the_packaged_schema_judges(knowing: Till, shop: PetShop, clock: StillClock) -> None:
    """A refusal costs a warning and one question a minute; the record is judged as without it, and sent."""
    shop.fields = None

    result = knowing.run("addPet", {**REX, "moreDetails": {"weight": "12.5"}})
    with pytest.raises(InputError, match="weight"):
        knowing.run("addPet", {**REX, "moreDetails": {"weight": "-1"}})

    assert added(shop)["weight"] == 12.5
    assert any("could not be asked for" in warning for warning in result.warnings)
    assert asked_for_fields(shop) == 1
    clock.sleep(AGAIN_S)
    shop.fields = []
    knowing.run("addPet", {**REX, "chip": "982000123456741"})
    assert asked_for_fields(shop) == 2


def test_nothing_is_asked_unless_the_session_wants_it(till: Till, shop: PetShop) -> None:
    """By default a call makes the requests that its action says, and no more."""
    till.run("addPet", {**REX, "moreDetails": {"weight": "12.5"}})

    assert asked_for_fields(shop) == 0
    assert added(shop)["weight"] == 12.5


def test_a_call_with_wrong_inputs_asks_nothing(knowing: Till, shop: PetShop) -> None:
    """What is refused anyway costs no request."""
    with pytest.raises(InputError):
        knowing.run("addPet", {"name": "Rex", "species": "horse"})

    assert shop.asked == []


def test_a_preview_uses_the_packaged_schema(component: Component, shop: PetShop) -> None:
    """What is only shown asks nobody."""
    plan = component.request("addPet", {**REX, "moreDetails": {"weight": "12.5"}}, shop.by_key())

    assert plan.to_dict()["body"]["weight"] == 12.5
    assert shop.asked == []


def test_a_form_gets_the_fields_of_the_account(open_till: Callable[..., Till], shop: PetShop) -> None:
    """For a form the fields are asked for whatever the session does else: labels, types, what is needed."""
    till = open_till(shop.by_key())
    fields = till.session.fields("changePet", "changes")
    schema = fields if isinstance(fields, dict) else till.loop.run(fields)  # type: ignore[union-attr]

    assert schema["required"] == ["name"]
    assert schema["properties"]["weight"] == {"title": "Weight", "type": ["number", "null"], "maximum": 90}
    assert schema["properties"]["coat"]["enum"] == ["short", "long", None]


def test_a_platform_learns_where_the_fields_come_from(component: Component) -> None:
    """The catalogue names the data source, so that a form knows that it may ask."""
    action = next(one for one in component.describe()["actions"] if one["key"] == "changePet")

    changes = next(one for one in action["inputs"] if one["key"] == "changes")
    assert changes["schemaFrom"] == {"source": "petFields"}


def test_what_is_kept_is_bounded(component: Component, clock: StillClock) -> None:
    """A connection keeps the fields of a hundred types; the one used longest ago goes first."""
    fields = Fields(component.model.schemas, clock)
    every = [Wanted(f"source {number}", "source", {}) for number in range(KEPT_MAX + 1)]
    schema = schema_of([{"value": "a", "label": "A", "schema": {"type": "number"}}])
    for one in every[:-1]:
        fields.keep(one, schema)

    assert fields.entry(every[0])
    fields.keep(every[-1], schema)

    assert fields.entry(every[0])
    assert fields.entry(every[1]) is None


def test_what_a_vendor_says_cannot_cost_much(component: Component, clock: StillClock) -> None:
    """Only harmless words of a vendor's metadata judge: no pattern of its is ever run."""
    fields, one = Fields(component.model.schemas, clock), Wanted("source", "source", {})

    fields.keep(one, schema_of([{"value": "a", "label": "A", "schema": {"pattern": "(a+)+$", "type": "string"}}]))
    entry = fields.entry(one)

    assert entry
    assert entry.validator
    assert entry.validator.is_valid({"a": "a" * 5000 + "!"})


def test_one_strange_field_spoils_no_other(component: Component, clock: StillClock) -> None:
    """A field whose description is no schema is known and may be anything; the others keep their types."""
    fields, one = Fields(component.model.schemas, clock), Wanted("source", "source", {})
    odd = [{"type": "nonsense"}, {"maxLength": "long"}, {"maxLength": None, "type": "number"}]

    fields.keep(one, schema_of([{"value": f"f{at}", "label": "F", "schema": said} for at, said in enumerate(odd)]))

    entry = fields.entry(one)
    assert entry
    assert entry.validator
    assert entry.validator.typed_names == {"f2"}
    assert entry.validator.is_valid({"f0": 1, "f1": "x", "f2": 3})


NOTHING = Wanted("source", "petFields", {})


def quiet(clock: StillClock) -> httpx.MockTransport:
    """A vendor that never answers: whoever waits for it waits to the end."""

    def handle(request: httpx.Request) -> httpx.Response:
        clock.sleep(request.extensions["timeout"]["read"])
        raise httpx.ReadTimeout("nothing came", request=request)

    return httpx.MockTransport(handle)


def test_the_question_counts_within_the_deadline_of_the_call(
    open_till: Callable[..., Till], shop: PetShop, clock: StillClock
) -> None:
    """A vendor that never answers gets no more time than the call has, and the call itself the greater part."""
    till, begun = open_till(shop.by_key(), metadata=True, transport=quiet(clock)), clock.monotonic()

    with pytest.raises(ConnectorError):
        till.run("changePet", {"pet": "17", "changes": {"weight": "12"}}, deadline_s=2.5)

    assert clock.monotonic() - begun <= 2.5


def test_all_questions_of_a_call_share_their_time(component: Component, clock: StillClock) -> None:
    """Two record types without an answer take two seconds together; the second is not asked for, and that is said."""
    fields, asked = Fields(component.model.schemas, clock), []

    def ask(wanted: Wanted, limit_s: float) -> Any:
        asked.append((wanted.key, limit_s))
        clock.sleep(limit_s)
        raise error_of("timeout", "Nothing came.")

    missed = learn(fields, [NOTHING, NOTHING._replace(key="another")], None, ask, component.model)

    assert asked == [("source", ANSWER_S)]
    assert missed == [NOBODY_ANSWERED]


def test_who_waits_in_vain_for_anothers_question_is_told(component: Component, clock: StillClock) -> None:
    """A call whose wait for its turn runs out goes on, with a warning."""
    fields = Fields(component.model.schemas, clock)
    fields.turn(NOTHING, threading.Lock).acquire()

    missed = learn(fields, [NOTHING], Deadline.after(0.02, clock), never_asked, component.model)

    assert missed == [NOBODY_ANSWERED]


def test_the_warning_is_in_the_result(knowing: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a call had no time to learn stands among its warnings."""
    monkeypatch.setattr("connector_runtime.session.account_fields.ANSWER_S", 0.0)

    assert knowing.run("addPet", REX).warnings == (NOBODY_ANSWERED,)


def test_who_waited_for_a_question_that_was_called_off_has_only_the_rest_of_its_time(
    component: Component, clock: StillClock
) -> None:
    """A task that is cancelled while it asks does not give those behind it another two seconds."""
    fields, limits = Fields(component.model.schemas, clock), []

    async def ask(_wanted: Wanted, limit_s: float) -> Any:
        limits.append(limit_s)
        await asyncio.sleep(30 if len(limits) == 1 else 0)
        raise error_of("timeout", "Nothing came.")

    async def both() -> None:
        first, second = (
            asyncio.create_task(learn_async(fields, [NOTHING], None, ask, component.model)) for _ in range(2)
        )
        await asyncio.sleep(0.01)
        clock.sleep(1.5)
        first.cancel()
        await second

    asyncio.run(both())

    assert limits == [2.0, 0.5]


def never_asked(_wanted: Wanted, _limit_s: float) -> Any:
    """Fail: somebody else was to ask."""
    raise AssertionError
