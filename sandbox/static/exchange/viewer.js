// The remittance viewer: an application of its own that opens in a new tab, its search filled in.
import { ask, day, dollars, el, message } from "./dom.js";

const results = el("div");
const check = el("input", { id: "check", name: "check", autocomplete: "off" });
check.value = new URLSearchParams(location.search).get("check") ?? "";

const leave = (why) => document.getElementById("viewer").replaceChildren(message("red", why));

async function search() {
  const answer = await ask("GET", `/api/remittances?check=${encodeURIComponent(check.value.trim())}`, undefined, leave);
  if (answer.maintenance) return results.replaceChildren(message("red", answer.maintenance));
  if (!answer.found) {
    return results.replaceChildren(message("amber", "We did not find remittance data matching your search criteria."));
  }
  return results.replaceChildren(remittance(answer.found, answer.arrival));
}

function remittance(found, arrival) {
  const facts = [
    ["Check/EFT Number", found.trace], ["Payer", found.payer], ["Payee", found.payee],
    ["Payment Method", found.method], ["Payment Amount", dollars(found.amount)], ["Payment Date", day(found.day)],
  ];
  return el("section", { class: "card", "aria-label": "Remittance" },
    el("h2", {}, "Remittance"),
    el("dl", { class: "facts" }, facts.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value)))),
    el("table", {}, el("thead", {}, el("tr", {}, ["Claim Number", "Billed", "Paid"].map((title) => el("th", { scope: "col" }, title)))),
      el("tbody", {}, found.claims.map((claim) =>
        el("tr", {}, [claim.claimNumber, dollars(claim.billed), dollars(claim.paid)].map((text) => el("td", {}, text)))))),
    el("div", { class: "actions" }, pdfLink(found.trace, arrival)));
}

/** The way to the PDF: a link that downloads it, shows it here or in a tab, or makes a blob of it. */
function pdfLink(trace, arrival) {
  const href = `/api/remittances/${encodeURIComponent(trace)}/document`;
  if (arrival !== "blob") return el("a", { href, target: arrival === "tab" ? "_blank" : null }, "Download PDF");
  return el("a", {
    href: "#",
    onclick: async (event) => {
      event.preventDefault();
      const blob = await (await fetch(href)).blob();
      const link = el("a", { href: URL.createObjectURL(blob), download: `remit-${trace}.pdf` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    },
  }, "Download PDF");
}

document.getElementById("viewer").replaceChildren(
  el("section", { class: "card" },
    el("form", {
      onsubmit: (event) => {
        event.preventDefault();
        search().catch(() => {});
      },
    }, el("div", { class: "field" }, el("label", { for: "check" }, "Check/EFT Number"), check),
    el("button", { type: "submit", class: "primary" }, "Search"))),
  results);
