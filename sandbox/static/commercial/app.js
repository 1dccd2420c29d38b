"use strict";

const POLL_MS = 150;
const view = document.getElementById("view");
const menu = document.getElementById("menu");
const troubles = JSON.parse(document.body.dataset.troubles ?? "{}"); // none, on an ordinary day

let signedIn = false;
let notice = null; // what the sign-in page says once
let claimsPage = null; // the claim search with its results, kept while a claim is open

// ---------------------------------------------------------------- building pages

function el(tag, attributes = {}, ...children) {
  if (troubles.drift) [tag, attributes, children] = drifted(troubles.drift, tag, attributes, children.flat());
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null));
  return node;
}

const alertBox = (text) => el("div", { role: "alert", class: "message error" }, text);

function field(id, label, attributes = {}, hint = null) {
  return el("div", { class: "field" },
    el("label", { for: id }, label),
    el("input", { id, name: id, type: "text", autocomplete: "off", ...attributes }),
    hint ? el("span", { class: "hint" }, hint) : null);
}

function show(...nodes) {
  view.replaceChildren(...nodes);
  menu.hidden = !signedIn;
  if (troubles.announcement && signedIn) announce();
}

function dollars(amount) {
  if (amount === null) return "";
  const [whole, cents] = amount.replace("-", "").split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  if (amount.startsWith("-") && troubles.parentheses) return `(${grouped}.${cents})`;
  return `${amount.startsWith("-") ? "-" : ""}$${grouped}.${cents}`;
}

function day(iso) {
  if (!iso) return "";
  const [year, month, date] = iso.split("-");
  return `${month}/${date}/${year}`;
}

const staleBanner = () => (troubles.asOf
  ? el("p", { role: "note", class: "message info" }, `Claim information is as of ${day(troubles.asOf)}.`)
  : null);

// what a reason takes off: an amount as it is, or below zero in parentheses
const takenOff = (amount) => (troubles.parentheses && !amount.startsWith("-") ? dollars(`-${amount}`) : amount);

// ---------------------------------------------------------------- talking to the server

class SessionEnded extends Error {}

async function ask(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  if (response.status === 401) {
    const { error } = await response.json();
    leave(error);
    throw new SessionEnded(error);
  }
  return response;
}

function leave(message) {
  signedIn = false;
  claimsPage = null;
  notice = message;
  if (location.hash === "#/sign-in") signInPage();
  else location.hash = "#/sign-in";
}

/** A form that sends its values once at a time and shows what went wrong above its button. */
function form(attributes, fields, button, send) {
  const place = el("div", { class: "form-message" });
  const submit = el("button", { type: "submit", class: "primary" }, button);
  return el("form", {
    ...attributes,
    novalidate: true,
    onsubmit: async (event) => {
      event.preventDefault();
      if (submit.disabled) return;
      place.replaceChildren();
      submit.disabled = true;
      try {
        const problem = await send(Object.fromEntries(new FormData(event.target)));
        if (problem) place.replaceChildren(alertBox(problem));
      } catch (error) {
        if (!(error instanceof SessionEnded)) place.replaceChildren(alertBox("The portal did not answer."));
      } finally {
        submit.disabled = false;
      }
    },
  }, ...fields, place, submit);
}

// ---------------------------------------------------------------- signing in and out

function signInPage() {
  const said = notice;
  notice = null;
  show(el("section", { class: "card narrow" },
    el("h1", {}, "Provider sign in"),
    said ? alertBox(said) : null,
    form({}, [
      field("userId", "User ID", { autocomplete: "username" }),
      field("password", "Password", { type: "password", autocomplete: "current-password" }),
      troubles.captcha ? challenge() : null,
    ], "Sign in", async ({ userId, password }) => {
      const answer = await (await ask("POST", "/api/login", { userId, password })).json();
      if (answer.error) return answer.error;
      location.hash = `#/${answer.next}`;
      return null;
    })));
  view.querySelector("input").focus();
}

function verifyPage() {
  show(el("section", { class: "card narrow" },
    el("h1", {}, "Two-step verification"),
    el("p", {}, "Enter the 6-digit code from your authenticator app."),
    form({}, [field("code", "Verification code", { inputmode: "numeric", maxlength: "6" })],
      "Verify", async ({ code }) => {
        const answer = await (await ask("POST", "/api/login/verify", { code })).json();
        if (answer.error) return answer.error;
        signedIn = answer.next === "home";
        location.hash = `#/${answer.next}`;
        return null;
      })));
  view.querySelector("input").focus();
}

async function signOut() {
  await ask("POST", "/api/logout");
  signedIn = false;
  claimsPage = null;
  location.hash = "#/signed-out";
}

function signedOutPage() {
  show(el("section", { class: "card narrow" },
    el("h1", {}, "You have signed out"),
    el("p", {}, "Thank you for using the provider portal. "),
    el("p", {}, el("a", { href: "#/sign-in" }, "Return to sign in"))));
}

