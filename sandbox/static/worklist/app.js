"use strict";

const view = document.getElementById("view");
const drift = Number(document.body.dataset.drift);
const LISTS = ["All", "Denied", "Rejected", "Warnings", "Incomplete"];
const REWORDED = {
  "Claim number": "Claim no.", "Claim #": "Claim no.", "Billed": "Charge", "Status": "Current status",
  "Paid": "Plan paid", "Patient responsibility": "Member owes", "Apply filters": "Filter",
  "Date of birth": "Birth date", "Service date from": "First service date",
};
const RENAMED = 2;
const REBUILT = 3;

let facts = null; // what the task summary knows
let parentheses = false;
let menu = null; // the row menu that is open

// ---------------------------------------------------------------- building pages

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      const renamed = drift >= RENAMED && name === "class";
      node.setAttribute(name, renamed ? `sy-${[...value].reduce((a, c) => (a * 31 + c.charCodeAt(0)) % 9973, 7)}` : value);
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const said = (text) => (drift >= 1 && REWORDED[text]) || text;
const region = (label, ...children) =>
  (drift >= REBUILT ? el("div", {}, ...children) : el("section", { "aria-label": label }, ...children));
const alertBox = (text) => el("p", { role: "alert", class: "error" }, text);

function show(...nodes) {
  closeMenu();
  view.replaceChildren(...nodes);
}

function field(id, label, attributes = {}) {
  return el("div", { class: "field" }, el("label", { for: id }, said(label)),
    el("input", { id, type: "text", autocomplete: "off", ...attributes }));
}

/** A table; columns stand the other way round and tables become boxes as the portal drifts. */
function grid(name, headings, rows, attributes = () => ({})) {
  const order = drift >= RENAMED ? (cells) => [...cells].reverse() : (cells) => cells;
  const cells = (tag, of) => order(of).map((cell) => el(tag, {}, cell ?? ""));
  if (drift >= REBUILT) {
    return el("div", { class: name }, [headings.map(said), ...rows].map((row) => el("div", { class: "line" }, cells("span", row))));
  }
  return el("table", { class: name },
    el("thead", {}, el("tr", {}, cells("th", headings.map(said)))),
    el("tbody", {}, rows.map((row, n) => el("tr", attributes(n), cells("td", row)))));
}

function amount(text, cents = true) {
  if (text === null) return "";
  const minus = text.startsWith("-");
  const exact = text.replace("-", "");
  const [whole, fraction] = (cents ? exact : String(Math.round(Number(exact)))).split(".");
  const plain = `$${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${cents ? `.${fraction}` : ""}`;
  if (!minus) return plain;
  return parentheses ? `(${plain})` : `-${plain}`;
}

function day(iso) {
  if (!iso) return "";
  const [year, month, date] = iso.split("-");
  return `${month}/${date}/${year}`;
}

// ---------------------------------------------------------------- talking to the server

class SessionEnded extends Error {}

async function ask(path, body) {
  const response = await fetch(path, body && {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  if (response.status === 401) {
    const { ended } = await response.json();
    location.replace(`/signin?ended=${ended}`);
    throw new SessionEnded(ended);
  }
  const type = response.headers.get("Content-Type");
  if (type.startsWith("text/html")) {
    document.open();
    document.write(await response.text());
    document.close();
    throw new SessionEnded("maintenance");
  }
  document.getElementById("stale").hidden = !response.headers.has("X-Stale");
  parentheses = response.headers.has("X-Parentheses");
  if (response.headers.has("X-Announcement")) document.getElementById("announcement").showModal();
  if (response.headers.has("X-Still-There")) document.getElementById("still-there").showModal();
  return response;
}

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
}

// ---------------------------------------------------------------- task summary and lists

async function summaryPage() {
  show(el("p", { role: "status" }, "Loading…"));
  facts = await (await ask("/api/summary")).json();
  show(el("h1", {}, "Task Summary"), el("ul", { class: "tasks" }, LISTS.map((name) => el("li", {},
    el("a", { href: "#", onclick: (event) => { event.preventDefault(); listPage(name); } }, name),
    el("span", { class: "count" }, String(facts.counts[name]))))));
}

/** Takes what keys type, and nothing else: text that is set or pasted shows, and is not in force. */
function keyedField(id, label) {
  const box = field(id, label);
  const input = box.querySelector("input");
  box.typed = "";
  const take = (text) => { box.typed = text; input.value = text; };
  input.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const all = input.selectionStart === 0 && input.selectionEnd === input.value.length;
    if (event.key === "Backspace" || event.key === "Delete") take(all ? "" : box.typed.slice(0, -1));
    else if (event.key.length === 1) take(box.typed + event.key);
    else return;
    event.preventDefault();
  });
  input.addEventListener("beforeinput", (event) => {
    // a letter that two keys make comes without a key of its own
    if (event.inputType !== "insertText" || (event.data ?? "").length !== 1) return;
    event.preventDefault();
    take(box.typed + event.data);
  });
  return box;
}

