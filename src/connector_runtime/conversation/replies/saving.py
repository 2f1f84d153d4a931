"""Saving a reply to a file: proved before anything is sent, exchanged after everything was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.base.messages import DEFAULT_LIMITS
from connector_runtime.base.saved_files import DraftError
from connector_runtime.conversation.io_steps import OpenDraft, PlaceDraft
from connector_runtime.errors import error_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation

_HINT = "Name a file in a folder that is there and that may be written to."
_DONE_HINT = "Only the file is at fault. Do not send a write again to get its reply."


def open_draft(call: Call, scope: Mapping[str, Any]) -> Conversation[None]:
    """Open the draft of the file that the call's reply is saved to.

    Raises:
        InputError: Folder or name cannot be; names `save_to`.
    """
    assert call.save_to is not None  # noqa: S101  asked before
    is_json = call.unit.reply.form(scope) == "json"
    # JSON is judged whole, as if it were not saved; other content only where it may be an error in its stead.
    judged_bytes = DEFAULT_LIMITS.decoded_bytes if is_json else DEFAULT_LIMITS.unsaved_bytes
    draft = yield OpenDraft(call.save_to, judged_bytes)
    if isinstance(draft, DraftError):
        raise error_of("input", draft.message, hint=_HINT, input="save_to")
    call.draft = draft


def place_draft(call: Call) -> Conversation[None]:
    """Put what was saved in the file's place.

    Raises:
        InputError: The folder has changed since it was proved, or has a rule that cannot be seen;
            names `save_to`. The reply is kept beside it, and the request must not be sent again for it.
    """
    if call.draft is None or not call.draft.is_whole:
        return
    problem = yield PlaceDraft(call.draft)
    if problem is not None:
        status = call.attempts[-1].status if call.attempts else None
        message = f"{problem.message} The request itself was answered with HTTP {status} and is done."
        if problem.kept is not None:
            message = f"{message} Its reply is kept in `{problem.kept}`."
        raise error_of("input", message, hint=_DONE_HINT, input="save_to", status=status)
