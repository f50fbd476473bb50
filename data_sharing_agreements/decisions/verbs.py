"""Which rules each verb must pass, all of them.

Belongs here: one table, from the words of `Verb` to rules. Does not: the rules
themselves (`rules.py`, `rules_time.py`).

Verbs of use need every document concerned in force. Verbs of upkeep (restrict, keep,
backup, destroy) use nobody's data: they are there to keep it safe, to hold rows back and
to end it, and so must work after an agreement has ended too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from data_sharing_agreements.decisions import rules, rules_time
from data_sharing_agreements.decisions.case import Case
from data_sharing_agreements.vocabulary import Verb

Rule = Callable[[Case], None]

_USE: tuple[Rule, ...] = (
    rules.sources_have_agreements,
    rules_time.documents_in_force,
    rules_time.before_destruction,
    rules.purpose_permitted,
    rules.use_not_prohibited,
    rules_time.period_licensed,
)

_LINK: tuple[Rule, ...] = (*_USE, rules.purpose_named, rules.linkage_permitted)

_PROJECT: tuple[Rule, ...] = (
    rules.project_has_license,
    *_USE,
    rules.sources_in_license,
    rules.fields_in_license,
    rules.project_linkage_permitted,
)

_SHOW: tuple[Rule, ...] = (*_PROJECT, rules.form_named, rules.form_permitted)

_PREPARE: tuple[Rule, ...] = (*_PROJECT, rules.form_named, rules.output_permitted, rules.public_permitted)

RULES: Mapping[Verb, tuple[Rule, ...]] = {
    Verb.INGEST: (*_USE, rules.fields_named, rules.fields_in_agreements),
    Verb.ENCODE: (*_LINK, rules.fields_named, rules.fields_in_agreements),
    Verb.LINK: _LINK,
    Verb.EVALUATE: _LINK,
    Verb.REVIEW: (*_LINK, rules.actor_named),
    Verb.BUILD: (*_PROJECT, rules.fields_named, rules.form_permitted),
    Verb.SHOW: _SHOW,
    Verb.PREPARE: _PREPARE,
    Verb.QUERY: (*_SHOW, rules.recipient_named),
    Verb.RELEASE: (
        *_PROJECT,
        rules.recipient_named,
        rules.form_named,
        rules.output_permitted,
        rules.rows_may_go_on,
        rules_time.review_over,
    ),
    Verb.EXPORT: (*_PREPARE, rules_time.review_over),
    Verb.REPORT: _USE,
    Verb.RESTRICT: (rules.sources_have_agreements, rules.restriction_taken),
    Verb.KEEP: (rules.kept_in_order,),
    Verb.BACKUP: (rules.kept_in_order,),
    Verb.DESTROY: (rules.something_to_destroy,),
}
"""Which rules each verb must pass, all of them."""