function listPage(name) {
  const payer = combobox("payer", "Payer", facts.payers);
  const status = el("select", { id: "status" },
    ["Any status", ...facts.statuses[name]].map((text) => el("option", {}, text)));
  const from = field("from", "Service date from", { placeholder: "MM/DD/YYYY" });
  const to = field("to", "Service date to", { placeholder: "MM/DD/YYYY" });
  const lastName = keyedField("last-name", "Patient last name begins with");
  const member = field("member", "Member ID contains");
  const value = (box) => box.querySelector("input").value.trim();
  const results = el("div", { class: "results" });
  const inForce = () => ({
    payer: payer.chosen,
    status: status.selectedIndex ? status.value : "",
    from: value(from),
    to: value(to),
    lastName: lastName.typed,
    memberId: value(member),
  });
  const apply = el("button", {
    type: "button", class: "primary", onclick: () => loadList(name, inForce(), 1, results),
  }, said("Apply filters"));
  show(el("h1", {}, `${name} - worklist`),
    region("Filters", payer, el("div", { class: "field" }, el("label", { for: "status" }, said("Status")), status),
      from, to, lastName, member, apply,
      el("button", { type: "button", onclick: () => listPage(name) }, "Clear filters")),
    results);
  loadList(name, {}, 1, results);
}

const NAMES = {
  payer: "Payer", status: "Status", from: "From", to: "To", lastName: "Last name begins with",
  memberId: "Member ID contains",
};

let newest = 0;

async function loadList(name, filters, page, results) {
  const number = ++newest;
  results.classList.add("busy");
  const answer = await (await ask("/api/worklist", { list: name, page: String(page), ...filters })).json();
  if (number !== newest || !results.isConnected) return;
  results.classList.remove("busy");
  const chips = Object.entries(filters).filter(([, text]) => text);
  const chosen = chips.length
    ? el("ul", { class: "chips" }, chips.map(([key, text]) => el("li", {}, `${NAMES[key]}: ${text}`)))
    : null;
  if (answer.error) {
    results.replaceChildren(...[chosen, alertBox(answer.error)].filter(Boolean));
    return;
  }
  if (!answer.total) {
    const none = chips.length ? "No claims match the filters." : "This list is empty.";
    results.replaceChildren(...[chosen, el("p", { class: "none" }, none)].filter(Boolean));
    return;
  }
  const turn = (text, to, possible) => el("button", {
    type: "button", disabled: !possible, onclick: () => loadList(name, filters, to, results),
  }, text);
  results.replaceChildren(...[
    el("h2", {}, chips.length ? "Filtered claims" : "All claims in this list"),
    chosen,
    el("p", { class: "toolbar" },
      el("span", { class: "total" }, `${answer.total} of ${answer.of} claims`),
      el("button", { type: "button", onclick: () => { location.href = `/api/exports/${answer.export}.csv`; } }, "Export CSV")),
    grid("worklist", ["Claim #", "Patient", "Service date", "Billed", "Status", "Last update", "Actions"],
      answer.rows.map((row) => [
        row.number, row.patient, day(row.serviceDate), amount(row.billed, false), row.status, day(row.updated),
        el("button", { type: "button", class: "more", "aria-haspopup": "menu", onclick: (event) => rowMenu(event, row) }, "…"),
      ]),
      (n) => ({ oncontextmenu: (event) => rowMenu(event, answer.rows[n]) })),
    el("p", { class: "pager" },
      turn("Previous", answer.page - 1, answer.page > 1),
      el("span", { id: "page-position" }, `Page ${answer.page} of ${answer.pages}`),
      turn("Next", answer.page + 1, answer.page < answer.pages)),
  ].filter(Boolean));
}

