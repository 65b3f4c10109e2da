"""What the workplace keeps: who may deliver which feed, keys for scripts, attempts to sign in, receipts, candidates, looks at counts."""

from __future__ import annotations

from typing import Any, NoReturn, Self

from django.conf import settings
from django.db import models

from saime.core.errors import Refused
from saime.workplace.roles import ACCEPT_LINKAGE, APPROVE, DELIVER, PREPARE, SEE_ALL_RECEIPTS, SEE_UNPROTECTED

SHA256 = 64  # hexadecimal digits


class FeedSteward(models.Model):
    """A user may deliver this feed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stewarded_feeds")
    feed = models.CharField(max_length=60)

    class Meta:
        default_permissions = ()
        ordering = ["feed"]
        constraints = [models.UniqueConstraint(fields=["user", "feed"], name="one_stewardship_per_user_and_feed")]

    def __str__(self) -> str:
        return self.feed


class ApiKey(models.Model):
    """A key that a user's script signs in with. Only its SHA-256 is kept: the key is 256 random bits, so that is enough."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=SHA256, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name


class FailedSignIn(models.Model):
    """An attempt that failed, or is not decided yet. Kept as long as the limit looks back."""

    username = models.CharField(max_length=150, db_index=True)
    address = models.CharField(max_length=45)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class NeverChanged(models.QuerySet[Any]):
    """Rows that are written once."""

    def update(self, **_values: Any) -> NoReturn:
        raise _unchangeable(self.model)

    def delete(self) -> NoReturn:
        raise _unchangeable(self.model)


class Record(models.Model):
    """What is written once and kept as it is."""

    objects = NeverChanged.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise _unchangeable(type(self))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _unchangeable(type(self))


def _unchangeable(model: type[models.Model]) -> Refused:
    return Refused(f"a {model._meta.verbose_name} is never changed or removed", fix="write another one")


class ReceiptState(models.TextChoices):
    RECEIVED = "received"
    LOADING = "loading"
    LOADED = "loaded"
    CORRECTED = "corrected"
    ALREADY_LOADED = "already_loaded"
    REFUSED = "refused"

    @classmethod
    def open(cls) -> tuple[ReceiptState, ...]:
        """A large upload that waits: what becomes of it is not known yet."""
        return cls.RECEIVED, cls.LOADING


class Channel(models.TextChoices):
    PAGE = "page"
    API = "api"
    INBOX = "inbox"


class Receipt(Record):
    """What came, when, from whom, and what became of it. It names no person of the delivery.

    It is written once; that of a large upload once more, when it is known what became of it.
    ``faults`` are ``saime.core.warehouse.faults.Fault`` as JSON; ``refusal`` says what, where and fix when there are no faults to list.
    """

    received_at = models.DateTimeField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="receipts")
    channel = models.CharField(max_length=5, choices=Channel.choices)
    feed = models.CharField(max_length=60)
    period = models.CharField(max_length=10)
    file_name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=SHA256)
    synthetic = models.BooleanField()
    replace = models.BooleanField(default=False)
    state = models.CharField(max_length=14, choices=ReceiptState.choices)
    rows_accepted = models.BigIntegerField(default=0)
    rows_refused = models.BigIntegerField(default=0)
    load_id = models.CharField(max_length=120, blank=True)
    replaces = models.CharField(max_length=120, blank=True)
    quarantine_id = models.CharField(max_length=120, blank=True)
    faults = models.JSONField(default=list)
    refusal = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        permissions = [(DELIVER, "May deliver the feeds that are named for the user"), (SEE_ALL_RECEIPTS, "May see everybody's receipts")]
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="a_load_or_a_refusal",
                condition=models.Q(state__in=["received", "loading", "refused"], load_id="", rows_accepted=0)
                | (~models.Q(state__in=["received", "loading", "refused"]) & ~models.Q(load_id="")),
            ),
            models.CheckConstraint(
                name="who_delivered_is_known", condition=models.Q(channel=Channel.INBOX, user=None) | models.Q(user__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"{self.received_at:%Y}-{self.pk:06d}"

    @property
    def is_refused(self) -> bool:
        return self.state == ReceiptState.REFUSED

    @property
    def is_open(self) -> bool:
        return self.state in ReceiptState.open()

    def move_to(self, state: ReceiptState, **became: Any) -> Self:
        """Say what is being done with a delivery that waits, or what became of it. Raises: Refused if that is known already."""
        if not models.QuerySet(type(self)).filter(pk=self.pk, state__in=ReceiptState.open()).update(state=state, **became):
            raise _unchangeable(type(self))
        self.refresh_from_db()
        return self

    @property
    def has_warnings(self) -> bool:
        """It was loaded, and something in it is worth correcting."""
        return not self.is_refused and bool(self.faults)

    @classmethod
    def of(cls, user: Any) -> models.QuerySet[Self]:
        """The receipts that a user may see: their own, or all."""
        sees_all = user.has_perm(f"workplace.{SEE_ALL_RECEIPTS}")
        return cls.objects.all() if sees_all else cls.objects.filter(user=user)


class Candidate(models.Model):
    """A release in the making. There is one open at a time; its content is that of its latest preparation."""

    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    release_id = models.CharField(max_length=40, blank=True)

    class Meta:
        default_permissions = ()
        permissions = [
            (PREPARE, "May prepare and publish releases"),
            (APPROVE, "May approve or return releases"),
            (ACCEPT_LINKAGE, "May accept loads that link worse than their contract allows"),
        ]
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="published_with_time_user_and_release",
                condition=models.Q(published_at=None, published_by=None, release_id="")
                | (models.Q(published_at__isnull=False, published_by__isnull=False) & ~models.Q(release_id="")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Preparation(Record):
    """A bundle of datasets as one user prepared it; ``bundle`` has the digest of each dataset by id.

    ``reports`` are ``saime.production.output_report.DatasetReport`` as JSON, in the order of the datasets. Inside only.
    """

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="preparations")
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    bundle = models.JSONField()
    bundle_digest = models.CharField(max_length=SHA256)
    reports = models.JSONField()

    class Meta:
        default_permissions = ()
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.candidate_id}: {self.bundle_digest[:12]}"


class Verdict(models.TextChoices):
    APPROVED = "approved"
    RETURNED = "returned"
    COMMENT = "comment"


class Review(Record):
    """What somebody decided or remarked about a preparation; ``prepared_by`` repeats its user, so that the database can compare."""

    preparation = models.ForeignKey(Preparation, on_delete=models.PROTECT, related_name="reviews")
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    text = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="nobody_approves_what_they_prepared", condition=~models.Q(verdict=Verdict.APPROVED, user=models.F("prepared_by"))
            ),
            models.CheckConstraint(
                name="only_an_approval_needs_no_words", condition=models.Q(verdict=Verdict.APPROVED) | ~models.Q(text="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict}, {self.at:%Y-%m-%d %H:%M}"


class UnprotectedView(Record):
    """A user was shown the unprotected counts of a plan's table."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    plan = models.CharField(max_length=100)

    class Meta:
        default_permissions = ()
        permissions = [(SEE_UNPROTECTED, "May see unprotected counts")]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.plan}, {self.at:%Y-%m-%d %H:%M}"
