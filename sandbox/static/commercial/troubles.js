"use strict";

// What the portal shows on a day with troubles; app.js, loaded after this file, asks for it.

const RENAMED = 2;
const REBUILT = 3;

// a label that a profile may take for missing is the dangerous one to reword, so it comes first
const WORDS = {
  "Paid amount": "Plan payment",
  "Allowed amount": "Plan allowance",
  "Patient responsibility": "Member share",
  "Payment date": "Date paid",
  "Check/EFT number": "Payment reference",
  "Status note": "Remark",
  "Reason codes": "Adjustment reasons",
  "Reason code": "Adjustment reason",
  "Coverage ends": "Last day of coverage",
};
const MORE_WORDS = {
  "Claim number": "Claim ID",
  "Billed amount": "Charges submitted",
  "Member ID": "Subscriber number",
  "Service dates": "Dates of service",
  "Claim details": "Your claim",
  "Search results": "Matching claims",
};
const NAMES = { id: "jr-", for: "jr-", class: "x-" };
const TAGS = {
  section: "div", table: "div", thead: "div", tbody: "div", tr: "div", caption: "p", th: "b", td: "span",
  dl: "div", dt: "b", dd: "span",
};

/** An element as it is made once the portal has drifted that far. */
function drifted(level, tag, attributes, children) {
  const words = level < RENAMED ? WORDS : { ...WORDS, ...MORE_WORDS };
  const said = children.map((child) => (Object.hasOwn(words, child) ? words[child] : child));
  if (level < RENAMED) return [tag, attributes, said];
  const named = Object.entries(attributes).map(([name, value]) =>
    [name, NAMES[name] ? `${NAMES[name]}${value}` : words[value] ?? value]);
  return [
    level < REBUILT ? tag : TAGS[tag] ?? tag,
    Object.fromEntries(named),
    tag === "tr" ? said.reverse() : said,
  ];
}

let announced = false; // until it is closed, once in a session
let verifiedAgain = false;

function announce() {
  if (announced || document.getElementById("news")) return;
  const close = () => {
    announced = true;
    document.getElementById("news").remove();
  };
  const veil = "position:fixed;inset:0;background:rgba(20,40,60,.6)";
  const box = "background:#fff;width:420px;margin:18vh auto;padding:16px 26px";
  document.body.append(Object.assign(document.createElement("div"), { id: "news", style: veil }));
  document.getElementById("news").append(
    el("div", { role: "dialog", "aria-modal": "true", "aria-label": "Plan news", style: box },
      el("h2", {}, "Plan news"),
      el("p", {}, "Our office is closed on Thursday. The portal stays open."),
      el("button", { type: "button", onclick: close }, "Close")));
}

const challenge = () => el("div", {},
  el("div", { role: "img", "aria-label": "Distorted characters", class: "challenge" }),
  field("characters", "Characters in the picture"));

const expiredPage = () => show(el("section", { class: "card narrow" },
  el("h1", {}, "Your password has expired"),
  el("p", {}, "Create a new password before you go on."),
  field("newPassword", "New password", { type: "password" })));

function expiringPage() {
  const goOn = () => {
    signedIn = true;
    location.hash = "#/home";
  };
  show(el("section", { class: "card narrow" },
    el("h1", {}, "Your password expires in 5 days"),
    el("p", {}, "You can change it now or later."),
    el("button", { type: "button", onclick: goOn }, "Remind me later")));
}

function verifyAgainPage() {
  show(el("section", { class: "card narrow" },
    el("h1", {}, "Confirm that it is you"),
    el("p", {}, "Claim information needs another code from your authenticator app."),
    form({}, [field("code", "Verification code", { inputmode: "numeric", maxlength: "6" })],
      "Verify", async ({ code }) => {
        const answer = await (await ask("POST", "/api/login/verify", { code })).json();
        if (answer.error) return answer.error;
        verifiedAgain = true;
        route();
        return null;
      })));
}