function homePage() {
  show(el("section", { class: "card" },
    el("h1", {}, "Welcome"),
    el("p", {}, "Larkspur Family Medicine PLLC"),
    el("div", { class: "tiles" },
      el("div", { class: "tile" }, el("h2", {}, "Claim status"),
        el("p", {}, "Look up claims by member and date of service, and download explanations of payment.")),
      el("div", { class: "tile" }, el("h2", {}, "Announcements"),
        el("p", {}, "Claim information is refreshed every business day at 6:00 AM Eastern time.")))));
}

// ---------------------------------------------------------------- searching for claims

function makeClaimsPage() {
  const results = el("div", { id: "results" });
  const searchForm = form({ class: "search", "aria-label": "Claim search" }, [
    el("div", { class: "row" },
      field("memberId", "Member ID"),
      field("dateOfBirth", "Date of birth", { placeholder: "MM/DD/YYYY" }, "Optional")),
    el("div", { class: "row" },
      field("serviceFrom", "Service date from", { placeholder: "MM/DD/YYYY" }),
      field("serviceTo", "Service date to", { placeholder: "MM/DD/YYYY" })),
  ], "Search", (values) => search(values, results));
  return el("div", {}, staleBanner(),
    el("section", { class: "card" }, el("h1", {}, "Claim status"), searchForm), results);
}

async function search(values, results) {
  results.replaceChildren(spinner("Searching…"));
  let started;
  try {
    started = await (await ask("POST", "/api/claim-searches", values)).json();
  } catch (error) {
    results.replaceChildren();
    throw error;
  }
  if (started.error) {
    results.replaceChildren();
    return started.error;
  }
  for (;;) {
    const answer = await resultsPage(started.searchId, 1);
    if (answer.state !== "working") {
      showResults(started.searchId, answer, results);
      return null;
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

const spinner = (text) => el("div", { role: "status", class: "spinner" }, text);

const resultsPage = async (searchId, page) =>
  (await ask("GET", `/api/claim-searches/${searchId}?page=${page}`)).json();

function showResults(searchId, answer, results) {
  if (answer.state !== "done") {
    results.replaceChildren(alertBox(answer.message ?? answer.error));
    return;
  }
  if (answer.total === 0) {
    results.replaceChildren(el("p", { class: "message info" }, "No claims match your search."));
    return;
  }
  const turn = (to) => async (event) => {
    event.target.disabled = true;
    try {
      showResults(searchId, await resultsPage(searchId, to), results);
    } catch (error) {
      if (!(error instanceof SessionEnded)) throw error;
    }
  };
  const button = (text, to, possible) =>
    el("button", { type: "button", disabled: !possible, onclick: turn(to) }, text);
  results.replaceChildren(el("section", { class: "card", "aria-label": "Search results" },
    el("h2", {}, "Search results"),
    el("p", { id: "claim-count" }, `${answer.total} claim${answer.total === 1 ? "" : "s"} found`),
    el("table", { class: "results", "aria-label": "Claims" },
      headings("Claim number", "Patient", "Service date", "Billed", "Status"),
      el("tbody", {}, answer.claims.map((claim) => el("tr", {},
        el("td", {}, el("a", { href: `#/claims/${claim.claimNumber}` }, claim.claimNumber)),
        el("td", {}, claim.patient),
        el("td", {}, day(claim.serviceDate)),
        el("td", { class: "money" }, dollars(claim.billed)),
        el("td", {}, claim.status))))),
    el("div", { class: "pager" },
      button("Previous page", answer.page - 1, answer.page > 1),
      el("span", { id: "page-position" }, `Page ${answer.page} of ${answer.pages}`),
      button("Next page", answer.page + 1, answer.page < answer.pages))));
}

const headings = (...names) =>
  el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name))));

// ---------------------------------------------------------------- one claim

async function claimPage(number) {
  show(spinner("Loading claim…"));
  const response = await ask("GET", `/api/claims/${encodeURIComponent(number)}?view=full`);
  const claim = await response.json();
  if (location.hash !== `#/claims/${number}`) return;
  if (claim.error) {
    show(alertBox(claim.error));
    return;
  }
  const said = el("div", { class: "form-message" });
  show(el("section", { class: "card", "aria-label": "Claim details" },
    el("h1", {}, "Claim details"),
    staleBanner(),
    facts(claim),
    linesTable(claim.lines),
    claim.adjustments.length ? adjustmentsTable(claim.adjustments) : null,
    said,
    el("div", { class: "actions" },
      claim.hasEob
        ? el("button", { type: "button", class: "primary", onclick: () => downloadEob(claim, said) }, "Download EOB")
        : null,
      el("button", { type: "button", onclick: () => submitAppeal(claim, said) }, "Submit appeal"),
      el("button", { type: "button", onclick: () => { location.hash = "#/claims"; } }, "Close"))));
}

