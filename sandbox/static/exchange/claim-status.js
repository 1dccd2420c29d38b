// Claim status: the form, a grid that holds only the rows in view, and the panel of an opened claim.
import { day, dollars, el, message } from "./dom.js";
import { claimForm } from "./claim-form.js";

const ROW_HEIGHT = 40;
const ROWS_IN_VIEW = 6;
const LONGEST = 30; // a longer text is cut off behind "View more"

const REWORDED = {
  "Claim Number": "Claim No.", "Billed Amount": "Charges", "Paid Amount": "Amount paid by the plan",
  "Member ID": "Subscriber ID", "Status": "State of the claim", "Check/EFT Number": "Payment reference",
};

export function claimStatus(settings, { talk, inquire, guarded }) {
  const { drift } = settings;
  const word = (label) => (drift >= 1 ? REWORDED[label] ?? label : label);
  const name = (plain, renamed) => (drift >= 2 ? renamed : plain);
  const results = el("div", { id: name("results", "answer") });
  const panel = el("div");

  const form = claimForm(settings, (values, submit) => {
    submit.disabled = true;
    guarded(results, async () => {
      try {
        const answer = await inquire("/api/claim-status-inquiries", values, results);
        if (answer) results.replaceChildren(message("blue", settings.notice), ...grid(answer.claims));
      } finally {
        submit.disabled = false;
      }
    });
  });
  const search = el("section", { class: "card" }, form);

  // -------------------------------------------------------------- the grid

  const COLUMNS = [
    ["Claim Number", (claim) => el("a", { href: "#", onclick: (event) => { event.preventDefault(); open(claim.claimNumber); } }, claim.claimNumber)],
    ["Patient", (claim) => claim.patient],
    ["Service Dates", (claim) => `${day(claim.from)} - ${day(claim.to)}`],
    ["Billed Amount", (claim) => dollars(claim.billed)],
    ["Status", (claim) => claim.status],
    ["Finalized Date", (claim) => day(claim.finalized)],
  ];
  if (drift >= 2) COLUMNS.reverse();

  function grid(claims) {
    const held = el("div", { class: "held", style: `height:${claims.length * ROW_HEIGHT}px` });
    const body = el("div", { class: name("grid-body", "rows"), role: "rowgroup", tabindex: "0", style: `height:${ROW_HEIGHT * ROWS_IN_VIEW}px` }, held);
    const shown = new Map(); // place → its row
    const row = (claim, place) => el("div", {
      role: "row", class: name("grid-row", "line"), "aria-rowindex": place + 2, style: `top:${place * ROW_HEIGHT}px`,
    }, COLUMNS.map(([title, cell], n) =>
      el("div", { role: "gridcell", "aria-colindex": n + 1, "data-col": name(title.toLowerCase().replaceAll(" ", "-"), null) }, cell(claim))));
    const paint = () => {
      const first = Math.max(0, Math.floor(body.scrollTop / ROW_HEIGHT) - 1);
      const last = Math.min(claims.length, first + ROWS_IN_VIEW + 2);
      for (const [place, node] of shown) {
        if (place < first || place >= last) {
          node.remove();
          shown.delete(place);
        }
      }
      for (let place = first; place < last; place += 1) {
        if (!shown.has(place)) {
          shown.set(place, row(claims[place], place));
          held.append(shown.get(place));
        }
      }
    };
    const sort = () => {
      claims.sort((one, other) => (other.finalized ?? "").localeCompare(one.finalized ?? ""));
      for (const node of shown.values()) node.remove();
      shown.clear();
      paint();
    };
    body.addEventListener("scroll", paint);
    paint();
    return [
      el("h2", {}, "Search Results"),
      el("p", { class: "count" }, `${claims.length} ${claims.length === 1 ? "result" : "results"}`),
      el("div", { id: name("claimsTable", "found"), role: "grid", "aria-label": "Claims", "aria-rowcount": claims.length + 1 },
        el("div", { role: "row", class: "grid-head", "aria-rowindex": "1" }, COLUMNS.map(([title], n) =>
          el("div", { role: "columnheader", "aria-colindex": n + 1 },
            title === "Finalized Date" ? el("button", { type: "button", class: "plain", onclick: sort }, word(title)) : word(title)))),
        body),
    ];
  }

  // -------------------------------------------------------------- an opened claim

  function open(number) {
    search.hidden = results.hidden = true;
    panel.replaceChildren(el("div", { role: "status", class: "spinner" }, "Opening the claim…"));
    guarded(panel, async () => {
      const claim = await talk("GET", `/api/claims/${encodeURIComponent(number)}`);
      panel.replaceChildren(claim.maintenance ? message("red", claim.maintenance) : detail(claim));
    });
  }

  function close() {
    panel.replaceChildren();
    search.hidden = results.hidden = false;
  }

  function detail(claim) {
    const said = el("div");
    return el("section", { id: name("claimDetail", "panel"), class: "card", "aria-label": "Claim Detail" },
      el("h2", {}, `Claim ${claim.claimNumber}`),
      facts(claim),
      lineTable(claim.lines, claim.decided),
      claim.codes.length ? codesTable(claim.codes) : null,
      said,
      el("div", { class: "actions" },
        claim.check ? el("a", { target: "_blank", href: `/remittance-viewer?check=${encodeURIComponent(claim.check)}` }, "View Remittance") : null,
        el("button", {
          type: "button",
          onclick: async () => {
            const answer = await talk("POST", "/api/corrections", { claimNumber: claim.claimNumber });
            said.replaceChildren(message("blue", answer.message));
          },
        }, "Correct this claim"),
        el("button", { type: "button", onclick: close }, "Back to Results")));
  }

  function facts(claim) {
    const list = [
      ["Claim Number", claim.claimNumber], ["Status", claim.status],
      claim.message ? ["Status Message", claim.message] : null,
      ["Patient", claim.patient], ["Patient's Date of Birth", day(claim.birth)], ["Member ID", claim.memberId],
      ["Patient Account Number", claim.account], ["Service Dates", `${day(claim.from)} - ${day(claim.to)}`],
      ["Received Date", day(claim.received)], ["Billed Amount", dollars(claim.billed)],
    ];
    if (claim.decided) {
      list.push(["Finalized Date", day(claim.finalized)], ["Allowed Amount", dollars(claim.allowed)],
        ["Paid Amount", dollars(claim.paid)], ["Patient Responsibility", dollars(claim.owed)],
        ["Check/EFT Number", claim.check ?? ""], ["Check Date", day(claim.checkDate)]);
    }
    const rows = list.filter(Boolean);
    if (drift >= 3) return el("div", { class: "prose" }, rows.map(([label, value]) => el("p", {}, `${word(label)} is ${value}.`)));
    return el("dl", { class: "facts" }, rows.map(([label, value]) => el("div", {}, el("dt", {}, word(label)), cut("dd", value))));
  }

  /** A text in `tag`, cut off with a button that shows all of it. */
  function cut(tag, text) {
    if (text.length <= LONGEST) return el(tag, {}, text);
    const shown = el(tag, {}, `${text.slice(0, LONGEST)}…`);
    const button = el("button", {
      type: "button", class: "plain more",
      onclick: () => {
        const all = button.textContent === "View more";
        shown.textContent = all ? text : `${text.slice(0, LONGEST)}…`;
        button.textContent = all ? "View less" : "View more";
      },
    }, "View more");
    return [shown, button];
  }

  const heads = (...titles) => el("thead", {}, el("tr", {}, titles.map((title) => el("th", { scope: "col" }, word(title)))));

  function lineTable(lines, decided) {
    const titles = ["Line", "Procedure", "Service Date", "Units", "Billed", "Allowed", "Paid", ""];
    return el("table", { id: name("lineLevelTable", "lines") },
      el("caption", {}, "Line Level Information"), heads(...titles),
      el("tbody", {}, lines.map((line, n) => {
        const remarks = el("tr", { hidden: true }, el("td", { colspan: titles.length }, `Remark codes: ${line.remarks.join(" ") || "none"}`));
        const toggle = el("button", {
          type: "button", class: "plain", "aria-expanded": "false",
          onclick: () => {
            remarks.hidden = !remarks.hidden;
            toggle.setAttribute("aria-expanded", String(!remarks.hidden));
          },
        }, "Remarks");
        return [el("tr", {}, el("td", {}, String(n + 1)), el("td", {}, line.procedure), el("td", {}, day(line.day)),
          el("td", {}, String(line.units)), el("td", {}, dollars(line.billed)), el("td", {}, dollars(line.allowed)),
          el("td", {}, dollars(line.paid)), el("td", {}, decided ? toggle : null)), remarks];
      })));
  }

  function codesTable(codes) {
    return el("table", { id: name("codesTable", "reasons") },
      el("caption", {}, "Reason and Remark Codes"), heads("Level", "Code", "Amount", "Description"),
      el("tbody", {}, codes.map((one) => el("tr", {}, el("td", {}, one.place), el("td", {}, one.code),
        el("td", {}, dollars(one.amount, { takenOff: true })), el("td", {}, cut("span", one.meaning))))));
  }

  return [search, results, panel];
}
