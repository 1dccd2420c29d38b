"""What the simulated payers' codes mean, in words of our own."""

from __future__ import annotations

GLOSSES = {
    "CO-16": "Something on the claim is missing or wrong; see the remark code",
    "CO-18": "We already have this very claim or service",
    "CO-29": "The claim came after the time for filing had run out",
    "CO-45": "Charge above the price agreed with the provider",
    "CO-50": "We do not see a medical need for this service",
    "CO-96": "This charge is not covered; see the remark code",
    "CO-97": "The payment for another service on this claim includes it",
    "CO-197": "No authorization was obtained beforehand",
    "CO-253": "Reduction of federal payments",
    "PR-1": "Deductible, owed by the patient",
    "PR-2": "Coinsurance, owed by the patient",
    "PR-3": "Copayment, owed by the patient",
    "PR-204": "Not part of the patient's plan",
    "FB": "Balance carried to or from another payment",
    "L6": "Interest on a late payment",
    "WO": "Recovery of an earlier overpayment",
}
REMARKS = {
    "M15": "Paid together with a service of the same day",
    "M51": "A procedure code is missing, incomplete or invalid",
    "MA130": "The claim cannot be processed as it is; send a new one",
    "N19": "This procedure is incidental to the main one",
    "N115": "Decided under a local coverage policy",
    "N130": "See the plan's documents for what is covered",
    "N381": "See your contract for the terms of payment",
    "N382": "The patient's identifier is missing, incomplete or invalid",
    "N390": "This service cannot be billed by itself",
    "N522": "It repeats a claim already processed or being processed",
    "N699": "Paid under the quality programme",
}
