"""What all operators of this package share: a connection, a hook, and errors in Airflow's terms."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseOperator, Context
from airflow.sdk.exceptions import XComNotFound

from email_contacts.connection import DEFAULT_CONN_ID
from email_contacts.hook import ContactsHook
from email_contacts.lineage import Lineage
from email_contacts.operators._personal import hidden

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk.definitions.mappedoperator import OperatorPartial


class ContactsOperator(BaseOperator):
    """An operator that talks to the Contacts API.

    Its ``execute`` is decorated with :func:`email_contacts.failures.failing_at_once`, so that errors that no
    retry can fix (wrong key, unknown id, refused argument) fail the task at once.

    :param conn_id: a connection of type ``email_contacts``. Templated.
    """

    template_fields: Sequence[str] = ("conn_id",)
    #: Template fields whose rendered values Airflow must not show in its log or UI.
    concealed_fields: Sequence[str] = ()
    #: Assets that are outlets of every task, and inlets, besides those that its DAG names.
    own_outlets: Sequence[Asset] = ()
    own_inlets: Sequence[Asset] = ()
    #: The page of the list that the task was about, on the platform; what a ``ListLink`` opens.
    list_page = ""
    #: Whether the task also follows tasks that failed: an XCom that one of them did not push is None.
    follows_failures = False
    #: What the task has read and written so far.
    lineage = Lineage()
    ui_color = "#e8f1fb"
    _is_rendering = False

    def __init__(self, *, conn_id: str = DEFAULT_CONN_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.outlets = _all_of(self.outlets, self.own_outlets)
        self.inlets = _all_of(self.inlets, self.own_inlets)

    @classmethod
    def partial(cls, **kwargs: Any) -> OperatorPartial:
        """Begin a mapped task: Airflow looks for its assets here, before it makes the operator."""
        mapped = super().partial(**kwargs)  # which knows the default arguments of its DAG
        for name, own in (("outlets", cls.own_outlets), ("inlets", cls.own_inlets)):
            if own:
                mapped.kwargs[name] = _all_of(mapped.kwargs.get(name) or (), own)
        return mapped

    @cached_property
    def hook(self) -> ContactsHook:
        """The hook of this task's connection."""
        return ContactsHook(conn_id=self.conn_id)

    def conceal(self, name: str, value: Any) -> Any:
        """Make of the rendered value of one of ``concealed_fields`` what Airflow may store and show."""
        return hidden(value)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Give OpenLineage's provider what the task read and wrote; also when it failed."""
        return self.lineage.facets()

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value; what Airflow assigns to this task from now on is rendered."""
        self._is_rendering = True
        try:
            return super().render_template(content, context, jinja_env, seen_oids)
        except XComNotFound:
            if not self.follows_failures:
                raise
            return None

    def __setattr__(self, name: str, value: Any) -> None:
        """Conceal a rendered value before Airflow stores what was rendered.

        Here, as Airflow assigns every rendered field, of a mapped task too, for which it does not call
        ``render_template_fields``.
        """
        if self._is_rendering and name in self.concealed_fields:
            value = self.conceal(name, value)
        super().__setattr__(name, value)


def _all_of(given: Any, own: Sequence[Asset]) -> list[Any]:
    # Airflow takes a single one, too.
    named = list(given) if isinstance(given, (list, tuple, set)) else [given]
    return [*named, *(asset for asset in own if asset not in named)]
