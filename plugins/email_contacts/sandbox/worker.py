"""The thread behind the imports: takes each from queued over in process to its end, and calls notifyUrls.

All it knows stands in the database: after a kill it continues with the next row that is not done. It writes
some thousand rows, lets others have their turn, looks after the other imports, and goes on.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from sqlite3 import Row

from email_contacts.sandbox import attribute_rows, callbacks, clock, importing, process_rows, rows
from email_contacts.sandbox.database import Database
from email_contacts.sandbox.knobs import Knobs
from email_contacts.sandbox.process_rows import ImportOrder

logger = logging.getLogger(__name__)

_LONGEST_NAP = 0.5


class Worker:
    """Runs the imports of one account, one batch of rows at a time.

    :param database: where they stand.
    :param knobs: returns the knobs as they are at the moment.
    """

    def __init__(self, database: Database, *, knobs: Callable[[], Knobs]) -> None:
        self.spool = database.path.with_name(database.path.name + "-imports")
        self.spool.mkdir(exist_ok=True)
        self._database = database
        self._knobs = knobs
        self._callbacks = callbacks.Callbacks()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._open: tuple[int, Iterator[rows.SourceRow]] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, with the imports that an earlier run left unfinished."""
        self._sweep()
        self._thread = threading.Thread(target=self._run, name="sandbox-imports", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now: an import was accepted or a knob was turned."""
        self._woken.set()

    def stop(self) -> None:
        """End after the present batch of rows; what is left is done after the next start."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
        self._close_source()
        self._callbacks.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep still and forget every import: the caller is about to empty the database."""
        with self._turn:
            self._close_source()
            yield
            self._sweep()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            with self._turn:
                pause = self._step()
            if pause:
                self._woken.wait(pause)

    def _step(self) -> float:
        """Do what is due and return how long there is nothing more to do, in seconds."""
        knobs, now = self._knobs(), clock.now_ms()
        with self._database.reading() as connection:
            processes = process_rows.unfinished(connection)
            unheard = connection.execute(
                "SELECT * FROM processes WHERE notified = 0 AND stage = 'finished' ORDER BY id"
            ).fetchall()
        pause = _LONGEST_NAP
        for process in unheard:
            pause = min(pause, self._notify(process, knobs, now))
        busy = False
        for process in processes:
            if process["stage"] == "queued":
                if knobs.hold != "queued":
                    pause = min(pause, self._begin(process, knobs, now))
            elif process["rows_left"]:
                # One import at a time, the oldest first; the others wait in process.
                if not busy:
                    self._advance(process, knobs)
                busy = True
            elif knobs.hold != "in_process":
                pause = min(pause, self._finish(process, knobs, now))
        return 0.0 if busy else pause

    def _begin(self, process: Row, knobs: Knobs, now: int) -> float:
        wait: float = process["created_ms"] / 1000 + knobs.queue_seconds - now / 1000
        if wait > 0:
            return wait
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE processes SET stage = 'in_process', started_ms = ? WHERE id = ?", (now, process["id"])
            )
        return 0.0

    def _advance(self, process: Row, knobs: Knobs) -> None:
        """Bring in the next rows of an import; one that cannot go on has failed."""
        try:
            self._bring_in(process, process_rows.order_of(process), knobs)
        except rows.BadSource as error:
            logger.warning("import %d: %s", process["id"], error)
            self._end(process, "failed")
        except Exception as error:  # noqa: BLE001  one bad import must not stop all that follow
            logger.error("import %d: %s", process["id"], type(error).__name__)
            self._end(process, "failed")

    def _bring_in(self, process: Row, order: ImportOrder, knobs: Knobs) -> None:
        taken = list(islice(self._source(process, order), importing.BATCH)) if knobs.imports_rows else []
        if not taken:
            with self._database.writing() as connection:
                connection.execute("UPDATE processes SET rows_left = 0 WHERE id = ?", (process["id"],))
            return
        with self._database.reading() as connection:
            readers = (
                attribute_rows.cell_readers(connection)
                if order.form == "csv"
                else attribute_rows.json_readers(connection, strict_dates=False)
            )
        candidates, rejects = importing.sifted(taken, readers)
        with self._database.writing() as connection:
            importing.apply(
                connection,
                process["id"],
                order,
                candidates,
                rejects,
                rows_done=taken[-1].number,
                knobs=knobs,
            )

    def _source(self, process: Row, order: ImportOrder) -> Iterator[rows.SourceRow]:
        """Return the rows that are not done yet; the file stays open from batch to batch."""
        if self._open is None or self._open[0] != process["id"]:
            self._close_source()
            source = rows.read(self.spool / order.source, order.form)
            next(islice(source, process["rows_done"], process["rows_done"]), None)
            self._open = (process["id"], source)
        return self._open[1]

    def _finish(self, process: Row, knobs: Knobs, now: int) -> float:
        wait: float = process["started_ms"] / 1000 + knobs.process_seconds - now / 1000
        if wait > 0:
            return wait
        if knobs.callback_mode == "before-completed":
            url = process_rows.order_of(process).notify_url
            if url and not process["notified"]:
                self._mark_notified(process)
                callbacks.call(url, process_id=process["id"], status="in_process", mode="once")
        self._end(process, knobs.final_status)
        return 0.0

    def _end(self, process: Row, final_status: str) -> None:
        order = process_rows.order_of(process)
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE processes SET stage = 'finished', rows_left = 0, final_status = ?, finished_ms = ?,"
                " notified = max(notified, ?) WHERE id = ?",
                (final_status, clock.now_ms(), order.notify_url is None, process["id"]),
            )
        if self._open is not None and self._open[0] == process["id"]:
            self._close_source()
        (self.spool / order.source).unlink(missing_ok=True)
        logger.info("import %d: %s", process["id"], final_status)

    def _notify(self, process: Row, knobs: Knobs, now: int) -> float:
        if knobs.callback_mode == "late":
            wait: float = process["finished_ms"] / 1000 + knobs.callback_delay_seconds - now / 1000
            if wait > 0:
                return wait
        # Noted before the call: a kill between the two costs a callback and never doubles one.
        self._mark_notified(process)
        url = process_rows.order_of(process).notify_url
        if url and knobs.callback_mode != "never":
            self._callbacks.send(
                url, process_id=process["id"], status=process["final_status"], mode=knobs.callback_mode
            )
        return _LONGEST_NAP

    def _mark_notified(self, process: Row) -> None:
        with self._database.writing() as connection:
            connection.execute("UPDATE processes SET notified = 1 WHERE id = ?", (process["id"],))

    def _close_source(self) -> None:
        if self._open is not None:
            with contextlib.suppress(AttributeError):
                self._open[1].close()  # type: ignore[attr-defined]
            self._open = None

    def _sweep(self) -> None:
        """Remove spooled sources that no import needs."""
        with self._database.reading() as connection:
            needed = {process_rows.order_of(each).source for each in process_rows.unfinished(connection)}
        for path in Path(self.spool).iterdir():
            if path.name not in needed:
                path.unlink()
