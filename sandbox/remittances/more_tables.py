"""More issuers whose documents are tables of lines: a typewriter's, a crowded one, a plain one."""

from __future__ import annotations

from functools import partial

from sandbox.remittances import spelling
from sandbox.remittances.drawing import LANDSCAPE, PORTRAIT, TYPEWRITER, Font
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import Habits
from sandbox.remittances.tables import Column, TableStyle, draw

LINDEN = TableStyle(
    title="EXPLANATION OF REVIEW",
    payment=(
        ("PAYMENT NO", "trace_number"),
        ("PAID ON", "date"),
        ("PAID TO", "payee"),
        ("BY", "method"),
        ("AMOUNT PAID", "amount"),
    ),
    claim=(
        ("BILL NO", "payer_claim_number"),
        ("PATIENT ACCT", "claim_id"),
        ("INJURED WORKER", "patient"),
        ("WORKER ID", "member_id"),
        ("REVIEW RESULT", "status"),
    ),
    columns=(
        Column("service_date", "DATE", 39, right=False),
        Column("procedure", "CODE", 104, right=False),
        Column("modifiers", "MOD", 150, right=False),
        Column("units", "UNITS", 250),
        Column("charge", "CHARGED", 350),
        Column("allowed", "RECOMMENDED", 450),
        Column("patient", "WORKER OWES", 550),
        Column("paid", "PAID", 650),
    ),
    adjustments="beneath",
    totals="BILL TOTAL",
    claim_totals={
        "charge": "charge",
        "allowed": "allowed",
        "patient": "patient_responsibility",
        "paid": "paid",
    },
    summary=(
        ("TOTAL OF BILLS", "claims_paid"),
        ("OFFSETS", "withheld"),
        ("AMOUNT PAID", "amount"),
    ),
    provider_heading="OFFSETS AND INTEREST",
    ruling="none",
    font=TYPEWRITER,
    adjustment_word="REDUCED",
    legend=False,
    gap=96,
)

MARROW = TableStyle(
    title="Claim Payment Summary",
    payment=(
        ("Remittance ID", "trace_number"),
        ("Remittance date", "date"),
        ("Net amount paid", "amount"),
        ("Payment method", "method"),
        ("Billing provider", "payee"),
        ("Billing NPI", "npi"),
    ),
    claim=(
        ("Claim no.", "payer_claim_number"),
        ("Patient control number", "claim_id"),
        ("Enrollee ID", "member_id"),
        ("Enrollee", "patient"),
        ("Claim status", "status"),
        ("Received", "received"),
    ),
    columns=(
        Column("service_date", "Dates of|service", 39, right=False),
        Column("procedure", "Proc|code", 92, right=False),
        Column("modifiers", "Mod", 122, right=False),
        Column("units", "Units", 180),
        Column("charge", "Billed|charges", 236),
        Column("allowed", "Contract|rate", 290),
        Column("PR-1", "Deduct-|ible", 338),
        Column("PR-2", "Co-|insurance", 388),
        Column("PR-3", "Copay-|ment", 430),
        Column("adjustments", "Group/reason|and amount", 440, right=False),
        Column("paid", "Amount|paid", 568),
    ),
    adjustments="stacked",
    totals="Totals",
    claim_totals={"charge": "charge", "allowed": "allowed", "paid": "paid"},
    summary=(("Total claims", "claims_paid"), ("Net amount paid", "amount")),
    provider_heading="Provider level balance forward, recoupment and interest",
    provider_in_words=False,
    ruling="bands",
    legend=True,
    gap=100,
    overview=("Claims in this remittance", "claim_id", "payer_claim_number", "charge", "paid"),
)

NORTHWICK = TableStyle(
    title="Payment Advice",
    payment=(
        ("Advice number", "trace_number"),
        ("Advice date", "date"),
        ("Advice amount", "amount"),
        ("Paid via", "method"),
        ("Clinic", "payee"),
    ),
    claim=(
        ("Claim", "payer_claim_number"),
        ("Account", "claim_id"),
        ("Member", "member_id"),
        ("Name", "patient"),
        ("Result", "status"),
    ),
    columns=(
        Column("service_date", "Service", 39, right=False),
        Column("procedure", "HCPCS", 110, right=False),
        Column("modifiers", "Modifiers", 154, right=False),
        Column("units", "Units", 232),
        Column("charge", "Billed amount", 310),
        Column("adjustments", "Contractual and other", 322, right=False),
        Column("patient", "Your patient owes", 494),
        Column("paid", "Plan paid", 560),
    ),
    adjustments="stacked",
    totals="Claim sum",
    claim_totals={"charge": "charge", "patient": "patient_responsibility", "paid": "paid"},
    summary=(("Claims", "claims_paid"), ("Adjustments", "withheld"), ("Advice amount", "amount")),
    provider_heading="Adjustments to the advice",
    ruling="rows",
    font=Font("Times-Roman", "Times-Bold", 8.5),
    mark=":",
    legend=False,
    gap=84,
)

ISSUERS = (
    Issuer(
        key="lindenfield",
        name="Lindenfield Workers' Plan",
        size=LANDSCAPE,
        spelling=Spelling(spelling.trailing_minus, "%d-%b-%Y", "%d-%b-%Y"),
        habits=Habits(claims=(1, 4), claim_number="L#####-##", denied_line=0.3),
        draw=partial(draw, style=LINDEN),
        described=True,
    ),
    Issuer(
        key="marrow",
        name="Marrow Bay Health",
        size=PORTRAIT,
        spelling=Spelling(spelling.dollar_minus, "%m/%d/%Y", "%m/%d/%Y"),
        habits=Habits(claims=(2, 6), claim_number="MB########", provider=0.7, zero_pay=0.25),
        draw=partial(draw, style=MARROW),
        described=False,
        prints_remarks=False,
    ),
    Issuer(
        key="northwick",
        name="Northwick Family Plan",
        size=PORTRAIT,
        spelling=Spelling(spelling.bare_parentheses, "%B %d, %Y", "%m/%d/%Y"),
        habits=Habits(claims=(1, 5), claim_number="N########", member_id="NW######"),
        draw=partial(draw, style=NORTHWICK),
        described=True,
        prints_allowed=False,
        prints_remarks=False,
    ),
)
