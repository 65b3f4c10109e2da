"""Who may do what: each role is a group of Django's with these rights. There is no user who may do everything."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

DELIVER, SEE_ALL_RECEIPTS = "deliver", "see_all_receipts"
PREPARE, APPROVE = "prepare_release", "approve_release"
ACCEPT_LINKAGE = "accept_linkage"
SEE_UNPROTECTED = "see_unprotected"
SEE_LINKAGE = (DELIVER, SEE_ALL_RECEIPTS, APPROVE, ACCEPT_LINKAGE)  # a data steward: of their own feeds

ROLES: dict[str, tuple[str, ...]] = {
    "data-steward": (DELIVER,),
    "statistician": (SEE_ALL_RECEIPTS, PREPARE, ACCEPT_LINKAGE, SEE_UNPROTECTED),
    "output-checker": (APPROVE,),
    "administrator": (SEE_ALL_RECEIPTS,),
}
ROLE_NAMES = {
    "data-steward": _("Data steward"),
    "statistician": _("Statistician"),
    "output-checker": _("Output checker"),
    "administrator": _("Administrator"),
}


def create_roles(**_signal: Any) -> None:
    """Make the groups and give them exactly these rights; runs after each migration of the database."""
    from django.contrib.auth.models import Group, Permission

    for role, rights in ROLES.items():
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set(Permission.objects.filter(content_type__app_label="workplace", codename__in=rights))
