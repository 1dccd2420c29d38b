"""Whatever an issuer calls its columns and in whatever order they stand, figures are read right."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drafted_papers import Claim, Line, Paper
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import UnreadableDocument
from bots.reading.drafting.general import propose

LABELS = {
    "trace": [
        "Check Number",
        "Warrant #",
        "Voucher Number",
        "EFT Trace #",
        "Payment Ref No",
        "Remittance ID:",
        "Chk/EFT No.",
    ],
    "date": [
        "Check Date",
        "Issue Date",
        "Paid Date",
        "Payment Date:",
        "Date Issued",
        "Date of Remittance",
    ],
    "method": ["Payment Method", "Pmt Type", "Method of payment:", "Paid by"],
    "amount": ["Check Amount", "Net Payment:", "Total Payment Amount", "Amount Paid"],
    "payee": [
        "Pay To",
        "Payable to",
        "Provider",
        "Payee Name:",
        "Billing Provider",
        "Provider Name",
    ],
    "account": [
        "Patient No.",
        "Patient Acct #",
        "Pt Control No:",
        "Account Number",
        "Your Patient Account No",
    ],
    "number": [
        "Claim Number",
        "Claim #",
        "DCN",
        "Claim Control No",
        "Plan Claim No",
        "ICN",
        "Payer Claim Control Number:",
        "Claim ID",
    ],
    "member": [
        "Member ID",
        "Member Number",
        "Cert No",
        "Medicaid ID",
        "Patient ID",
        "HIC",
        "Subscriber #",
        "Insured's ID No:",
        "Policy Number",
    ],
    "status": ["Claim Status", "Result", "Processed As", "Status:", "Disposition", "Claim Outcome"],
    "total": [
        "Total Paid",
        "Claims Total",
        "Total Benefits Paid",
        "Claim Payment Total",
        "Sum of Payments",
        "Total Paid on Claims",
        "Total Benefits",
        "Total Claim Payments",
    ],
}
HEADINGS = {
    "service_date": [
        "Date of Service",
        "From Date",
        "Service Date(s)",
        "Serv Date",
        "Date",
        "DOS",
        "Service Dates",
        "Svc Dt",
    ],
    "procedure": [
        "Procedure Code",
        "Proc Cd",
        "Proc/Svc Code",
        "CPT",
        "CPT Code",
        "Svc",
        "Procedure/Service",
        "Proc",
        "HCPCS/CPT",
        "Service Code",
    ],
    "units": [
        "Units",
        "Units of Service",
        "No. of Svcs",
        "Quantity",
        "Days/Units",
        "Count",
        "# Units",
        "Qty",
        "Svc Units",
    ],
    "charge": [
        "Billed Amount",
        "Total Charges",
        "Billed",
        "Amount Charged",
        "Charge Amt",
        "Provider Charges",
        "Submitted",
        "Total Billed",
        "Charges",
        "Submitted Charge",
        "Amt Billed",
    ],
    "allowed": [
        "Allowed Amt",
        "Allowed",
        "Covered Charges",
        "Negotiated Rate",
        "Considered Charge",
        "Plan Allowance",
        "Fee Schedule",
        "Maximum Allowed",
        "Contract Amount",
        "Eligible",
        "Allowable Amount",
        "Approved Amount",
    ],
    "deductible": [
        "Deductible",
        "Deductible Amount",
        "Applied to Deductible",
        "Ded.",
        "Ded Amt",
        "Deduct",
    ],
    "adjustments": [
        "Adjustments",
        "Adj Amt",
        "Grp/Rsn Amt",
        "Contractual",
        "Adj Codes",
        "CARC",
        "Reason/Amount",
        "Group Code & Amount",
        "Ineligible",
        "Disallowed",
        "Reason Codes",
        "Adj Reason",
        "Not covered",
    ],
    "paid": [
        "Paid Amount",
        "Amount Paid",
        "Payment",
        "Benefit Paid",
        "Benefits",
        "Paid to Provider",
        "Payment Amount",
        "Payable",
        "Amt Paid",
        "Paid",
        "Net Payable",
        "Plan Paid",
        "Net Paid",
        "Provider Payment",
    ],
}
cents = st.integers(100, 90_000).map(lambda whole: Decimal(whole) / 100)


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    claims = []
    for number in range(draw(st.integers(1, 3))):
        lines = []
        for _ in range(draw(st.integers(1, 3))):
            contractual, deductible, paid = draw(cents), draw(cents), draw(cents)
            charge = contractual + deductible + paid
            procedure = draw(st.sampled_from(["G0438", "J1100", "A4550", "L1833"]))
            lines.append(Line(procedure, charge, contractual, deductible))
        claims.append(
            Claim(
                f"77{number}31-4",
                f"OL{number}40021",
                f"M{number}5512208",
                "Processed",
                tuple(lines),
            )
        )
    return Paper(
        labels={name: draw(st.sampled_from(texts)) for name, texts in LABELS.items()},
        headings={name: draw(st.sampled_from(texts)) for name, texts in HEADINGS.items()},
        columns=draw(st.permutations(list(HEADINGS))),
        head=draw(st.permutations(["account", "number", "member", "status"])),
        claims=claims,
        dollar=draw(st.sampled_from(["", "$"])),
    )


def figures(claims: Any) -> list[Any]:
    return [
        (
            *(
                claim.claim_id,
                claim.payer_claim_number,
                claim.member_id,
                claim.status,
                claim.charge,
            ),
            [(line.procedure, line.charge, line.allowed, line.paid) for line in claim.lines],
        )
        for claim in claims
    ]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(papers())
def test_any_order_and_any_known_words_are_read_right(paper: Paper) -> None:
    try:
        proposal = propose([paper.page()], "0")
    except UnreadableDocument as refused:
        raise AssertionError((str(refused), paper)) from refused
    (remittance,) = proposal.reading.remittances
    assert proposal.reading.balanced, (proposal.reading.residuals, paper)
    expected = [
        (
            *(claim.account, claim.number, claim.member, "1", claim.total("charge")),
            [
                (line.procedure, line.charge, line.charge - line.contractual, line.paid)
                for line in claim.lines
            ],
        )
        for claim in paper.claims
    ]
    assert figures(remittance.claims) == expected
    assert remittance.trace_number == "881200417"
    assert remittance.payee == "Fernhollow Clinic"
