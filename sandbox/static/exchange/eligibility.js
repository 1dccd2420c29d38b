// Eligibility and benefits: one member on one day, a card for each service type with two tabs.
import { day, dollars, el, message } from "./dom.js";

export function eligibility(settings, { inquire, guarded }) {
  const results = el("div", { id: "results" });
  const field = (id, label) => el("div", { class: "field" }, el("label", { for: id }, label), el("input", { id, name: id, autocomplete: "off" }));
  const submit = el("button", { type: "submit", class: "primary" }, "Submit");
  const form = el("form", {
    novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      const values = Object.fromEntries(new FormData(form));
      submit.disabled = true;
      guarded(results, async () => {
        try {
          const answer = await inquire("/api/eligibility-inquiries", values, results);
          if (answer) results.replaceChildren(...shown(answer.coverage));
        } finally {
          submit.disabled = false;
        }
      });
    },
  }, el("div", { class: "row" }, field("memberId", "Member ID"), field("birth", "Patient's Date of Birth"), field("day", "As of Date")), submit);
  return [el("section", { class: "card" }, form), results];
}

function shown(coverage) {
  const facts = [
    ["Patient", coverage.patient], ["Member ID", coverage.memberId], ["Patient's Date of Birth", day(coverage.birth)],
    ["Coverage Status", coverage.status], ["Plan", coverage.plan],
    ["Coverage Begins", day(coverage.begins)], ["Coverage Ends", coverage.ends ? day(coverage.ends) : "No end date"],
  ];
  return [
    el("section", { id: "coverage", class: "card", "aria-label": "Coverage" },
      el("h2", {}, "Coverage and Benefits"),
      el("dl", { class: "facts" }, facts.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value))))),
    coverage.others.length ? otherPayers(coverage.others) : null,
    ...coverage.benefits.map(card),
    message("blue", "This is not a guarantee of payment."),
  ].filter(Boolean);
}

function otherPayers(others) {
  return el("section", { class: "card" }, el("table", { id: "otherPayers" },
    el("caption", {}, "Other or Additional Payers"),
    el("thead", {}, el("tr", {}, ["Payer", "Member ID", "Order"].map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, others.map((one) => el("tr", {}, [one.name, one.memberId, one.order].map((text) => el("td", {}, text)))))));
}

/** Both tabs' contents are in the page; only one is shown. */
function card(benefit) {
  const panels = [panel("in-network", "In Network", benefit.in, false), panel("out-of-network", "Out of Network", benefit.out, true)];
  const tabs = ["In Network", "Out of Network"].map((title, n) => el("button", {
    type: "button", role: "tab", "aria-selected": String(n === 0),
    onclick: () => tabs.forEach((tab, place) => {
      tab.setAttribute("aria-selected", String(place === n));
      panels[place].hidden = place !== n;
    }),
  }, title));
  return el("section", { class: "card benefit", "data-service-type": benefit.code, "aria-label": benefit.type },
    el("h3", {}, benefit.type), el("div", { role: "tablist" }, tabs), panels);
}

function panel(kind, title, terms, hidden) {
  const node = el("div", { role: "tabpanel", class: kind, "aria-label": title, hidden });
  const left = (whole, rest) => (whole === null ? null : `${dollars(whole)} (${dollars(rest)} remaining)`);
  const list = [
    ["Coverage", terms.covered ? "Covered" : "Not covered"],
    ["Co-Payment", terms.copay === null ? null : dollars(terms.copay)],
    ["Co-Insurance", terms.coinsurance === null ? null : `${terms.coinsurance}%`],
    ["Deductible", left(terms.deductible, terms.deductibleLeft)],
    ["Out of Pocket Maximum", left(terms.outOfPocket, terms.outOfPocketLeft)],
    ["Authorization", terms.authorization ? "Required" : "Not required"],
    ["Referral", terms.referral ? "Required" : "Not required"],
  ];
  node.append(el("dl", { class: "facts" }, list.filter(([, value]) => value !== null).map(([label, value]) =>
    el("div", {}, el("dt", {}, label), el("dd", {}, value)))));
  return node;
}
