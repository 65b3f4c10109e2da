"""Lineage and certificate in plain words; the page, the workbook and JSON-stat say the same."""

from __future__ import annotations

from saime.core.exchange.numbers import decimals_of, format_number
from saime.core.exchange.publication import Publication
from saime.core.model.certificate import AMOUNTS, CELL_KEY, MEANS, QUANTILES, SHARES, Certificate
from saime.core.model.dataset import Dataset, LineageStep
from saime.core.model.text import Text

STEP_NAMES = {
    "legal_act": Text(lv="Tiesību akts", en="Legal act"),
    "feed": Text(lv="Datu plūsmas apraksts", en="Feed contract"),
    "delivery": Text(lv="Datu piegāde", en="Delivery"),
    "tabulation": Text(lv="Tabulēšana", en="Tabulation run"),
    "external": Text(lv="Publicēts avots", en="Published source"),
    "protection": Text(lv="Aizsardzības apliecinājums", en="Protection certificate"),
    "release": Text(lv="Publiskojums", en="Release"),
}


DETAIL_NAMES = {
    "adopted": Text(lv="Pieņemts", en="Adopted"),
    "number": Text(lv="Numurs", en="Number"),
    "article": Text(lv="Pants vai punkts", en="Article"),
    "rows": Text(lv="Rindu skaits", en="Rows"),
    "persons": Text(lv="Personu skaits", en="Persons"),
    "synthetic": Text(lv="Sintētiski dati", en="Synthetic data"),
    "replaces": Text(lv="Aizstāj piegādi", en="Replaces delivery"),
    "engine": Text(lv="Skaitīšanas dzinējs", en="Engine"),
    "unit": Text(lv="Vienība", en="Unit"),
    "minimum": Text(lv="Mazākais publicējamais skaits", en="Smallest count published"),
    "check": Text(lv="Pārbaude pirms publicēšanas", en="Check before release"),
    "approved_at": Text(lv="Apstiprināts", en="Approved"),
    "measure": Text(lv="Rādītājs", en="Measure"),
    "withheld": Text(lv="Konfidenciālas šūnas", en="Withheld cells"),
    "rule": Text(lv="Noteikums", en="Rule"),
    "contributors": Text(lv="Mazākais personu skaits, kas veido summu", en="Fewest persons behind a sum"),
    "p_percent": Text(lv="p % noteikums: p", en="p % rule: p"),
    "dominance_n": Text(lv="Dominances noteikums: n", en="Dominance rule: n"),
    "dominance_k": Text(lv="Dominances noteikums: k, %", en="Dominance rule: k, %"),
    "pq_p": Text(lv="pq noteikums: p", en="pq rule: p"),
    "pq_q": Text(lv="pq noteikums: q", en="pq rule: q"),
    "group_disclosure": Text(lv="Grupas atklāšana", en="Group disclosure"),
    "safety_range": Text(lv="Drošības attālums, %", en="Safety range, %"),
    "share_of": Text(lv="Īpatsvars no dimensijas kopskaita", en="Share of the total of dimension"),
    "each_side": Text(lv="Mazākais personu skaits abpus vērtībai", en="Fewest persons on either side of a value"),
    "largest_change": Text(lv="Lielākā izmaiņa", en="Largest change"),
    "variance": Text(lv="Izmaiņu dispersija", en="Variance of changes"),
    "blocked": Text(lv="Skaitļi, kas netiek publicēti: no 1 līdz", en="Counts never published: from 1 to"),
    "stay": Text(lv="Varbūtība, ka skaitlis nemainās", en="Probability of no change"),
    "falling": Text(lv="Lielāka izmaiņa nav varbūtīgāka", en="A larger change is not more probable"),
    "table_digest": Text(lv="Izmaiņu tabulas SHA-256", en="SHA-256 of the perturbation table"),
    "rounded_to": Text(lv="Noapaļots līdz", en="Rounded to"),
    "keep": Text(lv="Šūnas, kuras lūgts saglabāt publicētas", en="Cells asked to be kept published"),
    "prefer_hidden": Text(lv="Šūnas, kuras lūgts slēpt citu vietā", en="Cells asked to be hidden rather than others"),
}
PERSON, HOUSEHOLD = "person", "household"
FEWER_THAN = {PERSON: Text(lv="personām", en="persons"), HOUSEHOLD: Text(lv="mājsaimniecībām", en="households")}
COUNTED = {PERSON: Text(lv="personas", en="persons"), HOUSEHOLD: Text(lv="mājsaimniecības", en="households")}
DETAIL_VALUES = {"True": Text(lv="jā", en="yes"), "False": Text(lv="nē", en="no")}
AVERAGE_OF_MONTHS = "average_of_months"
DETAIL_VALUES |= {AVERAGE_OF_MONTHS: Text(lv="mēnešu vidējais skaits", en="average of months")}
DETAIL_VALUES |= {PERSON: Text(lv="persona", en="person"), HOUSEHOLD: Text(lv="mājsaimniecība", en="household")}
DETAIL_VALUES |= {
    AMOUNTS: Text(lv="summu aizsardzība", en="protection of sums"),
    MEANS: Text(lv="vidējo lielumu aizsardzība", en="protection of means"),
    CELL_KEY: Text(lv="skaitļu maiņa pēc šūnas atslēgas", en="counts changed by cell keys"),
    SHARES: Text(lv="īpatsvaru aizsardzība", en="protection of shares"),
    QUANTILES: Text(lv="mediānu un kvantiļu aizsardzība", en="protection of medians and quantiles"),
}
DETAIL_VALUES |= {
    "two-person": Text(lv="viens cilvēks sagatavoja, otrs apstiprināja", en="one person prepared, another approved"),
    "demo": Text(lv="demonstrācija: bez divu cilvēku pārbaudes", en="demonstration: not checked by two persons"),
}


