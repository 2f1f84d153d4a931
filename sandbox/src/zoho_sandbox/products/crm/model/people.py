"""Users and the organisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import shelves
from zoho_sandbox.products.crm.model.answers import Json, no_content, refuse
from zoho_sandbox.products.crm.model.schema import PACKAGE
from zoho_sandbox.products.crm.model.visit import MAX_PER_PAGE, Visit

if TYPE_CHECKING:
    from zoho_sandbox.core.state import State

KIND = "sandbox/users"
_Fits = Callable[[Json, str], bool]
_TYPES: dict[str, _Fits] = {
    "AllUsers": lambda _user, _caller: True,
    "CurrentUser": lambda user, caller: bool(user["id"] == caller),
    "ActiveUsers": lambda user, _caller: _status(user) == "active",
    "AllActiveUsers": lambda user, _caller: _status(user) == "active",
    "ActiveConfirmedUsers": lambda user, _caller: _status(user) == "active",
    "ConfirmedUsers": lambda user, _caller: bool(user.get("confirm", True)),
    "NotConfirmedUsers": lambda user, _caller: not user.get("confirm", True),
    "DeactiveUsers": lambda user, _caller: _status(user) == "disabled",
    "DeletedUsers": lambda user, _caller: _status(user) == "deleted",
    "AdminUsers": lambda user, _caller: is_admin(user),
    "ActiveConfirmedAdmins": lambda user, _caller: is_admin(user) and _status(user) == "active",
}


def find(state: State, user_id: str) -> Json | None:
    """Return a user as seeded, or None."""
    return state.get(KIND, user_id)


def full_name(user: Json) -> str:
    """Return first and last name."""
    return f"{user.get('first_name') or ''} {user.get('last_name') or ''}".strip()


def is_admin(user: Json | None) -> bool:
    """Say whether the user's profile is Administrator."""
    return user is not None and user.get("profile") == "Administrator"


def profile_of(state: State, user: Json) -> Json:
    """Return the profile of a user with name and id."""
    return _group(state, "profiles", str(user.get("profile", "Standard")))


def holders(state: State, list_name: str, name: str | None) -> list[Json]:
    """Return the users who have a role or a profile, which ``list_name`` says, of a name."""
    key = list_name.removesuffix("s")
    return [user for user in state.scan(KIND) if user.get(key) == name]


def rename(state: State, list_name: str, old: str | None, new: str | None) -> None:
    """Give the users of one role or profile another one, or the new name of their own."""
    if list_name not in ("roles", "profiles") or old == new:
        return
    for user in holders(state, list_name, old):
        state.put(KIND, user["id"], {**user, list_name.removesuffix("s"): new})


def get_users(visit: Visit) -> Answer:
    """List users of one ``type``, by ``ids``, in pages."""
    query = visit.call.query
    chosen = _of_type(visit)
    if ids := query.get("ids"):
        chosen = [user for user in chosen if user["id"] in ids.split(",")]
    page = visit.number("page", 1)
    per_page = visit.number("per_page", MAX_PER_PAGE, most=MAX_PER_PAGE)
    rows = chosen[(page - 1) * per_page : page * per_page]
    if not rows:
        return no_content()
    info = {
        "per_page": per_page,
        "count": len(rows),
        "page": page,
        "more_records": page * per_page < len(chosen),
    }
    return Answer(200, {"users": [_shown(visit.state, user) for user in rows], "info": info})


def count_users(visit: Visit) -> Answer:
    """Count the users of one ``type``."""
    return Answer(200, {"count": len(_of_type(visit))})


def _of_type(visit: Visit) -> list[Json]:
    fits = _TYPES.get(visit.call.query.get("type") or "AllUsers")
    if fits is None:
        message = "Please check whether the input values are correct"
        raise refuse("PATTERN_NOT_MATCHED", message, {"param_name": "type"})
    return [user for user in visit.state.scan(KIND) if fits(user, visit.call.grant.user_id)]


def get_user(visit: Visit) -> Answer:
    """Return one user."""
    user = find(visit.state, visit.call.segments[1])
    if user is None:
        details = {"resource_path_index": 1}
        raise refuse("INVALID_DATA", "the id given seems to be invalid", details)
    return Answer(200, {"users": [_shown(visit.state, user)]})


def get_org(visit: Visit) -> Answer:
    """Return the organisation."""
    return Answer(200, {"org": [organisation(visit.state)]})


def organisation(state: State) -> Json:
    """Return the organisation as seeded, over the defaults of the data file."""
    plain: Json = package_yaml(PACKAGE, "data", "org.yaml")
    return {**plain, **(state.get("crm/org", "org") or {})}


def _status(user: Json) -> str:
    return str(user.get("status", "active"))


def _group(state: State, list_name: str, name: str) -> Json:
    """Return the role or profile of a user; one that a seed invents has an id of its own."""
    row = shelves.named(state, list_name, name)
    return {"name": name, "id": row["id"] if row else shelves.lists()[list_name]["rows"][-1]["id"]}


def _shown(state: State, user: Json) -> Json:
    name = full_name(user)
    plain: Json = package_yaml(PACKAGE, "data", "user.yaml")
    role, profile = str(user.get("role", "Manager")), str(user.get("profile", "Standard"))
    return {
        **plain,
        "id": user["id"],
        "zuid": user["id"][-8:],
        "first_name": user.get("first_name"),
        "last_name": user.get("last_name"),
        "full_name": name,
        "email": user.get("email"),
        "role": _group(state, "roles", role),
        "profile": _group(state, "profiles", profile),
        "status": _status(user),
        "confirm": user.get("confirm", True),
        "time_zone": user.get("time_zone"),
        "created_by": {"name": name, "id": user["id"]},
        "Modified_By": {"name": name, "id": user["id"]},
    }
