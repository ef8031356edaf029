"""Whether a failed call may be made again, and after how long.

Knows the table of api-contract §5 and nothing of HTTP libraries; must not send or sleep:

==========================  ==================  ==================  ==================
after                       ``ALWAYS``          ``WHEN_REFUSED``    ``WHEN_NOT_RUN``
==========================  ==================  ==================  ==================
no connection               again               again               again
429                         again               again               again
425                         again               again               stop
408, 5xx                    again               outcome unknown     outcome unknown
broken or garbled answer    again               outcome unknown     outcome unknown
any other refusal           stop                stop                stop
==========================  ==================  ==================  ==================

``ALWAYS`` is every read, and the contact upsert; ``WHEN_REFUSED`` creates a contact; ``WHEN_NOT_RUN`` is a
new folder, list or import, of which a second one would be one too many.
"""

from __future__ import annotations

from email_contacts.api.endpoints import Repeat
from email_contacts.api.errors import ContactsApiError, NotSent, RateLimited, Unavailable

#: How often a call is made at most, the first time included.
ATTEMPTS = 4

_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 8.0

_TOO_MANY_REQUESTS = 429
_TOO_EARLY = 425
_REQUEST_TIMEOUT = 408


def status_is_uncertain(status: int) -> bool:
    """Return whether the platform may have worked: a proxy's 524 only says that it got tired of waiting."""
    return status == _REQUEST_TIMEOUT or status >= 500


def may_repeat_after(status: int, repeat: Repeat) -> bool:
    """Look a refusal up in the table."""
    if status == _TOO_MANY_REQUESTS:
        return True
    if status == _TOO_EARLY:
        return repeat is not Repeat.WHEN_NOT_RUN
    return repeat is Repeat.ALWAYS and status_is_uncertain(status)


def is_worth_repeating(error: ContactsApiError, *, attempt: int) -> bool:
    """Return whether the client itself makes the call again after this error.

    :param attempt: how often it was made by now.
    """
    return attempt < ATTEMPTS and isinstance(error, (NotSent, RateLimited, Unavailable)) and not error.lasting


def pause(error: ContactsApiError, attempt: int, *, chance: float) -> float:
    """Seconds to wait before a call is made again: as long as the platform asks for, or a back-off.

    A rate limit without advice takes the longest back-off from the first attempt on, as it takes longer to
    pass than a fault.

    :param error: what the last attempt came to.
    :param attempt: how often the call was made by now.
    :param chance: from 0 up to 1.
    """
    if isinstance(error, RateLimited):
        return error.retry_after or backoff(ATTEMPTS, chance=chance)
    return max(error.retry_after, backoff(attempt, chance=chance))


def backoff(attempt: int, *, chance: float) -> float:
    """Seconds to wait after so many attempts: doubling, capped, and spread by chance over its upper half.

    :param chance: from 0 up to 1.
    """
    longest = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** (attempt - 1))
    return longest * (0.5 + chance / 2)