def steps_from_release_back(dataset: Dataset, publication: Publication) -> list[LineageStep]:
    """The release and then the dataset's lineage, newest step first; steps of one kind keep their order."""
    label = Text(lv="Šā publiskojuma datu kopas publicētas vienlaikus", en="The datasets of this release were published at once")
    at, details = publication.released_at.isoformat(), _check_details(publication)
    release = LineageStep(kind="release", id=publication.release, label=label, at=at, details=details)
    order = list(STEP_NAMES)
    return [release, *sorted(dataset.lineage, key=lambda step: -order.index(step.kind))]


def _check_details(publication: Publication) -> dict[str, str | int | float | bool | None]:
    if (check := publication.check) is None:
        return {}
    return {"check": check.kind, "approved_at": check.approved_at.isoformat(timespec="seconds") if check.approved_at else None}


def details_in_words(step: LineageStep, language: str) -> list[tuple[str, str]]:
    """Name and value of each detail; a name without words stays as it is."""
    told = []
    for name, value in step.details.items():
        if value is not None:
            words, text = DETAIL_NAMES.get(name), str(value)
            number = _number(value, language) if isinstance(value, int | float) and not isinstance(value, bool) else text
            spoken = DETAIL_VALUES[text].in_language(language) if text in DETAIL_VALUES else number
            told.append((words.in_language(language) if words else name, spoken))
    return told


def _number(value: float, language: str) -> str:
    return format_number(value, language, decimals_of((value,)))


def explain_certificate(certificate: Certificate) -> list[Text]:
    """What was withheld, why, and how that was proved, one sentence each."""
    if (basis := certificate.basis) is not None:
        return [
            Text(
                lv=f"Skaitļus jau agrāk publicējis to avots: {basis.lv}.",
                en=f"The figures were published before by their source: {basis.en}.",
            )
        ]
    if certificate.rules.get("rule") == AMOUNTS:
        return [*_rule_of_amounts(certificate), *_attack_of_amounts(certificate), *_linked(certificate)]
    if certificate.rules.get("rule") == MEANS:
        return [*_rule_of_means(certificate), *_attack_of_amounts(certificate), *_linked(certificate)]
    if certificate.rules.get("rule") == QUANTILES:
        return _rule_of_quantiles(certificate)
    if certificate.rules.get("rule") == SHARES:
        return [*_rule(certificate), *_rule_of_shares(certificate), *_attack_of_amounts(certificate), *_linked(certificate)]
    if certificate.rules.get("rule") == CELL_KEY:
        return _rule_of_cell_keys(certificate)
    return [*_rule(certificate), *_choices(certificate), _counts(certificate), *_attack(certificate), *_linked(certificate)]


def _rule(certificate: Certificate) -> list[Text]:
    minimum = certificate.rules.get("minimum")
    if not isinstance(minimum, int):
        return []
    fewer = FEWER_THAN[_unit(certificate)]
    return [
        Text(
            lv=f"Skaitlis, kas nav nulle, bet ir mazāks par {minimum} {fewer.lv}, netiek publicēts. Patiesas nulles tiek publicētas.",
            en=f"A count of at least one but fewer than {minimum} {fewer.en} is not published. True zeros are published.",
        )
    ]


