// The shell: signing in, the menu, the payer picker, announcements, and the frame with the application.
import { ask, el, message } from "./dom.js";

const view = document.getElementById("view");
const menu = document.getElementById("menu");
const layer = document.getElementById("layer"); // pop-ups stand here, outside of what they belong to

let session = { signedIn: false, announcement: false, payers: [] };
let login = null; // the answer to the password, while the code is still to come
let notice = null; // what the sign-in page says once
let payer = null; // the picker remembers it

const METHODS = { app: "Authenticator app", email: "E-mail a code to b•••@larkspur.example" };
const APPS = {
  "#/claims": ["Claim Status", "/apps/claim-status"],
  "#/eligibility": ["Eligibility and Benefits", "/apps/eligibility"],
};

function show(...nodes) {
  layer.replaceChildren();
  view.replaceChildren(...nodes.filter(Boolean));
  menu.hidden = !session.signedIn;
}

const card = (title, ...nodes) => el("section", { class: "card narrow" }, el("h1", {}, title), ...nodes);

function field(id, label, attributes = {}) {
  return el("div", { class: "field" },
    el("label", { for: id }, label), el("input", { id, name: id, autocomplete: "off", ...attributes }));
}

/** A form that sends its values once at a time and shows what went wrong above its button. */
function form(fields, button, send) {
  const place = el("div");
  const submit = el("button", { type: "submit", class: "primary" }, button);
  return el("form", {
    novalidate: true,
    onsubmit: async (event) => {
      event.preventDefault();
      if (submit.disabled) return;
      place.replaceChildren();
      submit.disabled = true;
      try {
        const problem = await send(Object.fromEntries(new FormData(event.target)));
        if (problem) place.replaceChildren(message("red", problem));
      } catch {
        place.replaceChildren(message("red", "Harbor Exchange did not answer."));
      } finally {
        submit.disabled = false;
      }
    },
  }, ...fields, place, submit);
}

function go(hash) {
  if (location.hash === hash) route();
  else location.hash = hash;
}

/** Called by the application in the frame, too, when the server no longer knows the session. */
function leave(why) {
  session.signedIn = false;
  payer = null;
  notice = why;
  go("#/sign-in");
}
window.leave = leave;

// ---------------------------------------------------------------- signing in and out

function signInPage() {
  const said = notice;
  notice = null;
  show(card("Sign in to Harbor Exchange", said ? message("red", said) : null,
    form([
      field("userId", "User ID", { autocomplete: "username" }),
      field("password", "Password", { type: "password", autocomplete: "current-password" }),
    ], "Sign in", async (values) => {
      const answer = await ask("POST", "/api/login", values);
      if (answer.error) return answer.error;
      login = answer;
      go(`#/${answer.next}`);
      return null;
    })));
}

function methodPage() {
  show(card("Verify your identity",
    login.unusual ? message("amber", "This sign-in is unusual for your user ID, so the code is sent by e-mail.") : null,
    el("p", {}, "How would you like to get your 6-digit code?"),
    form([el("div", { role: "radiogroup", "aria-label": "Method" }, login.methods.map((one) =>
      el("label", { class: "choice" }, el("input", { type: "radio", name: "method", value: one }), METHODS[one])))],
    "Continue", async ({ method }) => {
      const answer = await ask("POST", "/api/login/method", { method: method ?? "" }, leave);
      if (answer.error) return answer.error;
      go("#/verify");
      return null;
    })));
}

function verifyPage() {
  show(card("Enter your code",
    form([field("code", "6-digit code", { inputmode: "numeric", maxlength: "6" })],
      "Verify", async ({ code }) => {
        const answer = await ask("POST", "/api/login/verify", { code }, leave);
        if (answer.error) return answer.error;
        login = null;
        if (answer.next === "home") session = await ask("GET", "/api/session");
        go(`#/${answer.next}`);
        return null;
      }),
    el("p", {}, el("a", { href: "#/method" }, "Get the code another way"))));
}

function expiringPage() {
  show(card("Your password expires soon",
    el("p", {}, "Your password expires in 5 days. You can change it now or later."),
    el("button", {
      type: "button",
      onclick: async () => {
        session = await ask("GET", "/api/session");
        go("#/home");
      },
    }, "Remind me later")));
}

const expiredPage = () => show(card("Your password has expired",
  el("p", {}, "Create a new password before you go on.")));

