"""The register of social service providers of one edition, with the territories of 2010 and of 2021.

Keys are the source's own: entry numbers, territory codes and list codes. So a load compares row by row.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language


class Bilingual(models.Model):
    """A thing with a name in Latvian and English."""

    name_lv = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_en if get_language() == "en" else self.name_lv


class RegisterCode(Bilingual):
    """One code of a code list; ``position`` keeps the order of the pack's file."""

    code = models.CharField(max_length=50, primary_key=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        abstract = True
        ordering = ["position"]


class ProviderType(RegisterCode):
    pass


class ClientGroup(RegisterCode):
    pass


class LegalStatus(RegisterCode):
    pass


class Accommodation(RegisterCode):
    pass


class RegisterEdition(models.Model):
    """The issue of the register that the entries are taken from."""

    as_of = models.DateField(primary_key=True)
    title_lv = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300)
    source_lv = models.CharField(max_length=300)
    source_en = models.CharField(max_length=300)
    legal_basis_then_lv = models.CharField(max_length=300)
    legal_basis_then_en = models.CharField(max_length=300)
    legal_basis_now_lv = models.CharField(max_length=300)
    legal_basis_now_en = models.CharField(max_length=300)
    legal_basis_now_number = models.CharField(max_length=20)
    legal_basis_now_adopted = models.DateField()

    def __str__(self) -> str:
        return self._words("title")

    @property
    def title(self) -> str:
        return self._words("title")

    @property
    def source(self) -> str:
        return self._words("source")

    @property
    def legal_basis_then(self) -> str:
        return self._words("legal_basis_then")

    @property
    def legal_basis_now(self) -> str:
        return self._words("legal_basis_now")

    def _words(self, field: str) -> str:
        return str(getattr(self, f"{field}_{'en' if get_language() == 'en' else 'lv'}"))


class LocalGovernment(models.Model):
    """A local government of 2021."""

    code = models.CharField(max_length=7, primary_key=True)
    name = models.CharField(max_length=100)
    sort_key = models.CharField(max_length=600)

    class Meta:
        ordering = ["sort_key"]

    def __str__(self) -> str:
        return self.name


class MunicipalityKind(models.TextChoices):
    REPUBLICAN_CITY = "republican_city"
    NOVADS = "novads"


class Municipality(models.Model):
    """A local government of 2010; the outline is SVG path data, the label the point of its number on the map."""

    code = models.CharField(max_length=7, primary_key=True)
    number = models.PositiveSmallIntegerField(unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=MunicipalityKind.choices)
    sort_key = models.CharField(max_length=600)
    outline = models.TextField()
    label_x = models.FloatField()
    label_y = models.FloatField()
    outline_is_approximate = models.BooleanField()
    successors = models.ManyToManyField(LocalGovernment, through="Succession", related_name="predecessors")

    class Meta:
        ordering = ["sort_key"]

    def __str__(self) -> str:
        return self.name


class SuccessionExtent(models.TextChoices):
    WHOLE = "whole"
    MAIN_PART = "main_part"
    PART = "part"


class Succession(models.Model):
    """Which local government of 2021 took over which one of 2010; two rows for one of 2010 mean that it was split."""

    municipality = models.ForeignKey(Municipality, on_delete=models.CASCADE)
    local_government = models.ForeignKey(LocalGovernment, on_delete=models.CASCADE)
    extent = models.CharField(max_length=10, choices=SuccessionExtent.choices)

    class Meta:
        ordering = ["municipality", "local_government"]
        constraints = [models.UniqueConstraint(fields=["municipality", "local_government"], name="one_succession_per_pair")]

    def __str__(self) -> str:
        return f"{self.municipality_id} → {self.local_government_id}"


class Provider(models.Model):
    """One entry of the register; a provider with two services has two entries. Words are the source's own."""

    number = models.PositiveIntegerField(primary_key=True)
    edition = models.ForeignKey(RegisterEdition, on_delete=models.PROTECT)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="providers")
    name = models.CharField(max_length=300)
    address = models.CharField(max_length=200, blank=True)
    postal_code = models.CharField(max_length=10, blank=True)
    phone = models.CharField(max_length=100, blank=True)
    type = models.ForeignKey(ProviderType, on_delete=models.PROTECT)
    type_words = models.CharField(max_length=200)
    accommodation = models.ForeignKey(Accommodation, on_delete=models.PROTECT)
    legal_status = models.ForeignKey(LegalStatus, on_delete=models.PROTECT)
    legal_status_words = models.CharField(max_length=200)
    clients_age_sex = models.CharField(max_length=300)
    serves_children = models.BooleanField()
    serves_adults = models.BooleanField()
    client_groups_words = models.TextField()
    client_groups = models.ManyToManyField(ClientGroup, through="ProviderClientGroup", related_name="providers")
    search_text = models.TextField()
    sort_key = models.CharField(max_length=1800)

    class Meta:
        ordering = ["sort_key", "number"]

    def __str__(self) -> str:
        return self.name

    @property
    def phones(self) -> list[str]:
        return [phone for phone in self.phone.split("; ") if phone]


class ProviderClientGroup(models.Model):
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE)
    client_group = models.ForeignKey(ClientGroup, on_delete=models.PROTECT)

    class Meta:
        ordering = ["provider", "client_group__position"]
        constraints = [models.UniqueConstraint(fields=["provider", "client_group"], name="one_client_group_per_provider")]

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.client_group_id}"


class NoteTopic(models.TextChoices):
    PHONE = "phone"
    ADDRESS = "address"
    STATUS = "status"
    CODING = "coding"
    SEPARATORS = "separators"
    OTHER = "other"


class RegisterNote(models.Model):
    text_lv = models.TextField()
    text_en = models.TextField()
    position = models.PositiveSmallIntegerField()

    class Meta:
        abstract = True
        ordering = ["position"]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return self.text_en if get_language() == "en" else self.text_lv


class ProviderNote(RegisterNote):
    """A doubt about an entry, shown on its page."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="notes")
    topic = models.CharField(max_length=20, choices=NoteTopic.choices)

    class Meta(RegisterNote.Meta):
        constraints = [models.UniqueConstraint(fields=["provider", "position"], name="one_provider_note_per_position")]


class MunicipalityNote(RegisterNote):
    """A doubt about the entries of a municipality."""

    municipality = models.ForeignKey(Municipality, on_delete=models.CASCADE, related_name="notes")

    class Meta(RegisterNote.Meta):
        constraints = [models.UniqueConstraint(fields=["municipality", "position"], name="one_municipality_note_per_position")]
