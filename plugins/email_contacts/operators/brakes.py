"""The operator that asks for approval before a run changes more than usual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import InvalidArgument
from email_contacts.failures import failing_at_once
from email_contacts.operators._approvals import note_approval
from email_contacts.operators._prepared_run import manifest_path, read_sizes

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath, XComArg

    from email_contacts.arguments import TextArg
    from email_contacts.contacts.staging.manifest import Manifest

FINGERPRINT = "fingerprint"
_FINGERPRINT = Param(
    "",
    type="string",
    title="Fingerprint of what was prepared",
    description="The approval holds for this only; leave it as it is.",
    source="task",
)


class CheckBrakesOperator(HITLOperator):
    """Let a prepared run continue within its limits, and ask for approval if it exceeds one of them.

    Place it between the preparation and the import. Within the limits it succeeds at once. Otherwise nothing
    is sent: the task waits, without a worker slot, until somebody approves or rejects the run under *Required
    Actions* in Airflow's UI. An approval is valid only for exactly what was prepared (the manifest's
    fingerprint), so one for another preparation is refused. Without an answer the task fails.

    :param manifest_uri: what ``PrepareContactsOperator`` pushed as ``manifest_uri``. Templated.
    :param sizes_before: what ``GetListOperator`` returned before the run: shares are of the list's contacts.
        Templated.
    :param max_changes: contacts that may be sent: a number (``5000``) or a share of the list (``"20%"``); a
        share does not apply to an empty list. None: no limit. Templated.
    :param max_rejects: rows that may be rejected: a number, or a share of the rows read. The argument of
        ``PrepareContactsOperator`` fails the run; this one asks. None: no limit. Templated.
    :param max_held_back: rows that the consent and merge guards may hold back: a number, or a share of the
        list. None: no limit. Templated.
    :param max_removals: contacts gone from the source that would be removed from the list or blacklisted: a
        number, or a share of the list. None: no limit. Templated.
    :param max_opt_outs: contacts that ``propagate_opt_outs`` would blocklist: a number, or a share of the
        rows read. None: no limit. Templated.
    :param approve_within: how long to wait for an answer. Default: a day.
    :param kwargs: also ``notifiers`` and ``assigned_users``, as for Airflow's ``HITLOperator``.
    :return: ``{"fingerprint": ..., "approved": bool}``; ``approved`` only if somebody was asked.
    """

    template_fields: Sequence[str] = (
        "manifest_uri",
        "sizes_before",
        "max_changes",
        "max_rejects",
        "max_held_back",
        "max_removals",
        "max_opt_outs",
    )

    def __init__(
        self,
        *,
        manifest_uri: TextArg,
        sizes_before: Mapping[str, Any] | Sequence[Mapping[str, Any]] | XComArg = (),
        max_changes: int | str | None = None,
        max_rejects: int | str | None = None,
        max_held_back: int | str | None = None,
        max_removals: int | str | None = None,
        max_opt_outs: int | str | None = None,
        approve_within: timedelta = timedelta(days=1),
        **kwargs: Any,
    ) -> None:
        if approve_within is not None and not (
            isinstance(approve_within, timedelta) and approve_within > timedelta(0)
        ):
            raise InvalidArgument(
                f"approve_within={approve_within!r} must be a timedelta above 0, such as timedelta(hours=4)"
            )
        # Airflow passes the DAG's parameters, which are not asked for here.
        kwargs.pop("params", None)
        super().__init__(
            subject="",
            options=[ApprovalOperator.APPROVE, ApprovalOperator.REJECT],
            params={FINGERPRINT: _FINGERPRINT},
            response_timeout=approve_within,
            **kwargs,
        )
        self.manifest_uri = manifest_uri
        self.sizes_before = sizes_before
        self.max_changes = max_changes
        self.max_rejects = max_rejects
        self.max_held_back = max_held_back
        self.max_removals = max_removals
        self.max_opt_outs = max_opt_outs

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Compare what was prepared with the limits; ask if it exceeds one."""
        manifest = self._manifest()
        over = self._exceeded(manifest)
        if manifest.overriding:
            self.log.warning("%s", manifest.overriding)
        note_approval(self._stage, manifest, is_approved=not over)
        if not over:
            self.log.info("within the limits: %d contacts are to be sent", manifest.rows.accepted)
            return {FINGERPRINT: manifest.fingerprint, "approved": False}
        self.subject = f"{context['ti'].dag_id}: more changes than usual"
        self.body = _body(manifest, over)
        self.params[FINGERPRINT] = manifest.fingerprint
        self.log.warning("held before anything is sent: %s", "; ".join(over))
        super().execute(context)
        raise AssertionError("Airflow's operator does not return: it waits for the answer")

    @failing_at_once()
    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Judge the answer.

        :raises AirflowFailException: when the run was rejected, nobody answered in time, or the approval is
            for something else.
        """
        if event.get("error_type") == "timeout":
            raise AirflowFailException(
                f"this run was not approved within {self.response_timeout}; nothing was sent. Clear this "
                "task to ask again"
            )
        answer = cast("Mapping[str, Any]", super().execute_complete(context, event))
        manifest = self._manifest()
        if ApprovalOperator.APPROVE not in answer["chosen_options"]:
            raise AirflowFailException("the run was rejected; nothing was sent")
        approved = (answer.get("params_input") or {}).get(FINGERPRINT)
        if approved != manifest.fingerprint:
            said = f"{approved[:12]}…" if approved else "nothing"
            raise AirflowFailException(
                f"the approval is for {said}, and what is prepared now is {manifest.fingerprint[:12]}…; "
                "nothing was sent. Clear this task to ask again"
            )
        note_approval(self._stage, manifest, is_approved=True)
        self.log.info("approved: %d contacts are sent", manifest.rows.accepted)
        return {FINGERPRINT: manifest.fingerprint, "approved": True}

    def _manifest(self) -> Manifest:
        from email_contacts.contacts.staging.manifest import Manifest
        from email_contacts.contacts.staging.stage import MANIFEST

        return Manifest.read(cast("Any", self._stage / MANIFEST))

    @property
    def _stage(self) -> ObjectStoragePath:
        return manifest_path(self.manifest_uri).parent

    def _exceeded(self, manifest: Manifest) -> tuple[str, ...]:
        from email_contacts.contacts.brakes import Brakes

        given = {name: None if said in ("", "None") else said for name, said in self._limits.items()}
        sizes = read_sizes(self.sizes_before)
        return Brakes.parse(given).exceeded(
            manifest.rows,
            list_size=sum(sizes.values()) if sizes else None,
            removals=manifest.changes.to_settle if manifest.changes else 0,
            opt_outs=manifest.guards.get("to_opt_out", 0),
        )

    @property
    def _limits(self) -> dict[str, Any]:
        return {
            "max_changes": self.max_changes,
            "max_rejects": self.max_rejects,
            "max_held_back": self.max_held_back,
            "max_removals": self.max_removals,
            "max_opt_outs": self.max_opt_outs,
        }


def _body(manifest: Manifest, over: Sequence[str]) -> str:
    """What the approval is based on, in Markdown; nothing personal."""
    counts = {**manifest.rows.to_json(), "held_back": sum(manifest.rows.held_back.values())}
    rows = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    lines = [*(f"- **{sentence}**" for sentence in over), f"- rows: {rows}"]
    if manifest.changes is not None:
        changes = manifest.changes
        lines.append(
            f"- {changes.new:,} new, {changes.changed:,} changed, {changes.gone:,} gone since the snapshot"
        )
        if changes.to_settle:
            lines.append(f"- gone contacts: {changes.when_gone}")
            if changes.unidentified:
                lines.append(
                    f"- {changes.unidentified:,} rejected rows have no identifier that can be read: each may "
                    "belong to one of the gone contacts"
                )
        if changes.why_full:
            lines.append(f"- every row is sent: {changes.why_full}")
    if opt_outs := manifest.guards.get("to_opt_out"):
        lines.append(f"- contacts to blocklist, because their rows say no: {opt_outs:,}")
    reasons = ", ".join(f"{rule}: {count:,}" for rule, count in list(manifest.reject_reasons.items())[:5])
    if reasons:
        lines.append(f"- rejects: {reasons}; listed in `{manifest.rejects_uri}`")
    if manifest.overriding:
        lines.append(f"- {manifest.overriding}")
    lines.append(f"- source: `{manifest.source}`")
    return "\n".join([*lines, "", "Nothing has been sent yet."])
