// The claim-status form in its three generations: which one a payer has, the clearinghouse decides.
import { el } from "./dom.js";

const REWORDED = {
  "Member ID": "Subscriber ID",
  "Patient's Date of Birth": "Birth date of the patient",
  "Service Dates": "Dates of care",
  "Submit": "Find claims",
};
/** A label, or its other wording once the portal has drifted. */
export const worded = (drift) => (label) => (drift >= 1 ? REWORDED[label] ?? label : label);

/** The form's node, and `values()` of what was entered. `send` is called to submit. */
export function claimForm({ generation, drift }, send) {
  const word = worded(drift);
  const made = { 1: legacy, 2: dynamic, 3: components }[generation](word);
  const submit = el("button", { type: "submit", id: drift >= 2 ? "find" : "submit-by276", class: "primary" }, word("Submit"));
  const node = el("form", {
    novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      send(made.values(), submit);
    },
  }, made.node, submit);
  return node;
}

// ---------------------------------------------------------------- 1: plain inputs behind a tab

function legacy(word) {
  const input = (name, label) => el("p", {}, el("label", { for: name }, word(label)), " ", el("input", { id: name, name, type: "text" }));
  const panels = {
    "Claim Number": el("div", { role: "tabpanel", "aria-label": "Claim Number" }, input("claimNumber", "Claim Number")),
    "HIPAA Standard": el("div", { role: "tabpanel", "aria-label": "HIPAA Standard", hidden: true },
      input("memberId", "Member ID"), input("lastName", "Patient Last Name"), input("firstName", "Patient First Name"),
      input("birth", "Patient's Date of Birth"), input("npi", "Provider NPI"),
      el("fieldset", {}, el("legend", {}, word("Service Dates")), input("from", "From"), input("to", "To"))),
  };
  const tabs = Object.keys(panels).map((name) => el("button", {
    type: "button", role: "tab", "aria-selected": String(name === "Claim Number"),
    onclick: () => {
      for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.textContent === name));
      for (const [title, panel] of Object.entries(panels)) panel.hidden = title !== name;
    },
  }, name));
  const node = el("div", { class: "legacy" }, el("div", { role: "tablist" }, tabs), Object.values(panels));
  const read = (name) => node.querySelector(`[name=${name}]`).value;
  return { node, values: () => ({ memberId: read("memberId"), birth: read("birth"), from: read("from"), to: read("to") }) };
}

// ---------------------------------------------------------------- 2: new ids at every load, twins, key by key

const fresh = () => `hx-${Math.random().toString(36).slice(2, 9)}`;

/** A labelled input, and beside it a hidden twin with the same label that nobody can use. */
function twinned(label, input) {
  const id = fresh();
  input.id = id;
  return el("div", { class: "field" },
    el("label", { for: id }, label),
    el("input", { type: "text", class: "twin", "aria-label": label, "aria-hidden": "true", tabindex: "-1" }),
    input);
}

/** Eight digits that only keys can build: a value that is set or pasted is put back. */
function keyedDate() {
  let digits = "";
  const paint = () => {
    input.value = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4)].filter(Boolean).join("/");
  };
  const input = el("input", {
    type: "text", inputmode: "numeric", placeholder: "MM/DD/YYYY", autocomplete: "off",
    onkeydown: (event) => {
      if (event.key === "Tab" || event.key === "Enter" || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      if (event.key === "Delete") digits = "";
      else if (event.key === "Backspace") digits = digits.slice(0, -1);
      else if (/^\d$/.test(event.key)) digits = (digits.length === 8 ? "" : digits) + event.key;
    },
    onkeyup: () => paint(),
    oninput: () => paint(),
    onpaste: (event) => event.preventDefault(),
  });
  return input;
}

