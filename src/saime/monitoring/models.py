"""Policy documents with their targets, indicators and budgets, as the documents print them.

Keys are built from the documents' own numbers, so a load compares row by row.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language


def in_language(row: models.Model, field: str) -> str:
    return str(getattr(row, f"{field}_{'en' if get_language() == 'en' else 'lv'}"))


class Term(models.Model):
    """A unit, comparator or population: the pack's word for it and its name in two languages."""

    code = models.CharField(max_length=100, primary_key=True)
    name_lv = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self, "name")


class Unit(Term):
    pass


class Comparator(Term):
    pass


class Population(Term):
    pass


class DocumentStatus(models.TextChoices):
    DRAFT = "draft"
    ENDED = "ended"


class Document(models.Model):
    code = models.CharField(max_length=50, primary_key=True)
    title_lv = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300)
    status = models.CharField(max_length=10, choices=DocumentStatus.choices)
    status_note_lv = models.TextField()
    status_note_en = models.TextField()
    start_year = models.PositiveSmallIntegerField()
    end_year = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["-start_year", "code"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return in_language(self, "title")

    @property
    def status_note(self) -> str:
        return in_language(self, "status_note")


class LineOfAction(models.Model):
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="lines_of_action")
    code = models.CharField(max_length=10)
    position = models.PositiveSmallIntegerField()
    name_lv = models.CharField(max_length=300)
    name_en = models.CharField(max_length=300)
    key = models.CharField(max_length=61, primary_key=True)

    class Meta:
        ordering = ["document", "position"]
        constraints = [models.UniqueConstraint(fields=["document", "code"], name="one_line_of_action_per_code")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self, "name")


class Measured(models.Model):
    """What targets and indicators share: their place in a document, their name and unit."""

    key = models.CharField(max_length=61, primary_key=True)
    line_of_action = models.ForeignKey(LineOfAction, on_delete=models.CASCADE, related_name="%(class)ss")
    code = models.CharField(max_length=10)
    position = models.PositiveSmallIntegerField()
    name_lv = models.CharField(max_length=400)
    name_en = models.CharField(max_length=400)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        abstract = True
        ordering = ["line_of_action__document", "position"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def name(self) -> str:
        return in_language(self, "name")


class Target(Measured):
    """A value that a document wants to see; an empty value or year is empty in the document."""

    comparator = models.ForeignKey(Comparator, on_delete=models.PROTECT, related_name="+")
    value = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    value_decimals = models.PositiveSmallIntegerField(default=0)
    year = models.PositiveSmallIntegerField(null=True)
    reference_population = models.ForeignKey(Population, on_delete=models.PROTECT, null=True, related_name="+")
    disaggregation = models.ForeignKey(Population, on_delete=models.PROTECT, null=True, related_name="+")
    quote_lv = models.TextField()


class Indicator(Measured):
    """A baseline and the direction planned; ``decimals`` is how many the document prints."""

    result_lv = models.CharField(max_length=300)
    result_en = models.CharField(max_length=300)
    baseline_period = models.CharField(max_length=9)
    baseline_value = models.DecimalField(max_digits=16, decimal_places=4)
    baseline_women = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    baseline_men = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    decimals = models.PositiveSmallIntegerField()
    plan = models.ForeignKey(Comparator, on_delete=models.PROTECT, related_name="+")
    source_document_lv = models.TextField(blank=True)
    source_footnotes = models.CharField(max_length=50, blank=True)

    @property
    def result(self) -> str:
        return in_language(self, "result")


class Budget(models.TextChoices):
    BASIC = "basic"
    SPECIAL = "special"


class BudgetProgramme(models.Model):
    """A programme, or with a parent a sub-programme, of the state's basic or special budget."""

    key = models.CharField(max_length=80, primary_key=True)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="programmes")
    budget = models.CharField(max_length=10, choices=Budget.choices)
    code = models.CharField(max_length=10)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="parts")
    name_lv = models.CharField(max_length=300)
    name_en = models.CharField(max_length=300)

    class Meta:
        ordering = ["budget", "code"]
        constraints = [models.UniqueConstraint(fields=["document", "budget", "code"], name="one_programme_per_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def name(self) -> str:
        return in_language(self, "name")


class BudgetLineKind(models.TextChoices):
    PLAN = "plan"
    PROJECTION = "projection"


class BudgetLine(models.Model):
    """The amount of a programme in a year, in euros; None where the document has none."""

    programme = models.ForeignKey(BudgetProgramme, on_delete=models.CASCADE, related_name="budget_lines")
    year = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=BudgetLineKind.choices)
    amount = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["programme", "year"]
        constraints = [models.UniqueConstraint(fields=["programme", "year"], name="one_amount_per_programme_and_year")]

    def __str__(self) -> str:
        return f"{self.programme_id}, {self.year}"


class Note(models.Model):
    """A doubt about a document or about one target, indicator or programme of it."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="notes")
    position = models.PositiveSmallIntegerField()
    target = models.ForeignKey(Target, on_delete=models.CASCADE, null=True, related_name="notes")
    indicator = models.ForeignKey(Indicator, on_delete=models.CASCADE, null=True, related_name="notes")
    programme = models.ForeignKey(BudgetProgramme, on_delete=models.CASCADE, null=True, related_name="notes")
    text_lv = models.TextField()
    text_en = models.TextField()

    class Meta:
        ordering = ["document", "position"]
        constraints = [
            models.UniqueConstraint(fields=["document", "position"], name="one_note_per_position"),
            models.CheckConstraint(
                name="a_note_has_at_most_one_subject",
                condition=models.Q(target=None, indicator=None)
                | models.Q(target=None, programme=None)
                | models.Q(indicator=None, programme=None),
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return in_language(self, "text")

    @property
    def is_about_the_document(self) -> bool:
        return self.target_id is None and self.indicator_id is None and self.programme_id is None
