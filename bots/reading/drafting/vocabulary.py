"""What labels and headings of US remittances mean, whatever their case and abbreviations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

# One spelling for each of the field's abbreviations; a text's words are translated one by one.
SPELLINGS = {
    spelling: word
    for word, spellings in {
        "": "the of for a an this that is are in or and at was were here we",
        "number": "no num nbr # nr nos numbers",
        "id": "identifier identification ident ids",
        "account": "acct acnt accounts acc",
        "patient": "pt pat ptnt patients",
        "member": "mbr memb members",
        "service": "svc serv srv services svcs served",
        "procedure": "proc procedures px prcdr",
        "hcpcs": "hcpc cpt",
        "code": "cd codes",
        "charge": "chg chgs chrg charges charged chrgs",
        "amount": "amt amts amounts",
        "billed": "bill-d",
        "submitted": "subm sub submit",
        "deductible": "ded deduct deductibles deduc",
        "coinsurance": "coins coin co-insurance co-ins",
        "copay": "copays copayment co-pay co-payment copayments copaymt",
        "responsibility": "resp respons liab liability liable owe owes owed share portion pays",
        "control": "ctrl ctl cntl",
        "status": "sts stat",
        "count": "cnt",
        "reimbursement": "reimb reimbursements",
        "adjustment": "adj adjs adjust adjustments adjusted adjmt",
        "quantity": "qty quant",
        "unit": "units ut un",
        "modifier": "mod mods modifiers modifs m1 m2",
        "payment": "pmt pymt pmts payments pay-ment",
        "check": "chk cheque ck checks",
        "insurance": "ins insurer insurers",
        "provider": "prov providers prv",
        "paid": "pd payed",
        "reason": "rsn rc reasons carc carcs",
        "group": "grp",
        "certificate": "cert",
        "remark": "rmk rmks rem rmrk remarks rarc rarcs note notes",
        "date": "dt dates",
        "total": "tot totals sum sums subtotal subtotals",
        "reference": "ref refs",
        "benefit": "benefits",
        "claim": "claims clm clms",
        "allowed": "alwd allwd allow allowable allowance",
        "eft": "ach e-f-t",
        "remittance": "remit remits ra",
        "noncovered": "non-covered noncov non-cov",
        "description": "desc descr",
        "receipt": "received recd rec'd",
    }.items()
    for spelling in spellings.split()
}


def _any_of(*patterns: str) -> str:
    """One of the patterns, between which there are commas."""
    return f"(?:{'|'.join(', '.join(patterns).split(', '))})"


PAYMENTS = _any_of(
    "check, eft, payment, warrant, voucher, draft, advice, remittance, trace, transaction",
    "deposit, disbursement, funds",
)
# Of these a number is the payment's own, rather than its advice's.
MONEYS = "(?:check|eft|payment|warrant|draft|trace|transaction)"
NUMBER = "(?:(?:number|id|reference|code)(?: number)?)"
PERSON = _any_of(
    "patient, member, subscriber, insured, enrollee, policyholder, participant, client",
    "recipient, beneficiary, cardholder, employee, worker, claimant, insured worker",
    "injured worker",
)
OWNER = _any_of(
    "payer, plan, internal, document, fund, carrier, insurance, our, company, transaction",
    "administrator, icn, dcn, tcn",
)
CHARGE = _any_of(
    "(?:provider|your|line|gross)? ?charge, billed, submitted, you charge",
    "(?:billed|submitted) charge",
)
ALLOWED = _any_of(
    "allowed, eligible, approved, recommended, covered, plan allowed, contract(?:ed)? rate",
    "fee schedule, negotiated rate, considered, agreed price, plan rate, contracted, repriced",
    "usual customary, network price, network rate, mpfs",
)
PAID = _any_of(
    "paid, payment, benefit, net paid, plan paid, fund paid, provider paid, paid provider",
    "payable, reimbursement, reimbursed, net payment, net benefit, paid on claim",
    "plan payment, plan benefit, provider payment, payment provider, payer paid",
    "(?:plan|fund|payer|insurance) responsibility",
)

# Patterns of a whole text after its words are translated; percent that it means this field.
Meanings = Mapping[str, tuple[tuple[str, int], ...]]

PAYMENT: Meanings = {
    "trace_number": (
        (
            rf"(?:check|eft|payment|warrant|draft|trace|transaction|check eft) (?:trace )?{NUMBER}",
            100,
        ),
        (rf"(?:{PAYMENTS} ?)+ {NUMBER}", 97),
        (r"(?:check eft )?(?:trace|trn)", 95),
        (r"check eft|eft trace|payment trace|trace number trn02", 90),
        (rf"reassociation trace {NUMBER}|paid by check number|direct deposit {NUMBER}", 95),
        (r"(?:eob|eop|statement|settlement|run|reference) number", 60),
    ),
    "payment_date": (
        (rf"(?:{PAYMENTS} ?)+ (?:issue )?date", 100),
        (rf"date (?:{PAYMENTS}|paid|issued)", 100),
        (r"(?:issue|paid|pay|settlement|release) date|date issue|paid on|issued on|issued", 95),
        (r"payment effective date", 95),
        (r"date|effective date|production date", 60),
    ),
    "method": (
        (rf"{PAYMENTS} (?:method|type|mode|form|format)", 100),
        (rf"(?:method|type|mode|form) {PAYMENTS}", 100),
        (r"method|(?:paid|settled|sent|issued|delivered) (?:by|via|through|as)", 95),
        (r"how (?:you )?paid|how settled|delivery method", 90),
        (r"by|delivery|type", 60),
    ),
    "amount": (
        (rf"(?:net |total )*(?:{PAYMENTS} ?)+ (?:total|amount)(?: paid)?", 100),
        (rf"(?:net |total )*amount (?:{PAYMENTS}|paid|issued)", 100),
        (rf"(?:net|total) {PAYMENTS}", 95),
        (r"net(?: amount)?(?: paid)?|total paid|paid amount|net paid|total amount", 90),
        (rf"amount remittance|total {PAYMENTS} amount|amount", 80),
        (r"payment", 60),
    ),
    "payer": ((r"payer(?: name)?|plan name|insurance name|carrier(?: name)?", 95),),
    "payee": (
        (r"payee(?: name)?|(?:pay|paid|payable) to(?: provider)?(?: name)?", 100),
        (r"(?:billing |pay to )?provider(?: name)?(?: service)?|provider service", 95),
        (r"provider (?:group|practice)(?: name)?|service provider", 90),
        (r"(?:practice|clinic|facility|vendor|hospital|physician|supplier)(?: name)?", 95),
    ),
}

CLAIM: Meanings = {
    "claim_id": (
        (r"(?:your |provider )?patient (?:account|control)(?: number| id| reference)?", 100),
        (rf"(?:your|provider|provider patient) (?:account|patient|claim|reference) {NUMBER}", 100),
        (rf"(?:provider |your )patient number|pcn|submitter claim {NUMBER}", 95),
        (r"(?:your )?account(?: number| id)?|patient (?:number|reference)", 90),
    ),
    "payer_claim_number": (
        (rf"{OWNER} (?:claim )?(?:control )?{NUMBER}", 100),
        (rf"(?:{OWNER} )?claim (?:control )?{NUMBER}", 100),
        (rf"(?:{OWNER} )claim(?: control)?|(?:payer )?(?:icn|dcn|tcn|ccn)|control number", 95),
        (rf"bill (?:control )?{NUMBER}", 95),
        (r"claim", 85),
    ),
    "member_id": (
        (rf"(?!patient ){PERSON} (?:{NUMBER}|policy {NUMBER})(?: mi)?", 100),
        (r"patient id", 85),
        (rf"(?:certificate|policy|contract|medicaid|medicare|hic|mbi) {NUMBER}", 100),
        (r"certificate|mid|mbi|hic|hicn|id|id number", 90),
        (r"member|client|subscriber|insured|recipient|enrollee", 60),
    ),
    "status": (
        (r"(?:claim|processing|review|adjudication) ?(?:status|result|outcome|decision)", 100),
        (r"(?:claim |bill )?(?:status code|disposition)", 100),
        (r"status|disposition|decision|determination|outcome|result|processed as", 95),
    ),
    "charge": ((rf"(?:total )?{CHARGE}(?: amount)?|total amount billed|amount billed", 95),),
    "allowed": ((rf"(?:total )?(?:amount )?{ALLOWED}(?: amount)?", 95),),
    "paid": ((rf"(?:total )?(?:claim )?{PAID}(?: amount)?|amount paid", 95),),
    "patient_responsibility": (
        (rf"(?:total )?(?:your )?{PERSON} responsibility(?: amount)?", 100),
        (r"responsibility", 80),
    ),
}

LINE: Meanings = {
    "service_date": (
        (r"date service|service date|dos|service from(?: date)?|from date|service date from", 100),
        (r"(?:service |date )?from (?:to|thru|through)(?: date)?|dos from|service period", 95),
        (r"date|from|service|begin date|first date", 70),
    ),
    "procedure": (
        (r"(?:service|procedure|hcpcs) code|hcpcs(?: hcpcs)?(?: code)?|procedure", 100),
        (r"procedure modifier", 95),
        (r"code|service", 70),
    ),
    "modifiers": ((r"modifier(?: code)?|mod\d", 100), (r"procedure modifier", 90)),
    "units": (
        (r"(?:service )?(?:unit|quantity)(?: service)?|number service|unit quantity", 100),
        (r"unit paid|paid unit|days count|visits?", 90),
        (r"number|count|days|days unit", 70),
    ),
    "charge": (
        (rf"(?:total )?{CHARGE}(?: amount)?|amount (?:billed|charge|submitted)|you charge", 100),
        (r"gross(?: amount)?", 80),
    ),
    "allowed": ((rf"(?:amount )?{ALLOWED}(?: amount)?(?: charge)?", 100),),
    "paid": (
        (rf"(?:amount )?{PAID}(?: amount)?(?: provider)?|amount paid(?: provider)?", 100),
        (r"net(?: amount)?", 80),
    ),
    "patient_responsibility": (
        (rf"(?:your )?{PERSON} (?:responsibility|balance|due|pay)(?: amount)?", 100),
        (r"you may (?:bill|collect)|bill patient|due from patient", 95),
        (r"(?:amount )?you responsibility", 95),
        (r"responsibility", 85),
    ),
    "adjustments": (
        (r"adjustment(?: reason)?(?: code)?(?: amount)?|group(?: reason| code| amount)*", 95),
        (r"reason(?: code)?(?: amount)?|reductions?|contractual other|not (?:paid|covered).*", 90),
        (r"cas|(?:ansi|explanation|eob|eop|ex|expl) code|not payable|denied(?: amount)?", 80),
        (r"other|other adjustment|noncovered|disallowed", 70),
    ),
    "remarks": ((r"remark(?: code)?|see(?: remark)?|message(?: code)?", 95),),
    "PR-1": ((r"deductible(?: amount)?", 95),),
    "PR-2": ((r"coinsurance(?: amount)?", 95),),
    "PR-3": ((r"copay(?: amount)?", 95),),
    "CO-45": (
        (
            r"(?:(?:plan|network|provider|contractual|contract|ppo|negotiated) )?"
            r"(?:discount|write off|savings?)(?: amount)?",
            80,
        ),
        (r"contractual(?: adjustment| obligation| reduction)?(?: amount)?|contract adjustment", 80),
    ),
    "OA-23": (
        (r"(?:other|primary) (?:insurance|payer|carrier|plan)(?: paid)?(?: adjustment)?", 80),
        (r"(?:cob|tpl)(?: paid| amount)?|(?:primary|medicare|oi) paid|prior payer", 80),
    ),
}

TOTALS: Meanings = {
    "claim_count": (
        (r"(?:total )?number claim(?: paid)?", 95),
        (r"claim(?: paid| processed| count)?|claim total|total claim", 90),
    ),
    "charge": ((rf"total {CHARGE}(?: amount)?|{CHARGE}(?: amount)?", 90),),
    "allowed": ((rf"(?:total )?(?:amount )?{ALLOWED}(?: amount)?", 90),),
    "adjustments": ((r"(?:total )?(?:claim )?adjustment(?: amount)?|reason amount", 60),),
    "patient_responsibility": ((rf"(?:total )?{PERSON} responsibility(?: amount)?", 90),),
    "paid": (
        (rf"total {PAID}(?: on claim)?|(?:total )?claim {PAID}|{PAID} (?:on )?claim", 90),
        (r"total claim(?: paid)?", 90),
        (r"claim|total bill(?:s)?|claim on .*|total net paid|provider paid amount|paid", 80),
    ),
    "provider_adjustments": (
        (r"(?:total )?(?:provider|financial|other)(?: level)? (?:adjustment|items?).*", 90),
        (r"(?:provider|financial) total", 90),
        (r"(?:total )?(?:adjustment|offsets?|recoupments?|withheld)", 80),
    ),
    "amount": (
        *PAYMENT["amount"],
        (rf"(?:total )?{PAYMENTS} (?:total|amount)|net {PAYMENTS}|total|total net paid", 80),
    ),
}  # fmt: skip

OTHER: Meanings = {
    "name": ((rf"(?:{PERSON} )?name|{PERSON}", 80),),
    "npi": ((r"(?:\w+ )*(?:npi|tax id|tin|ein|phone|fax|address)", 100),),
    "dates": ((r"(?:date )?receipt(?: date)?|(?:processed|statement|birth|run) date", 95),),
    "page": ((r"page(?: number)?|sheet", 95),),
    "others": ((r"asg|assignment|relationship|plan|group(?: number)?|product|network", 70),),
}

# Where no whole text is known: words that it has, words that it has not, and what it then means.
WORDS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "line": (
        (r"deductible", "paid|met|coinsurance|copay", "PR-1"),
        (r"coinsurance", "paid|deductible|copay", "PR-2"),
        (r"copay", "paid|deductible|coinsurance", "PR-3"),
        (r"responsibility", "other|plan|payer|provider|carrier", "patient_responsibility"),
        (r"paid|payment|payable|benefit|reimburse\w*", "other|insurance|date|not|patient", "paid"),
        (
            r"allowed|eligible|approved|negotiated|contract|maximum|covered",
            "not|date|adjustment|off|discount|reduction|difference|savings",
            "allowed",
        ),
        (r"billed|charge|submitted", "covered|not|allowed|eligible|contract|over", "charge"),
        (r"procedure|hcpcs", "date|description", "procedure"),
        (r"date", "paid|receipt|processed", "service_date"),
        (r"unit|quantity|count", "price|cost", "units"),
        (r"reason|adjustment|group|ineligible|disallowed|reduction", "paid", "adjustments"),
        (r"remark", "", "remarks"),
    ),
    "totals": (
        (r"paid|payment|benefit|claim", "adjustment|responsibility|number", "paid"),
        (r"adjustment|offset|recoupments?|withheld|interest", "", "provider_adjustments"),
        (r"net|check|eft|warrant|voucher|remittance|issued", "", "amount"),
    ),
}
BY_WORDS = 75

PARTS: Mapping[str, Meanings] = {
    "payment": PAYMENT,
    "claim": CLAIM,
    "line": LINE,
    "totals": TOTALS,
    "other": OTHER,
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A field that a text may name, and how surely, in percent."""

    field: str
    sure: int


@lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    """``text`` in lower case, its words spelled in the one way of the vocabulary."""
    lower = (
        text.casefold()
        .replace("(s)", "s")
        .replace("|", " ")
        .replace("#", " # ")
        .replace("'s", "")
        .replace("n't", "nt")
    )
    lower = re.sub(r"(?<=[a-z])- (?=[a-z])", "", lower)
    lower = re.sub(r"\b(co|non)[- ](?=pay|ins|cov)", r"\1-", lower)
    words = re.findall(r"[a-z0-9]+(?:-[a-z]+)*|#", re.sub(r"(?<!\bco)(?<!\bnon)-", " ", lower))
    known = (SPELLINGS.get(word, word) for word in words)
    return " ".join(word for word in known if word)


@lru_cache(maxsize=8192)
def meanings(text: str, part: str) -> tuple[Meaning, ...]:
    """The fields of ``part`` that ``text`` may name, the surest first."""
    said = canonical(text)
    found = [
        Meaning(field, max(sure for pattern, sure in patterns if re.fullmatch(pattern, said)))
        for field, patterns in PARTS[part].items()
        if any(re.fullmatch(pattern, said) for pattern, _ in patterns)
    ]
    if not found:
        found = [
            Meaning(field, BY_WORDS)
            for has, lacks, field in WORDS.get(part, ())
            if re.search(rf"\b(?:{has})\b", said)
            and not (lacks and re.search(rf"\b(?:{lacks})\b", said))
        ]
    return tuple(sorted(found, key=lambda one: -one.sure))


def is_label(text: str) -> bool:
    """Whether ``text`` names anything that a remittance says beside a label."""
    parts = ("payment", "claim", "totals", "other")
    return any(
        one.sure > BY_WORDS or part == "payment" for part in parts for one in meanings(text, part)
    )


def is_name(text: str) -> bool:
    """Whether a patient's name stands beside or beneath ``text``."""
    return any(meaning.field == "name" for meaning in meanings(text, "other"))
