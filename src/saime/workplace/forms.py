"""The forms of the workplace: sign in, deliver."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from saime.core.errors import BadInput
from saime.core.model.period import Period
from saime.core.warehouse.faults import holds_personal_code
from saime.workplace import people
from saime.workplace.deliveries import Given, open_pack
from saime.workplace.models import Verdict
from saime.workplace.receipts import feed_title
from saime.workplace.release_words import VERDICTS

EXAMPLES = {"A": "2022", "Q": "2022-Q1", "M": "2022-06", "D": "2022-06-30"}


class SignInForm(AuthenticationForm):
    """Django's own, with a limit of attempts."""

    error_messages = {
        "invalid_login": _("The name or the password is not right. Capital letters matter."),
        "inactive": _("The name or the password is not right. Capital letters matter."),
        "too_many": _("Too many attempts. Wait 15 minutes, then try again."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["password"].label = _("Password")
        for field in self.fields.values():
            field.error_messages["required"] = format_lazy(_("Fill in: {label}"), label=field.label)

    def clean(self) -> dict[str, Any]:
        name, address = self.cleaned_data.get("username"), self.request.META.get("REMOTE_ADDR", "")
        if not name or not self.cleaned_data.get("password"):
            return self.cleaned_data
        attempt = people.begin_attempt(name, address, timezone.now())
        if attempt is None:
            raise ValidationError(self.error_messages["too_many"], code="too_many")
        cleaned = super().clean()
        people.end_attempts(attempt)
        return cleaned


class DeliveryForm(forms.Form):
    """A file of a feed that the user may deliver, for a period of the length that the feed has."""

    feed = forms.ChoiceField(label=_("Feed"))
    period = forms.CharField(label=_("Period"), max_length=10)
    file = forms.FileField(label=_("File"), allow_empty_file=True, max_length=255)
    replace = forms.BooleanField(label=_("This delivery corrects the one that is loaded for the same feed and period"), required=False)
    synthetic = forms.BooleanField(label=_("The data are made up, for a trial"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = open_pack().names("feeds")
        feeds = [one.feed for one in user.stewarded_feeds.all() if one.feed in known]
        choices = [(feed, feed_title(feed, get_language() or "lv")) for feed in feeds]
        self.fields["feed"].choices = [("", _("Choose a feed")), *choices]
        self._name_the_faults(", ".join(feeds) or "–")

    def _name_the_faults(self, feeds: str) -> None:
        self.fields["feed"].error_messages |= {
            "required": _("Choose the feed that the file belongs to"),
            "invalid_choice": format_lazy(_("There is no such feed, or you may not deliver it. You may deliver: {feeds}"), feeds=feeds),
        }
        self.fields["period"].error_messages["required"] = _("Write the period that the data are about")
        self.fields["file"].error_messages |= {"required": _("Choose a file"), "max_length": _("The file's name is too long")}

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.is_too_large:
            limit = settings.ENVIRONMENT.upload_limit_mib
            fault = _("The file is larger than {limit} MiB. Hand it in through the drop folder.")
            raise ValidationError(format_lazy(fault, limit=limit))
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "feed" in cleaned and "period" in cleaned:
            self._check_period(open_pack().feed(cleaned["feed"]).period, cleaned["period"])
        return cleaned

    def _check_period(self, frequency: str, period: str) -> None:
        try:
            meant = Period.parse(period)
        except BadInput:
            meant = None
        if meant is None or meant.frequency != frequency:
            fault = _("Write the period as this feed has it, for example {example}")
            self.add_error("period", format_lazy(fault, example=EXAMPLES[frequency]))
        elif meant.start > timezone.now().date():
            self.add_error("period", _("This period has not begun yet"))

    @property
    def given(self) -> Given:
        """What was delivered, of a form without faults."""
        told = self.cleaned_data
        file = told["file"]
        return Given(told["feed"], told["period"], file.name, file.path, file.size, file.sha256, told["synthetic"], told["replace"])


class ReviewForm(forms.Form):
    """A decision about a candidate; returning it or remarking on it takes words."""

    verdict = forms.ChoiceField(label=_("Decision"), choices=[(verdict, VERDICTS[verdict]) for verdict in Verdict])
    text = forms.CharField(label=_("Comment"), max_length=5000, required=False)
    seen = forms.CharField(max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for fault in ("required", "invalid_choice"):
            self.fields["verdict"].error_messages[fault] = _("Choose a decision")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("verdict") in {Verdict.RETURNED, Verdict.COMMENT} and not cleaned.get("text"):
            self.add_error("text", _("Say why, in a few words"))
        return cleaned

    def clean_text(self) -> str:
        return _without_personal_code(self.cleaned_data["text"])


class AcceptanceForm(forms.Form):
    """Why a load may be published as it links; ``seen`` is the digest of the report that the page showed."""

    reason = forms.CharField(label=_("Reason for the acceptance"), max_length=2000)
    seen = forms.CharField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        faults = {"required": _("Say why the load may be published as it links"), "max_length": _("Write at most 2000 characters")}
        self.fields["reason"].error_messages |= faults

    def clean_reason(self) -> str:
        return _without_personal_code(self.cleaned_data["reason"])


def _without_personal_code(words: str) -> str:
    if holds_personal_code(words):
        raise ValidationError(_("Leave the personal code out: these words are kept on record"))
    return words
