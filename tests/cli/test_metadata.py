"""`run --metadata`: records are judged by the account's own fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ended
    from components.petshop_server import PetShop

PET = ("run", "addPet", "-i", "name=Rex", "-i", "species=dog", "-i", "moreDetails=vaccinated=yes")


def test_a_run_may_ask_for_the_accounts_own_fields(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """A text becomes what the account says that the field is; without the switch nobody asks."""
    plain = at_shop(*PET, "-i", "chip=982000123456700")
    unasked = [asked.path for asked in shop.asked]
    knowing = at_shop(*PET, "-i", "chip=982000123456701", "--metadata")
    sent = [asked.json()["vaccinated"] for asked in shop.asked if asked.method == "POST"]

    assert (plain.code, knowing.code) == (0, 0)
    assert "/v2/fields" not in unasked
    assert [asked.path for asked in shop.asked].count("/v2/fields") == 1
    assert sent == ["yes", True]
