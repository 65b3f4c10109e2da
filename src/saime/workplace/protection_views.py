"""The pages where a statistician sees a table with its unprotected counts and tries settings of its protection."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from saime.core.errors import BadInput, NotFound, Refused
from saime.core.protection import TableToProtect
from saime.core.tabulation.plan import TabulationPlan, ThresholdProtection
from saime.production.output_report import find_beside_earlier
from saime.production.services import Production, plan_metadata
from saime.production.trials import Trial, try_protection
from saime.workplace.access import inside
from saime.workplace.deliveries import open_pack
from saime.workplace.models import UnprotectedView
from saime.workplace.protection_form import ProtectionForm, Shown, as_yaml
from saime.workplace.protection_words import STATES, TrialWords
from saime.workplace.release_words import beside_earlier
from saime.workplace.roles import SEE_UNPROTECTED

CELLS_ON_A_PAGE = 100
VIEWS_SHOWN = 25


@inside(SEE_UNPROTECTED)
def protection_list(request: HttpRequest) -> HttpResponse:
    plans = [(plan.dataset, plan.title.in_language(_language())) for plan in _plans()]
    views = UnprotectedView.objects.select_related("user")[:VIEWS_SHOWN]
    return render(request, "workplace/protection_list.html", {"plans": plans, "views": views})


@inside(SEE_UNPROTECTED)
def protection_page(request: HttpRequest, plan_id: str) -> HttpResponse:
    """The table under the plan's settings, or under those that were posted; nothing is stored but who looked, when and at what."""
    plan = _find_plan(plan_id)
    UnprotectedView.objects.create(user=request.user, at=timezone.now(), plan=plan.dataset)
    production = _production()
    saved = _saved(production, plan)
    structure = saved.table.structure
    if request.method != "POST":
        return _show(request, plan, ProtectionForm.showing(plan.protection, structure), saved, saved)
    form = ProtectionForm(request.POST, structure=structure)
    tried = _tried(production, plan, form) if form.is_valid() else None
    if tried is None:
        return _show(request, plan, form, saved, saved, status=HTTPStatus.BAD_REQUEST)
    return _show(request, plan, ProtectionForm.showing(tried.rule, structure), tried, saved)


def _tried(production: Production, plan: TabulationPlan, form: ProtectionForm) -> Trial | None:
    """None where nothing protects the table with these settings; the form says so."""
    try:
        return try_protection(production, plan, form.rule)
    except Refused as refusal:
        fault = _("With these settings there are cells that nothing protects ({where}). Join codes, or choose another minimum.")
        form.add_error(None, format_lazy(fault, where=refusal.where))
        return None


def _saved(production: Production, plan: TabulationPlan) -> Trial:
    try:
        return try_protection(production, plan, plan.protection)
    except BadInput as fault:
        what = _("The table cannot be counted with the plan and the deliveries as they are")
        raise NotFound(what, where=fault.where, fix=_("saime tabulate tells what is missing")) from fault


def _show(request: HttpRequest, plan: TabulationPlan, form: ProtectionForm, trial: Trial, saved: Trial, status: int = 200) -> HttpResponse:
    shown = Shown(request.POST, trial.table.structure)
    words = TrialWords(trial, saved, _language())
    places = [place for place, cell in enumerate(trial.table.structure.cells()) if shown.holds(cell)]
    if shown.only_withheld:
        places = [place for place in places if place in trial.withheld]
    page = Paginator(places, CELLS_ON_A_PAGE).get_page(shown.page)
    context = {
        "plan": plan,
        "title": plan.title.in_language(_language()),
        "form": form,
        "words": words,
        "beside_earlier": _beside_earlier(plan, trial, words),
        "rows": words.rows(page, shown.codes),
        "page": page,
        "filters": _filters(shown),
        "shown": shown,
        "states": STATES.values(),
        "yaml": as_yaml(trial.rule),
        "is_saved": trial.rule == plan.protection,
    }
    return render(request, "workplace/protection.html", context, status=status)


def _beside_earlier(plan: TabulationPlan, trial: Trial, words: TrialWords) -> list[dict[str, Any]]:
    production = _production()
    metadata = plan_metadata(production, plan, production.facts(plan))
    found = find_beside_earlier(production, TableToProtect(trial.table, trial.rule, metadata))
    return beside_earlier(found, lambda cell: words.name(trial.table.structure.position(cell)), _language())


def _filters(shown: Shown) -> list[dict[str, Any]]:
    """A choice of one code, or of all, for each dimension with several."""
    return [
        {
            "id": dimension.id,
            "label": dimension.label.in_language(_language()),
            "codes": [(code.id, code.label.in_language(_language())) for code in dimension.codes],
            "chosen": shown.codes.get(dimension.id, ""),
        }
        for dimension in shown.structure.dimensions
        if len(dimension.codes) > 1
    ]


def _plans() -> list[TabulationPlan]:
    """The plans that are released and count distinct persons; the other measures have another kind of protection."""
    plans = [plan for plan in open_pack().released_plans if isinstance(plan.protection, ThresholdProtection)]
    return [plan for plan in plans if plan.measure.count == "distinct" and plan.unit == "person"]


def _find_plan(plan_id: str) -> TabulationPlan:
    found = next((plan for plan in _plans() if plan.dataset == plan_id), None)
    if found is None:
        raise NotFound(_("There is no such plan among those that are released"), where=plan_id, fix=_("choose one from the list"))
    return found


def _production() -> Production:
    return Production.in_home(settings.ENVIRONMENT.home, open_pack())


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
