// The queue by keyboard: a grid whose rows take the focus in turn, acts by single letters, dialogs.
"use strict";
(() => {
  const OFF = "claimsweep.keys";
  const byId = (id) => document.getElementById(id);
  const queue = () => byId("queue");
  const rows = () => [...document.querySelectorAll("#queue tbody tr")];
  const tick = (row) => row.querySelector('input[name="case"]');
  const ticks = () => rows().map(tick).filter(Boolean);
  const link = (row) => row.querySelector("th a");
  let at = 0; // the row that the keyboard is at
  let lent = null; // ticked for the sake of one act, because nothing was chosen
  let after = null; // where to go on once the table is there again
  let busy = false; // the table is being fetched; keys pressed meanwhile wait for it
  let waiting = [];

  function place(index) {
    const all = rows();
    at = Math.max(0, Math.min(index, all.length - 1));
    all.forEach((row, i) => {
      row.tabIndex = i === at ? 0 : -1;
      row.classList.toggle("here", i === at);
      row.querySelectorAll("a, input").forEach((one) => { one.tabIndex = i === at ? 0 : -1; });
    });
    return all[at];
  }

  function go(index) {
    const row = place(index);
    if (row) {
      row.focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
    }
  }

  function tell() {
    const chosen = ticks().filter((one) => one.checked);
    rows().forEach((row) => {
      if (tick(row)) row.setAttribute("aria-selected", String(tick(row).checked));
    });
    const whole = document.querySelector('#acts [name="whole"]');
    if (byId("chosen")) {
      byId("chosen").textContent = whole && whole.checked ? "all of this view chosen"
        : chosen.length ? `${chosen.length} chosen` : "none chosen";
    }
    if (byId("all")) {
      byId("all").checked = chosen.length > 0 && chosen.length === ticks().length;
      byId("all").indeterminate = chosen.length > 0 && chosen.length < ticks().length;
    }
  }

  function choose(boxes, on) {
    boxes.forEach((one) => { one.checked = on; });
    if (!on && document.querySelector('#acts [name="whole"]')) {
      document.querySelector('#acts [name="whole"]').checked = false;
    }
    tell();
  }

  function setUp() {
    const table = document.querySelector("#queue table");
    if (!table) return;
    table.setAttribute("role", "grid");
    table.setAttribute("aria-keyshortcuts", "j k x o");
    if (ticks().length) table.setAttribute("aria-multiselectable", "true");
    const named = rows().findIndex((row) => `#${row.id}` === location.hash);
    place(named >= 0 && at === 0 ? named : at);
    tell();
  }

  // An act is on what is chosen; where nothing is, on the row that the keyboard is at. A pointer is
  // at none.
  function lend(pointed) {
    const whole = document.querySelector('#acts [name="whole"]');
    if ((whole && whole.checked) || ticks().some((one) => one.checked)) return true;
    const row = rows()[at];
    if (pointed || !row || !tick(row)) {
      byId("told").textContent = "Choose cases first: tick them, or go to one by j and k.";
      return false;
    }
    lent = tick(row);
    choose([lent], true);
    return true;
  }

  function giveBack() {
    if (lent && lent.isConnected) choose([lent], false);
    lent = null;
  }

  function ask(id, pointed) {
    const dialog = byId(id);
    if (!dialog || dialog.open) return;
    if (id !== "keys-ask" && !lend(pointed)) return;
    dialog.showModal();
  }

  function open(row) {
    if (!row) return;
    history.replaceState(history.state, "", `#${row.id}`);
    link(row).click();
  }

  function page(rel, last) {
    const button = document.querySelector(`#pages [rel="${rel}"]`);
    if (button) {
      after = { row: last ? Infinity : 0 };
      button.click();
    }
  }

  const press = (selector) => {
    const button = document.querySelector(selector);
    if (button) button.click();
  };

  const KEYS = {
    j: () => (inTable() ? (at + 1 < rows().length ? go(at + 1) : page("next", false)) : go(at)),
    k: () => (inTable() ? (at > 0 ? go(at - 1) : page("prev", true)) : go(at)),
    x: () => { const box = rows()[at] && tick(rows()[at]); if (box) choose([box], !box.checked); go(at); },
    o: () => open(rows()[at]),
    a: () => press('#acts [name="to"][value="mine"]'),
    A: () => press('[data-ask="assign-ask"]'),
    s: () => press('[data-ask="snooze-ask"]'),
    r: () => press('[data-ask="resolve-ask"]'),
    y: () => press('#acts [formaction="/queue/approve"]'),
    u: () => (byId("undo-told") || byId("undo-last") || { click() {} }).click(),
    "/": () => byId("find").focus(),
    "?": () => ask("keys-ask"),
    Escape: () => choose(ticks(), false),
  };
  const IN_TABLE = {
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    Home: () => go(0),
    End: () => go(Infinity),
    Enter: () => open(rows()[at]),
    " ": KEYS.x,
  };

  const inTable = () => Boolean(document.activeElement && document.activeElement.closest("#queue tbody"));
  const typing = (target) => target.isContentEditable
    || target.matches('select, textarea, input:not([type="checkbox"]):not([type="radio"])');

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || typing(event.target)) return;
    const onRow = event.target.matches("#queue tbody tr")
      || (event.key === "Enter" && event.target.matches('input[name="case"]'));
    const single = event.key.length === 1;
    if (single && event.key !== " " && localStorage.getItem(OFF) === "off") return;
    const act = (onRow && IN_TABLE[event.key]) || KEYS[event.key];
    if (!act || (event.repeat && !"jk".includes(event.key) && !event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    if (busy) waiting.push(act);
    else act();
  });

  function ready() {
    busy = false;
    while (!busy && waiting.length) waiting.shift()();
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    const asking = target.closest("[data-ask]");
    if (asking) ask(asking.dataset.ask, event.detail > 0);
    if (target.closest("[data-close]")) target.closest("dialog").close();
    const row = target.closest("#queue tbody tr");
    if (row) {
      place(rows().indexOf(row));
      if (target.closest("th a")) history.replaceState(history.state, "", `#${row.id}`);
    }
  });

  // Before the request is made of the form, so that it holds the row that the keyboard is at.
  document.addEventListener("click", (event) => {
    const button = event.target.closest('button[hx-post][formaction]');
    if (button && !button.closest("dialog") && button.id !== "undo-last" && !lend(event.detail > 0)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("#queue tbody tr");
    if (row) place(rows().indexOf(row));
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "all") choose(ticks(), event.target.checked);
    else if (event.target.matches('[name="case"], [name="whole"]')) tell();
    else if (event.target.id === "keys-off") localStorage.setItem(OFF, event.target.checked ? "off" : "on");
  });

  document.querySelectorAll("dialog.ask").forEach((dialog) => dialog.addEventListener("close", () => {
    if (!after) {
      giveBack();
      go(at);
    }
  }));

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { verb } = event.detail.requestConfig;
    const dialog = event.target.closest("dialog");
    const paging = event.target.closest("#pages");
    if (verb === "post" && event.detail.target.id === "queue") after = { row: at };
    else if (paging && !after) after = { row: 0 };
    if (event.detail.target.id === "queue") busy = true;
    if (dialog) dialog.close();
  });
  document.addEventListener("htmx:afterSettle", ready);
  document.addEventListener("htmx:sendError", () => { waiting = []; after = null; ready(); });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status < 400) {
      if (!after && inTable() && event.detail.target.id === "queue") after = { id: rows()[at].id };
      return;
    }
    event.detail.shouldSwap = true;
    event.detail.isError = false;
    event.detail.target = byId("told");
    event.detail.swapOverride = "innerHTML";
    if (xhr.status === 409) htmx.trigger("#queue", "look-again");
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "told") {
      giveBack();
      if (after) go(at);
      after = null;
      return;
    }
    if (event.detail.target.id !== "queue") return;
    lent = null;
    setUp();
    if (after) {
      const again = after.id ? rows().findIndex((row) => row.id === after.id) : after.row;
      go(again < 0 ? at : again);
      after = null;
    }
  });

  byId("keys-off").checked = localStorage.getItem(OFF) === "off";
  setUp();
})();