function closeMenu() {
  menu?.remove();
  menu = null;
}

function rowMenu(event, row) {
  event.preventDefault();
  event.stopPropagation();
  closeMenu();
  const item = (text, act, possible = true) => el("button", {
    type: "button", role: "menuitem", disabled: !possible,
    onclick: () => { closeMenu(); act(); },
  }, text);
  const list = [...view.childNodes];
  menu = el("div", { role: "menu", class: "menu" },
    item("View claim", () => claimPage(row.number, list)),
    item("View EOB", async () => {
      const claim = await (await ask(`/api/claims/${row.number}`)).json();
      if (!claim.eobIsDead) fetchEob(claim);
    }, row.hasEob),
    item("Add note", () => addNote(row.number)));
  const at = event.target.getBoundingClientRect();
  menu.style.left = `${Math.max(8, at.left - 120)}px`;
  menu.style.top = `${at.bottom + window.scrollY}px`;
  document.body.append(menu);
}

document.addEventListener("click", (event) => { if (menu && !menu.contains(event.target)) closeMenu(); });

// ---------------------------------------------------------------- one claim

/** The claim takes the place of the list, whose nodes come back as they were. */
async function claimPage(number, list) {
  show(el("p", { role: "status" }, "Loading…"));
  const claim = await (await ask(`/api/claims/${number}`)).json();
  const pairs = [
    ["Claim number", claim.number], ["Status", claim.status], ["Status note", claim.note],
    ["Patient", claim.patient], ["Date of birth", day(claim.birth)], ["Member ID", claim.memberId],
    ["Patient account", claim.account], ["Service from", day(claim.serviceFrom)],
    ["Service to", day(claim.serviceTo)], ["Received", day(claim.received)], ["Billed", amount(claim.billed)],
    ...(claim.paid === null ? [] : [
      ["Allowed", amount(claim.allowed)], ["Paid", amount(claim.paid)],
      ["Patient responsibility", amount(claim.owed)], ["Payment date", day(claim.paidOn)],
      ["Check/EFT", claim.trace],
    ]),
  ];
  const codes = (all) => all.map((one) => `${one.code} ${amount(one.amount)}`).join("; ");
  show(region("Claim",
    el("h1", {}, `Claim ${claim.number}`),
    el("div", { class: "pairs" }, pairs.filter(([, value]) => value !== null).map(([label, value]) =>
      el("div", {}, el("span", { class: "key" }, said(label)), el("span", { class: "value" }, value)))),
    el("h2", {}, "Service lines"),
    grid("lines", ["Service date", "Procedure", "Mod", "Units", "Billed", "Allowed", "Paid", "Codes", "Remarks"],
      claim.lines.map((line) => [day(line.day), line.procedure, line.modifiers, String(line.units),
        amount(line.billed), amount(line.allowed), amount(line.paid), codes(line.codes), line.remarks])),
    claim.adjustments.length ? el("h2", {}, "Claim adjustments") : null,
    claim.adjustments.length
      ? grid("adjustments", ["Codes"], claim.adjustments.map((one) => [codes([one])])) : null,
    claim.eob ? el("h2", {}, "Explanation of benefits") : null,
    claim.eob ? el("p", {}, el("button", {
      type: "button", onclick: () => { if (!claim.eobIsDead) fetchEob(claim); },
    }, "Download")) : null,
    el("p", {}, el("button", { type: "button", onclick: () => show(...list) }, "Back to list"),
      el("button", { type: "button", onclick: () => addNote(claim.number) }, "Add note"))));
}

