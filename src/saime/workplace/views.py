"""The workplace: sign in, deliver, receipts."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from saime.core.errors import NotFound, TryLater
from saime.core.warehouse.keys import receiving_recipient
from saime.workplace import receipts
from saime.workplace.access import BEARER, inside, wants_json
from saime.workplace.deliveries import receive
from saime.workplace.forms import EXAMPLES, DeliveryForm, SignInForm
from saime.workplace.models import Channel, Receipt, ReceiptState
from saime.workplace.roles import DELIVER, ROLE_NAMES, SEE_ALL_RECEIPTS
from saime.workplace.waiting import keep

RECEIPTS_ON_A_PAGE = 25
STATUS = {
    ReceiptState.RECEIVED: HTTPStatus.ACCEPTED,
    ReceiptState.LOADING: HTTPStatus.ACCEPTED,
    ReceiptState.LOADED: HTTPStatus.CREATED,
    ReceiptState.CORRECTED: HTTPStatus.CREATED,
    ReceiptState.ALREADY_LOADED: HTTPStatus.OK,
    ReceiptState.REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
}


class SignIn(LoginView):
    form_class = SignInForm
    template_name = "workplace/sign_in.html"
    redirect_authenticated_user = True


@inside()
def home(request: HttpRequest) -> HttpResponse:
    roles = [ROLE_NAMES[group.name] for group in request.user.groups.order_by("name") if group.name in ROLE_NAMES]
    return render(request, "workplace/home.html", {"roles": roles})


@inside(DELIVER, with_key=True)
def deliver(request: HttpRequest) -> HttpResponse:
    """The form, and what comes from it or from a script."""
    if request.method != "POST":
        return _show_form(request, DeliveryForm(user=request.user), HTTPStatus.OK)
    form = DeliveryForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid():
        return _answer_faulty_form(request, form)
    channel = Channel.API if request.headers.get("Authorization", "").startswith(BEARER) else Channel.PAGE
    is_large = form.given.size > settings.ENVIRONMENT.upload_at_once_mib << 20
    take = keep if is_large else receive
    try:
        receipt = take(form.given, user=request.user, channel=channel, at=timezone.now())
    except TryLater as reason:
        raise _try_later(reason) from reason
    if not wants_json(request):
        return redirect("receipt", receipt.pk)
    response = _as_json(receipt, STATUS[ReceiptState(receipt.state)])
    response["Location"] = reverse("receipt", args=[receipt.pk])
    return response


@inside(DELIVER, SEE_ALL_RECEIPTS)
def receipt_list(request: HttpRequest) -> HttpResponse:
    found = Receipt.of(request.user).select_related("user")
    page = Paginator(found, RECEIPTS_ON_A_PAGE).get_page(request.GET.get("page"))
    rows = [(one, receipts.feed_title(one.feed, _language()), receipts.state_in_words(one)) for one in page]
    return render(request, "workplace/receipt_list.html", {"page": page, "rows": rows})


@inside(DELIVER, SEE_ALL_RECEIPTS, with_key=True)
def receipt_page(request: HttpRequest, receipt_id: int) -> HttpResponse:
    receipt = _find_receipt(request, receipt_id)
    if wants_json(request):
        return _as_json(receipt, HTTPStatus.OK)
    context = {
        "receipt": receipt,
        "state": receipts.state_in_words(receipt),
        "refusal": receipts.refusal(receipt, _language()),
        "facts": receipts.facts(receipt, _language()),
        "faults": receipts.faults(receipt, _language()),
    }
    return render(request, "workplace/receipt.html", context)


@inside(DELIVER, SEE_ALL_RECEIPTS, with_key=True)
def receipt_file(request: HttpRequest, receipt_id: int, extension: str) -> HttpResponse:
    receipt = _find_receipt(request, receipt_id)
    if extension == "json":
        response: HttpResponse = _as_json(receipt, HTTPStatus.OK)
    else:
        response = HttpResponse(receipts.as_text(receipt, _language()), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="receipt-{receipt.number}.{extension}"'
    return response


def _show_form(request: HttpRequest, form: DeliveryForm, status: int) -> HttpResponse:
    context = {
        "form": form,
        "examples": ", ".join(EXAMPLES.values()),
        "limit": settings.ENVIRONMENT.upload_limit_mib,
        "at_once": settings.ENVIRONMENT.upload_at_once_mib,
        "recipient": receiving_recipient(settings.ENVIRONMENT.keys),
    }
    return render(request, "workplace/delivery_form.html", context, status=status)


def _answer_faulty_form(request: HttpRequest, form: DeliveryForm) -> HttpResponse:
    too_large = "file" in form.errors and getattr(request.FILES.get("file"), "is_too_large", False)
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.BAD_REQUEST
    if not wants_json(request):
        return _show_form(request, form, status)
    told = [f"{field}: {fault}" for field, faults in form.errors.items() for fault in faults]
    error = {"what": " ".join(told), "where": ", ".join(form.errors), "fix": str(_("Correct these fields and send the file again."))}
    return JsonResponse({"error": error}, status=status, json_dumps_params={"ensure_ascii": False})


def _try_later(reason: TryLater) -> TryLater:
    what = _("Another delivery is being loaded, or there is no room on the disk")
    later = TryLater(what, fix=_("nothing was changed; deliver the file again in a few minutes"))
    later.where = reason.where
    return later


def _find_receipt(request: HttpRequest, receipt_id: int) -> Receipt:
    """Raises: NotFound, the same for one that does not exist and one that is somebody else's."""
    found = Receipt.of(request.user).select_related("user").filter(pk=receipt_id).first()
    if found is None:
        raise NotFound(_("There is no such receipt among yours"), fix=_("choose one from the list of receipts"))
    return found


def _as_json(receipt: Receipt, status: int) -> JsonResponse:
    return JsonResponse(receipts.as_json(receipt), status=status, json_dumps_params={"ensure_ascii": False, "indent": 1})


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