function dynamic(word) {
  const text = () => el("input", { type: "text", autocomplete: "off" });
  const member = text();
  const [birth, from, to, finalizedFrom, finalizedTo] = [1, 2, 3, 4, 5].map(keyedDate);
  const subscriber = el("input", { type: "checkbox", id: fresh() });
  const others = el("div", { class: "row" }, twinned("Subscriber Last Name", text()), twinned("Subscriber First Name", text()));
  subscriber.addEventListener("change", () => { others.hidden = subscriber.checked; });
  const set = (legend, ...fields) => el("fieldset", {}, el("legend", {}, word(legend)), el("div", { class: "row" }, fields));
  const node = el("div", { class: "dynamic" },
    set("Patient Information", twinned(word("Member ID"), member), twinned("Patient Last Name", text()),
      twinned("Patient First Name", text()), twinned(word("Patient's Date of Birth"), birth)),
    el("div", { class: "choice" }, subscriber, el("label", { for: subscriber.id }, "Patient is the subscriber")),
    others,
    set("Provider Information", twinned("Provider NPI", text())),
    set("Service Dates", twinned("From", from), twinned("To", to)),
    set("Finalized Dates (optional)", twinned("From", finalizedFrom), twinned("To", finalizedTo)));
  return { node, values: () => ({ memberId: member.value, birth: birth.value, from: from.value, to: to.value }) };
}

// ---------------------------------------------------------------- 3: web components

const SHADOW_STYLE = `:host { display: block; margin-bottom: 12px; } label, .label { display: block; font-weight: 600; }
  input, [role=combobox] { font: inherit; padding: 6px 8px; border: 1px solid #8fa0ad; min-width: 220px; background: #fff; }
  [role=combobox] { display: inline-block; cursor: pointer; } ul { list-style: none; margin: 0; padding: 0; border: 1px solid #8fa0ad; }
  li { padding: 6px 8px; cursor: pointer; }`;

class HxField extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const input = el("input", { id: "control", type: "text", autocomplete: "off" });
    this.attachShadow({ mode: "open" }).append(
      el("style", {}, SHADOW_STYLE), el("label", { for: "control" }, this.getAttribute("caption")), input);
  }

  get value() { return this.shadowRoot.getElementById("control").value; }
}

class HxSelect extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    this.value = "";
    const caption = this.getAttribute("caption");
    const shown = el("span", {}, "Select one");
    const list = el("ul", { role: "listbox", "aria-label": caption, hidden: true },
      this.getAttribute("choices").split("|").map((choice) => el("li", {
        role: "option",
        onclick: () => {
          this.value = choice;
          shown.textContent = choice;
          list.hidden = true;
          box.setAttribute("aria-expanded", "false");
          this.dispatchEvent(new Event("change"));
        },
      }, choice)));
    const box = el("div", {
      role: "combobox", tabindex: "0", "aria-label": caption, "aria-haspopup": "listbox", "aria-expanded": "false",
      onclick: () => {
        list.hidden = !list.hidden;
        box.setAttribute("aria-expanded", String(!list.hidden));
      },
    }, shown);
    this.attachShadow({ mode: "open" }).append(
      el("style", {}, SHADOW_STYLE), el("span", { class: "label" }, caption), box, list);
  }
}

customElements.define("hx-field", HxField);
customElements.define("hx-select", HxSelect);

function components(word) {
  const field = (label) => el("hx-field", { caption: word(label) });
  const [member, last, first, birth] = ["Member ID", "Patient Last Name", "Patient First Name", "Patient's Date of Birth"].map(field);
  const [from, to] = ["Service Date From", "Service Date To"].map(field);
  const byMember = el("div", { class: "row", hidden: true }, member, last, first, birth, from, to);
  const byNumber = el("div", { hidden: true }, field("Claim Number"));
  const searchBy = el("hx-select", { caption: "Search By", choices: "Member|Claim Number" });
  searchBy.addEventListener("change", () => {
    byMember.hidden = searchBy.value !== "Member";
    byNumber.hidden = searchBy.value === "Member";
  });
  const node = el("div", { class: "components" }, searchBy, byMember, byNumber);
  return { node, values: () => ({ memberId: member.value, birth: birth.value, from: from.value, to: to.value }) };
}
