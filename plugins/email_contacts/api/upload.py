"""The body of a request, which knows how far it was handed to the socket.

Knows what it takes for the platform to have a whole request; must not import an HTTP library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

_BLOCK_BYTES = 65_536


class Upload:
    """A body that ``requests`` reads like a file, once.

    Its last byte goes out separately, and :attr:`is_handed_over` is set before that byte is given. As long as
    it is not set, the platform cannot have the whole request, whatever broke and whatever the error is
    called. From then on it may have it.

    :param body: at least one byte.
    :param before_last_byte: called when everything but the last byte is out. What it raises keeps the last
        byte back, and is kept as :attr:`held_back_by`: the platform never has the whole request.
    """

    def __init__(self, body: bytes, before_last_byte: Callable[[], None] | None = None) -> None:
        self._body = body
        self._before_last_byte = before_last_byte
        self._position = 0
        #: Why the last byte was held back; None where it was not.
        self.held_back_by: Exception | None = None
        #: Whether all of the request may have reached the platform.
        self.is_handed_over = False

    def __len__(self) -> int:
        return len(self._body)

    def read(self, size: int = _BLOCK_BYTES) -> bytes:
        """Return the next bytes; none at the end."""
        last = len(self._body) - 1
        start = self._position
        size = size if size > 0 else len(self._body)
        end = min(start + size, last) if start < last else len(self._body)
        if end > last and not self.is_handed_over and self._before_last_byte is not None:
            try:
                self._before_last_byte()
            except Exception as error:
                self.held_back_by = error
                raise
        self._position = end
        self.is_handed_over = self.is_handed_over or end > last
        return self._body[start:end]

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes block by block; it makes ``requests`` read the body while it is sent."""
        return iter(self.read, b"")