const challengePage = () => show(card("Security check",
  el("p", {}, "Type the characters that you see in the picture."),
  el("div", { class: "challenge", role: "img", "aria-label": "Characters in a picture" }),
  field("characters", "Characters")));

async function signOut() {
  await ask("POST", "/api/logout");
  session.signedIn = false;
  payer = null;
  show(card("You have signed out", el("p", {}, el("a", { href: "#/sign-in" }, "Sign in again"))));
}

// ---------------------------------------------------------------- announcements

function announce() {
  if (!session.announcement) return;
  const close = () => {
    session.announcement = false;
    layer.replaceChildren();
  };
  layer.replaceChildren(el("div", { class: "backdrop" },
    el("div", { role: "dialog", "aria-modal": "true", "aria-label": "Important announcement", class: "modal" },
      el("h2", {}, "Important announcement"),
      el("p", {}, "Several payers will change their claim forms next month."),
      el("button", { type: "button", class: "primary", onclick: close }, "Got it"))));
}

// ---------------------------------------------------------------- the applications

function homePage() {
  show(el("section", { class: "card" },
    el("h1", {}, "Home"),
    el("p", {}, "Larkspur Family Medicine PLLC"),
    el("h2", {}, "News and announcements"),
    el("ul", {}, el("li", {}, "Claim information of most payers is refreshed every business day."),
      el("li", {}, "Eligibility answers come from the payers as they are."))));
  announce();
}

/** A combobox of our own: a box that opens a list elsewhere in the page. */
function payerPicker(choose) {
  const shown = el("span", {}, payer ?? "Select a payer");
  const close = () => {
    box.setAttribute("aria-expanded", "false");
    layer.querySelector("#payer-list")?.remove();
  };
  const open = () => {
    const { left, bottom, width } = box.getBoundingClientRect();
    box.setAttribute("aria-expanded", "true");
    const place = `left:${left}px;top:${bottom}px;width:${width}px`;
    layer.append(el("ul", { id: "payer-list", role: "listbox", "aria-label": "Payer", style: place },
      session.payers.map((name) => el("li", {
        role: "option",
        "aria-selected": String(name === payer),
        onclick: () => {
          close();
          shown.textContent = name;
          if (name !== payer) choose(name);
        },
      }, name))));
  };
  const box = el("div", {
    role: "combobox", tabindex: "0", class: "picker", "aria-haspopup": "listbox", "aria-expanded": "false",
    "aria-controls": "payer-list", "aria-labelledby": "payer-label",
    onclick: () => (box.getAttribute("aria-expanded") === "true" ? close() : open()),
    onkeydown: (event) => {
      if (event.key === "Escape") close();
      if ((event.key === "Enter" || event.key === "ArrowDown") && !layer.querySelector("#payer-list")) open();
    },
  }, shown);
  return el("div", { class: "field payer" }, el("span", { id: "payer-label", class: "label" }, "Payer"), box);
}

function appPage(title, path) {
  const place = el("div", { class: "app" });
  const load = () => place.replaceChildren(el("iframe", {
    id: "newBodyFrame", name: "newBodyFrame", title,
    src: `${path}?payer=${encodeURIComponent(payer)}`,
  }));
  show(el("h1", { class: "app-title" }, title), payerPicker((name) => {
    payer = name;
    load();
  }), place);
  if (payer) load();
  announce();
}

// ---------------------------------------------------------------- routes

const OPEN_PAGES = { "#/sign-in": signInPage, "#/expired": expiredPage, "#/challenge": challengePage };
const CODE_PAGES = { "#/method": methodPage, "#/verify": verifyPage, "#/expiring": expiringPage };

function route() {
  const hash = location.hash;
  if (Object.hasOwn(OPEN_PAGES, hash)) OPEN_PAGES[hash]();
  else if (Object.hasOwn(CODE_PAGES, hash) && (login || hash === "#/expiring")) CODE_PAGES[hash]();
  else if (hash === "#/sign-out" && session.signedIn) signOut();
  else if (!session.signedIn) go("#/sign-in");
  else if (Object.hasOwn(APPS, hash)) appPage(...APPS[hash]);
  else homePage();
}

window.addEventListener("hashchange", route);
menu.addEventListener("click", (event) => {
  // a click on the application that is open starts it anew
  if (event.target.getAttribute("href") === location.hash) route();
});

session = await ask("GET", "/api/session");
route();