function facts(claim) {
  const list = [
    ["Claim number", claim.claimNumber],
    ["Status", claim.status],
    claim.statusNote ? ["Status note", claim.statusNote] : null,
    ["Patient", claim.patient],
    ["Date of birth", day(claim.dateOfBirth)],
    ["Member ID", claim.memberId],
    ["Patient account", claim.patientAccount],
    ["Service dates", `${day(claim.serviceFrom)} - ${day(claim.serviceTo)}`],
    ["Received", day(claim.received)],
    ["Billed amount", dollars(claim.billed)],
  ];
  const paid = claim.adjudicated;
  if (paid) {
    list.push(
      ["Allowed amount", dollars(paid.allowed)],
      ["Paid amount", dollars(paid.paid)],
      ["Patient responsibility", dollars(paid.patientResponsibility)],
      ["Payment date", day(paid.paymentDate)],
      ["Check/EFT number", paid.paymentNumber ?? ""]);
  }
  return el("dl", { class: "facts" }, list.filter(Boolean).map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function linesTable(lines) {
  return el("table", { class: "service-lines" },
    el("caption", {}, "Service lines"),
    headings("Procedure", "Mod", "Service date", "Units", "Billed", "Allowed", "Paid", "Reason codes", "Remarks"),
    el("tbody", {}, lines.map((line) => el("tr", {},
      el("td", {}, line.procedure),
      el("td", {}, line.modifiers.join(" ")),
      el("td", {}, day(line.serviceDate)),
      el("td", { class: "money" }, String(line.units)),
      el("td", { class: "money" }, dollars(line.billed)),
      el("td", { class: "money" }, dollars(line.allowed)),
      el("td", { class: "money" }, dollars(line.paid)),
      el("td", {}, line.adjustments.map((a) => `${a.code} ${takenOff(a.amount)}`).join("; ")),
      el("td", {}, line.remarks.join(" "))))));
}

function adjustmentsTable(adjustments) {
  return el("table", { class: "claim-adjustments" },
    el("caption", {}, "Claim adjustments"),
    headings("Reason code", "Amount"),
    el("tbody", {}, adjustments.map((a) => el("tr", {},
      el("td", {}, a.code),
      el("td", { class: "money" }, troubles.parentheses ? takenOff(a.amount) : dollars(a.amount))))));
}

async function downloadEob(claim, said) {
  said.replaceChildren();
  if (troubles.document === "tab") {
    window.open(`/api/claims/${encodeURIComponent(claim.claimNumber)}/eob`);
    return;
  }
  const response = await ask("GET", `/api/claims/${encodeURIComponent(claim.claimNumber)}/eob`);
  if (!response.ok) {
    said.replaceChildren(alertBox("The explanation of payment could not be loaded."));
    return;
  }
  const named = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
  const address = URL.createObjectURL(await response.blob());
  const link = el("a", { href: address, download: named ? named[1] : "EOP.pdf", hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

async function submitAppeal(claim, said) {
  const answer = await (await ask("POST", "/api/appeals", { claimNumber: claim.claimNumber })).json();
  said.replaceChildren(el("p", { role: "status", class: "message info" }, answer.message ?? answer.error));
}

// ---------------------------------------------------------------- routes

const OPEN_PAGES = {
  "#/sign-in": signInPage,
  "#/verify": verifyPage,
  "#/expired": () => expiredPage(),
  "#/expiring": () => expiringPage(),
  "#/signed-out": signedOutPage,
};

async function route() {
  const hash = location.hash;
  try {
    if (Object.hasOwn(OPEN_PAGES, hash)) {
      OPEN_PAGES[hash]();
    } else if (!signedIn) {
      location.hash = "#/sign-in";
    } else if (hash === "#/sign-out") {
      await signOut();
    } else if (troubles.stepUp && !verifiedAgain && /^#\/(claims|eligibility)/.test(hash)) {
      verifyAgainPage();
    } else if (hash === "#/claims") {
      claimsPage ??= makeClaimsPage();
      show(claimsPage);
    } else if (hash === "#/eligibility") {
      show(eligibilityPage());
    } else if (hash.startsWith("#/claims/")) {
      await claimPage(decodeURIComponent(hash.slice("#/claims/".length)));
    } else {
      homePage();
    }
  } catch (error) {
    if (!(error instanceof SessionEnded)) show(alertBox("The portal did not answer."));
  }
}

window.addEventListener("hashchange", route);
window.addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof SessionEnded) event.preventDefault();
});
menu.addEventListener("click", (event) => {
  // a second click on Claims while claims are shown starts over
  if (event.target.getAttribute("href") === "#/claims") {
    claimsPage = null;
    if (location.hash === "#/claims") route();
  }
  if (event.target.getAttribute("href") === "#/eligibility" && location.hash === "#/eligibility") route();
});

(async () => {
  const answer = await (await fetch("/api/session")).json();
  signedIn = answer.signedIn;
  route();
})();
