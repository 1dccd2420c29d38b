"use strict";

// The view "Eligibility"; app.js, loaded after this file, has what it is built from.

function eligibilityPage() {
  const results = el("div", { id: "coverage" });
  const check = form({ class: "search", "aria-label": "Eligibility check" }, [
    el("div", { class: "row" },
      field("memberId", "Member ID"),
      field("dateOfBirth", "Date of birth", { placeholder: "MM/DD/YYYY" })),
    el("div", { class: "row" },
      field("serviceDate", "Date of service", { placeholder: "MM/DD/YYYY" })),
  ], "Check eligibility", (values) => checkEligibility(values, results));
  return el("div", {}, el("section", { class: "card" }, el("h1", {}, "Eligibility"), check), results);
}

async function checkEligibility(values, results) {
  results.replaceChildren(spinner("Checking…"));
  let answer;
  try {
    answer = await (await ask("POST", "/api/eligibility-checks", values)).json();
  } catch (error) {
    results.replaceChildren();
    throw error;
  }
  if (answer.error) {
    results.replaceChildren();
    return answer.error;
  }
  if (answer.state !== "done") results.replaceChildren(alertBox(answer.message));
  else if (answer.member === null) {
    results.replaceChildren(el("p", { class: "message info" }, "No member matches your search."));
  } else results.replaceChildren(coverageCard(answer));
  return null;
}

function coverageCard(answer) {
  const list = [
    ["Coverage status", answer.status],
    ["Last name", answer.member.lastName],
    ["First name", answer.member.firstName],
    ["Member ID", answer.member.memberId],
    ["Date of birth", day(answer.member.dateOfBirth)],
    ["Date of service", day(answer.serviceDate)],
    ["Plan", answer.plan],
    ["Coverage begins", day(answer.coverageBegins)],
    answer.coverageEnds ? ["Coverage ends", day(answer.coverageEnds)] : null,
  ];
  return el("section", { class: "card", "aria-label": "Coverage" },
    el("h2", {}, "Coverage"),
    el("dl", { class: "facts" }, list.filter(Boolean).map(([name, value]) =>
      el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    answer.otherCoverage.length ? otherCoverageTable(answer.otherCoverage) : null,
    answer.benefits.length ? benefitsTable(answer.benefits) : null);
}

function otherCoverageTable(others) {
  return el("table", { class: "other-coverage" },
    el("caption", {}, "Other coverage"),
    headings("Payer", "Member ID", "Order"),
    el("tbody", {}, others.map((other) => el("tr", {},
      el("td", {}, other.payer),
      el("td", {}, other.memberId),
      el("td", {}, other.order)))));
}

function benefitsTable(benefits) {
  const yes = (value) => el("td", {}, value ? "Yes" : "No");
  const money = (value) => el("td", { class: "money" }, dollars(value));
  return el("table", { class: "benefits" },
    el("caption", {}, "Benefits"),
    headings("Code", "Service type", "Network", "Covered", "Copay", "Coinsurance", "Deductible",
      "Deductible remaining", "Out-of-pocket maximum", "Out-of-pocket remaining", "Authorization", "Referral"),
    el("tbody", {}, benefits.map((benefit) => el("tr", {},
      el("td", {}, benefit.serviceTypeCode),
      el("td", {}, benefit.serviceType),
      el("td", {}, benefit.network),
      yes(benefit.covered),
      money(benefit.copay),
      el("td", { class: "money" }, benefit.coinsurance === null ? "" : `${benefit.coinsurance}%`),
      money(benefit.deductible),
      money(benefit.deductibleRemaining),
      money(benefit.outOfPocket),
      money(benefit.outOfPocketRemaining),
      yes(benefit.authorizationRequired),
      yes(benefit.referralRequired)))));
}