async function fetchEob(claim) {
  const address = `/api/claims/${claim.number}/eob`;
  if (claim.arrives === "tab") window.open(address);
  else if (["inline", "attachment"].includes(claim.arrives)) location.href = address;
  else {
    const blob = URL.createObjectURL(await (await ask(address)).blob());
    const link = el("a", { href: blob, download: `EOB-${claim.trace}.pdf` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(blob), 60000);
  }
}

async function addNote(number) {
  await ask(`/api/claims/${number}/notes`, { text: "Reviewed" });
}

// ---------------------------------------------------------------- eligibility

function eligibilityPage() {
  const payer = combobox("payer", "Payer", facts.payers);
  const service = combobox("service", "Service type", facts.services);
  const member = field("member-id", "Member ID");
  const birth = field("birth", "Date of birth", { placeholder: "MM/DD/YYYY" });
  const when = field("service-day", "Date of service", { placeholder: "MM/DD/YYYY" });
  const value = (box) => box.querySelector("input").value.trim();
  const results = el("div", { class: "results" });
  const check = async () => {
    const number = ++newest;
    results.replaceChildren(el("p", { role: "status" }, "Asking the payer…"));
    const answer = await (await ask("/api/eligibility", {
      payer: payer.chosen, service: service.chosen, memberId: value(member), birth: value(birth), day: value(when),
    })).json();
    if (number === newest && results.isConnected) showCoverage(answer, results);
  };
  show(el("h1", {}, "Eligibility and benefits"),
    region("Eligibility inquiry", payer, member, birth, when, service,
      el("button", { type: "button", class: "primary", onclick: check }, "Check eligibility")),
    results);
}

const pairsOf = (pairs) => el("dl", {}, pairs.filter(([, value]) => value !== null && value !== "").flatMap(
  ([label, value]) => [el("dt", {}, label), el("dd", {}, value)]));
const yes = (value) => (value ? "Required" : null);

function showCoverage(answer, results) {
  if (answer.error) {
    results.replaceChildren(alertBox(answer.error));
    return;
  }
  const left = (whole, rest) => (rest === null ? amount(whole) : `${amount(whole)} (${amount(rest)} remaining)`);
  results.replaceChildren(region("Coverage",
    el("h2", {}, "Coverage"),
    el("article", { class: "plan" }, pairsOf([
      ["Member", answer.member], ["Member ID", answer.memberId], ["Date of birth", day(answer.birth)],
      ["Plan", answer.plan], ["Coverage status", answer.active ? "Active coverage" : "Inactive"],
      ["Coverage begins", day(answer.begins)], ["Coverage ends", day(answer.ends)],
    ])),
    answer.others.map((other) => el("article", { class: "other-payer" }, el("h3", {}, "Other payer"), pairsOf([
      ["Payer name", other.name], ["Other member ID", other.memberId], ["Order", other.order],
    ]))),
    el("div", { class: "cards" }, answer.benefits.map((one) => el("article", { class: "benefit" },
      el("h3", {}, one.service), el("span", { class: "badge" }, one.network),
      pairsOf(one.covered ? [
        ["Copay", amount(one.copay)], ["Coinsurance", one.coinsurance === null ? null : `${one.coinsurance}%`],
        ["Deductible", left(one.deductible, one.deductibleLeft)],
        ["Out-of-pocket maximum", left(one.outOfPocket, one.outOfPocketLeft)],
        ["Authorization", yes(one.authorization)], ["Referral", yes(one.referral)],
      ] : [["Covered", "Not covered"]]))))));
}

// ---------------------------------------------------------------- beginning

document.getElementById("to-summary").addEventListener("click", (event) => {
  event.preventDefault();
  summaryPage();
});
document.getElementById("to-eligibility").addEventListener("click", (event) => {
  event.preventDefault();
  eligibilityPage();
});
window.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  if (!(event.reason instanceof SessionEnded)) view.replaceChildren(alertBox("Switchyard did not answer."));
});
summaryPage();
