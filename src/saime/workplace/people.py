"""Users, their roles, keys for scripts, and the limit of attempts to sign in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from saime.core.errors import BadInput, NotFound, Refused
from saime.workplace.models import ApiKey, FailedSignIn, FeedSteward
from saime.workplace.roles import ROLES

LOOK_BACK = timedelta(minutes=15)
MOST_FAILURES = 5  # of one name from one address, within LOOK_BACK
MOST_FAILURES_ANYWHERE = 50  # of one name, or from one address
KEY_PREFIX = "saime_"


def add_user(name: str, password: str, roles: Iterable[str], feeds: Iterable[str], known_feeds: Iterable[str]) -> User:
    """Raises: Refused if the name is taken; BadInput for an unfit name or password, or an unknown role or feed."""
    roles, feeds = list(roles), list(feeds)
    _check_known("role", roles, ROLES)
    _check_known("feed", feeds, known_feeds)
    if get_user_model().objects.filter(username=name).exists():
        raise Refused(f"there is a user '{name}' already", fix="choose another name, or give the user a new password: saime user password")
    user = User(username=name)
    _set_password(user, password)
    _check(user.full_clean, f"user '{name}'")
    with transaction.atomic():
        user.save()
        user.groups.set(Group.objects.filter(name__in=roles))
        FeedSteward.objects.bulk_create(FeedSteward(user=user, feed=feed) for feed in feeds)
    return user


def change_password(name: str, password: str) -> None:
    """The user's sessions end. Raises: NotFound; BadInput for an unfit password."""
    user = find_user(name)
    _set_password(user, password)
    user.save()


def disable_user(name: str, at: datetime) -> None:
    """The user can no longer sign in, and their sessions and keys end; their receipts and decisions stay. Raises: NotFound."""
    user = find_user(name)
    user.is_active = False
    with transaction.atomic():
        user.save()
        user.api_keys.filter(revoked_at=None).update(revoked_at=at)


@dataclass(frozen=True)
class UserRow:
    """``keys`` in force, by number and name."""

    name: str
    roles: tuple[str, ...]
    feeds: tuple[str, ...]
    keys: tuple[tuple[int, str], ...]
    is_active: bool


def list_users() -> list[UserRow]:
    return [
        UserRow(
            user.get_username(),
            tuple(user.groups.order_by("name").values_list("name", flat=True)),
            tuple(user.stewarded_feeds.values_list("feed", flat=True)),
            tuple(user.api_keys.filter(revoked_at=None).order_by("id").values_list("id", "name")),
            user.is_active,
        )
        for user in User.objects.order_by("username")
    ]


def find_user(name: str) -> User:
    """Raises: NotFound."""
    user = User.objects.filter(username=name).first()
    if user is None:
        raise NotFound(f"there is no user '{name}'", fix="saime user list shows the names")
    return user


def new_api_key(user: User, name: str, at: datetime) -> str:
    """Make a key for a script and return it; it cannot be shown again."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    ApiKey.objects.create(user=user, name=name, digest=_digest(key), created_at=at)
    return key


def revoke_api_key(user: User, key_id: int, at: datetime) -> None:
    """Raises: NotFound if the user has no such key in force."""
    if not user.api_keys.filter(pk=key_id, revoked_at=None).update(revoked_at=at):
        raise NotFound(f"the user has no key {key_id}", fix="saime user list shows the keys in force")


def user_of_key(key: str) -> User | None:
    """The active user whose key this is."""
    found = ApiKey.objects.filter(digest=_digest(key), revoked_at=None, user__is_active=True).select_related("user").first()
    return found.user if found else None


def begin_attempt(username: str, address: str, at: datetime) -> FailedSignIn | None:
    """Note an attempt to sign in as failed until it succeeds (``end_attempts``); None if there were too many.

    It is noted before the password is looked at, so that attempts at the same time count too.
    """
    FailedSignIn.objects.filter(at__lt=at - LOOK_BACK).delete()
    name = username[:150].casefold()
    near = FailedSignIn.objects.filter(Q(username=name) | Q(address=address)).values_list("username", "address")
    same_both = sum(pair == (name, address) for pair in near)
    same_name, same_address = sum(pair[0] == name for pair in near), sum(pair[1] == address for pair in near)
    if same_both >= MOST_FAILURES or max(same_name, same_address) >= MOST_FAILURES_ANYWHERE:
        return None
    return FailedSignIn.objects.create(username=name, address=address, at=at)


def sign_in(username: str, password: str, address: str, at: datetime) -> User:
    """The user who says so by name and password, for commands. Raises: Refused if it is not right or was tried too often."""
    attempt = begin_attempt(username, address, at)
    if attempt is None:
        raise Refused("too many attempts", where=f"user {username}", fix="wait 15 minutes")
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        raise Refused("the name or the password is not right", where=f"user {username}", fix="check both; saime user list shows the names")
    end_attempts(attempt)
    return user


def end_attempts(attempt: FailedSignIn) -> None:
    """The user is who they say: their failures from this address no longer count."""
    FailedSignIn.objects.filter(username=attempt.username, address=attempt.address).delete()


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _set_password(user: User, password: str) -> None:
    _check(lambda: validate_password(password, user), "password")
    user.set_password(password)


def _check(validate: Callable[[], None], what: str) -> None:
    try:
        validate()
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), where=what, fix="choose another one") from None


def _check_known(what: str, given: list[str], known: Iterable[str]) -> None:
    known = sorted(known)
    if unknown := sorted(set(given) - set(known)):
        raise BadInput(f"there is no {what} '{unknown[0]}'", fix=f"use one of: {', '.join(known)}")