def _unit(certificate: Certificate) -> str:
    return str(certificate.rules.get("unit", PERSON))


def _choices(certificate: Certificate) -> list[Text]:
    """What a statistician asked of the choice of cells; it never makes a pattern unsafe."""
    keep, hide = certificate.rules.get("keep", 0), certificate.rules.get("prefer_hidden", 0)
    if not keep and not hide:
        return []
    return [
        Text(
            lv=f"Statistiķis lūdza, ja iespējams, saglabāt publicētas šūnas: {keep}; slēpt citu šūnu vietā: {hide}.",
            en=f"Cells that a statistician asked to keep published where possible: {keep}; to hide rather than others: {hide}.",
        )
    ]


def _linked(certificate: Certificate) -> list[Text]:
    """The datasets that were attacked together with this one, once each, however many of their versions."""
    now = {linked.dataset for linked in certificate.linked if not linked.earlier}
    before = {linked.dataset for linked in certificate.linked if linked.earlier}
    told = []
    if now:
        named = ", ".join(sorted(now))
        lv = f"Uzbrukums reizē ietvēra citas šā publiskojuma datu kopas, kurām ar šo ir kopīgas šūnas: {named}."
        en = f"The attack covered at once the other datasets of this release that share cells with this one: {named}."
        told.append(Text(lv=lv, en=en))
    if before:
        named = ", ".join(sorted(before))
        lv = f"Tas ietvēra arī agrāk publicēto: {named}. Salīdzinot vecos skaitļus ar jaunajiem, konfidenciālos nevar aprēķināt."
        en = f"It also covered what was published earlier: {named}. Withheld counts cannot be worked out by comparing old figures with new."
        told.append(Text(lv=lv, en=en))
    return told


def _counts(certificate: Certificate) -> Text:
    cells, withheld = certificate.cells, certificate.withheld
    if not withheld:
        return Text(lv=f"Konfidenciālu šūnu nav; publicēto šūnu skaits: {cells}.", en=f"No cell is withheld; cells published: {cells}.")
    told = _withheld_of(certificate)
    reasons = _reasons(certificate)
    return Text(lv=f"{told.lv} {reasons.lv}", en=f"{told.en} {reasons.en}")


def _withheld_of(certificate: Certificate) -> Text:
    withheld, cells = certificate.withheld, certificate.cells
    return Text(lv=f"Konfidenciālo šūnu skaits: {withheld} no {cells}.", en=f"Withheld cells: {withheld} of {cells}.")


def _reasons(certificate: Certificate) -> Text:
    primary, secondary = certificate.primary, certificate.secondary
    if not primary + secondary:
        return Text(
            lv="Nav norādīts, kuras no tām ir mazi skaitļi, jo tas palīdzētu tos aprēķināt.",
            en="Which of them are small counts is not told, because that would help to work them out.",
        )
    return Text(
        lv=f"Mazu skaitļu dēļ: {primary}; papildus, lai mazos skaitļus nevarētu aprēķināt no kopskaitiem: {secondary}.",
        en=f"Because of small counts: {primary}; in addition, so that these cannot be worked out from totals: {secondary}.",
    )


def _attack(certificate: Certificate) -> list[Text]:
    """For a reader who knows the rule and the statuses (``Certificate.narrowest_interval``)."""
    if not certificate.withheld:
        return []
    tested = Text(
        lv=(
            "Pārbaude ar uzbrukumu: katrai konfidenciālajai šūnai aprēķināts, cik precīzi tās vērtību no visa publicētā "
            "var noteikt lasītājs, kurš zina arī šo noteikumu."
        ),
        en=(
            "Test by attack: for every withheld cell we computed how closely a reader who also knows this rule "
            "can work out its value from everything published."
        ),
    )
    interval = certificate.narrowest_interval
    if interval is None:
        return [tested, Text(lv="Nevienai no tām nevar noteikt augšējo robežu.", en="None of them has an upper bound.")]
    lv, en = (format_number(interval, language) for language in ("lv", "en"))
    counted = COUNTED[_unit(certificate)]
    return [
        tested,
        Text(
            lv=(
                f"Šaurākā intervāla platums starp mazāko un lielāko iespējamo vērtību ({counted.lv}): {lv}. "
                f"Atklāto šūnu skaits: {certificate.exposed}."
            ),
            en=(
                f"Width of the narrowest interval between the least and the greatest possible value ({counted.en}): {en}. "
                f"Cells exposed: {certificate.exposed}."
            ),
        ),
    ]


