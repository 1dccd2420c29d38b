"use strict";

/** A type-ahead box that keeps only what was chosen from its list; `chosen` is that text. */
function combobox(id, label, options) {
  const list = el("ul", { id: `${id}-list`, role: "listbox", "aria-label": label, hidden: true });
  const input = el("input", {
    id, type: "text", role: "combobox", autocomplete: "off", "aria-autocomplete": "list",
    "aria-controls": `${id}-list`, "aria-expanded": "false",
  });
  const box = el("div", { class: "field" }, el("label", { for: id }, label),
    el("div", { class: "combo" }, input, list));
  box.chosen = "";
  let active = -1;

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  }
  function choose(text) {
    box.chosen = text;
    input.value = text;
    close();
  }
  function open(typed) {
    const wanted = typed.trim().toLowerCase();
    const matching = options.filter((text) => text.toLowerCase().includes(wanted));
    list.replaceChildren(...matching.map((text, n) => el("li", {
      id: `${id}-${n}`, role: "option", "aria-selected": String(text === box.chosen),
      onmousedown: (event) => { event.preventDefault(); choose(text); },
    }, text)));
    list.hidden = matching.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    active = -1;
  }
  function move(by) {
    const shown = [...list.children];
    if (list.hidden || !shown.length) return open(input.value);
    active = (active + by + shown.length) % shown.length;
    shown.forEach((option, n) => option.classList.toggle("active", n === active));
    input.setAttribute("aria-activedescendant", shown[active].id);
  }
  input.addEventListener("mousedown", () => open(""));
  input.addEventListener("input", () => open(input.value));
  input.addEventListener("blur", () => { input.value = box.chosen; close(); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      choose(list.children[active].textContent);
    }
  });
  return box;
}