def _rule_of_amounts(certificate: Certificate) -> list[Text]:
    if certificate.rules.get("measure") == AVERAGE_OF_MONTHS:
        return [
            Text(
                lv="Mēnešu vidējais skaits netiek publicēts, ja visā periodā tajā ieskaitīts pārāk maz personu.",
                en="An average of months is not published where too few persons are counted in it in the whole period.",
            ),
            Text(
                lv="Tas ir aizsargāts kā personmēneši, no kuriem tas aprēķināts: mēnešu skaitu zina katrs.",
                en="It is protected as the person-months that it is made of: everybody knows the number of months.",
            ),
            _withheld_of(certificate),
        ]
    return [
        Text(
            lv="Netiek publicētas summas, kuras veido pārāk maz personu vai kuras pārāk daudz atklāj par atsevišķu personu ieguldījumu.",
            en="Sums are not published where too few persons contribute, or where they tell too much about what single persons contribute.",
        ),
        _withheld_of(certificate),
    ]


def _rule_of_means(certificate: Certificate) -> list[Text]:
    return [
        Text(
            lv="Vidējais lielums netiek publicēts, ja netiktu publicēta tā pamatā esošā summa vai personu skaits, ar kuru tā dalīta.",
            en="A mean is not published where the sum that it is made of, or the number of persons that this is divided by, would not be.",
        ),
        _withheld_of(certificate),
    ]


def _rule_of_quantiles(certificate: Certificate) -> list[Text]:
    persons = certificate.rules["each_side"]
    lv, en = (_number(float(certificate.rules["rounded_to"]), language) for language in ("lv", "en"))
    return [
        Text(
            lv=f"Vērtība tiek publicēta, ja vismaz {persons} personām summa ir tāda vai mazāka un vismaz {persons} – tāda vai lielāka. "
            f"Tā ir noapaļota (solis: {lv}), tāpēc nav nevienas personas precīzā summa.",
            en=f"A value is published where at least {persons} persons have that amount or less, and at least {persons} that or more. "
            f"It is rounded to {en}, so it is nobody's exact amount.",
        ),
        _withheld_of(certificate),
    ]


def _rule_of_shares(certificate: Certificate) -> list[Text]:
    return [
        Text(
            lv="Īpatsvars netiek publicēts, ja netiktu publicēts kāds no tā pamatā esošajiem skaitļiem. "
            "Tie aizsargāti, it kā būtu publicēti.",
            en="A share is not published where a count that it is made of would not be. These are protected as if they were published.",
        ),
        _withheld_of(certificate),
    ]


def _rule_of_cell_keys(certificate: Certificate) -> list[Text]:
    most, blocked = certificate.rules["largest_change"], int(certificate.rules.get("blocked", 0))
    told = [
        Text(
            lv=f"Katrs skaitlis, kas nav nulle, ir nejauši mainīts, ne vairāk kā par {most}. "
            "Tās pašas personas visur maina skaitli vienādi. Kopskaiti mainīti atsevišķi, tāpēc tie nav daļu summas.",
            en=f"Every count that is not zero is changed at random, by at most {most}. The same persons change a count in the same way "
            "everywhere. Totals are changed by themselves, so they are not sums of their parts.",
        )
    ]
    if blocked:
        told.append(Text(lv=f"Skaitļi no 1 līdz {blocked} netiek publicēti.", en=f"Counts of 1 to {blocked} are never published."))
    return told


def _attack_of_amounts(certificate: Certificate) -> list[Text]:
    """For a reader of everything that the dataset publishes, who knows no rule."""
    if not certificate.withheld:
        return []
    return [
        Text(
            lv=(
                "Pārbaude ar uzbrukumu: katrai konfidenciālajai šūnai aprēķināts, cik precīzi tās vērtību var noteikt no visa "
                f"publicētā. Precīzi aprēķināmu šūnu skaits: {certificate.exposed}."
            ),
            en=(
                "Test by attack: for every withheld cell we computed how closely a reader can work out its value from everything "
                f"published. Cells that can be computed exactly: {certificate.exposed}."
            ),
        )
    ]
