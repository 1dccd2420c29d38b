// A case's page: values light the boxes they were read from, boxes name themselves, keys decide.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const keysOf = (value) => value.dataset.spots.split(" ");
  let cameFrom = null;

  const tell = (words, how) => {
    const said = document.createElement("p");
    said.className = how;
    said.textContent = words;
    document.getElementById("told").replaceChildren(said);
  };

  // evidence

  const name = (spot) => {
    const named = spot.closest(".side").querySelector(".named");
    named.textContent = spot.dataset.name;
  };

  const bring = (spot) => {
    const viewer = spot.closest(".viewer");
    const box = spot.getBoundingClientRect();
    const room = viewer.getBoundingClientRect();
    viewer.scrollTo({
      left: viewer.scrollLeft + box.left - room.left - (room.width - box.width) / 2,
      top: viewer.scrollTop + box.top - room.top - (room.height - box.height) / 2,
    });
  };

  const showSheet = (sheet) => {
    const side = sheet.closest(".side");
    all(".sheet", side).forEach((one) => { one.hidden = one !== sheet; });
    all("[data-sheet]", side).forEach((one, n) => {
      one.setAttribute("aria-pressed", String(all(".sheet", side)[n] === sheet));
    });
  };

  const light = (keys) => {
    for (const key of keys) {
      const spot = document.getElementById(key);
      if (!spot) continue;
      showSheet(spot.closest(".sheet"));
      spot.classList.add("lit");
      name(spot);
      bring(spot);
    }
  };

  const dark = () => all(".lit").forEach((one) => one.classList.remove("lit"));

  const lightValues = (spot) => {
    name(spot);
    all(`[data-spots~="${spot.id}"]`).forEach((one) => one.classList.add("lit"));
  };

  const on = (event) => {
    const target = event.target.closest ? event.target : null;
    const value = target && target.closest("[data-spots]");
    const spot = target && target.closest(".spot");
    if (value || spot) dark();
    if (value) light(keysOf(value));
    if (spot) lightValues(spot);
  };
  const off = (event) => {
    if (event.target.closest && event.target.closest("[data-spots], .spot")) dark();
  };
  document.addEventListener("mouseover", on);
  document.addEventListener("focusin", on);
  document.addEventListener("mouseout", off);
  document.addEventListener("focusout", off);

  const goTo = (spot) => {
    all(".spot", spot.closest("svg")).forEach((one) => one.setAttribute("tabindex", "-1"));
    spot.setAttribute("tabindex", "0");
    spot.focus({ preventScroll: true });
    bring(spot);
  };

  document.addEventListener("click", (event) => {
    const value = event.target.closest("[data-spots]");
    const spot = value && document.getElementById(keysOf(value)[0]);
    if (spot) {
      event.preventDefault();
      cameFrom = value;
      showSheet(spot.closest(".sheet"));
      spot.closest(".side").scrollIntoView({ block: "nearest" });
      goTo(spot);
    }
    const tab = event.target.closest("[data-sheet]");
    if (tab) showSheet(all(".sheet", tab.closest(".side"))[Number(tab.dataset.sheet)]);
    const zoom = event.target.closest("[data-zoom]");
    if (zoom) {
      const by = { in: 1.5, out: 1 / 1.5, fit: 0 }[zoom.dataset.zoom];
      all("svg", zoom.closest(".side")).forEach((drawing) => {
        const now = parseFloat(drawing.getAttribute("width"));
        const wide = by ? Math.min(600, Math.max(50, now * by)) : 100;
        drawing.setAttribute("width", `${wide}%`);
      });
    }
  });

  const settle = () => all(".side").forEach((side) => {
    const first = side.querySelector(".sheet");
    if (first) showSheet(first);
  });

  const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const inDrawing = (event, spot) => {
    const spots = all(".spot", spot.closest("svg"));
    const at = spots.indexOf(spot);
    const to = event.key === "Home" ? 0 : event.key === "End" ? spots.length - 1
      : at + (moves[event.key] || 0);
    if (event.key === "Escape") {
      const back = cameFrom && cameFrom.isConnected ? cameFrom
        : document.querySelector(`[data-spots~="${spot.id}"]`);
      if (back) back.focus();
    } else if (spots[to] && to !== at) {
      goTo(spots[to]);
    } else {
      return;
    }
    event.preventDefault();
  };

  // keys

  const follow = (rel, none) => {
    const link = document.querySelector(`#case a[rel="${rel}"]`);
    if (link) link.click(); else tell(none, "warned");
  };
  const into = (key) => {
    const field = document.querySelector(`#case [data-key="${key}"]`);
    if (field) field.focus();
    return field;
  };
  const press = (key) => {
    const button = document.querySelector(`#case [data-press="${key}"]`);
    if (button) button.click();
  };
  const keys = {
    j: () => follow("next", "This is the last case of the view."),
    k: () => follow("prev", "This is the first case of the view."),
    a: () => press("a"),
    A: () => into("A"),
    r: () => into("r"),
    s: () => into("s"),
    y: () => press("y"),
    u: () => press("u"),
    e: () => {
      const spot = document.querySelector('.spot[tabindex="0"]') || document.querySelector(".viewer");
      if (!spot) return;
      spot.closest(".side").scrollIntoView({ block: "nearest" });
      spot.focus({ preventScroll: true });
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const spot = event.target.closest(".spot");
    if (spot) inDrawing(event, spot);
    if (event.defaultPrevented || event.target.closest("input, select, textarea")) return;
    if (localStorage.getItem("claimsweep.keys") === "off" || event.repeat) return;
    if (keys[event.key] && document.getElementById("case")) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  // what HTMX brought

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "evidence") settle();
    const title = document.querySelector("#case h1");
    if (event.detail.target.id === "case" && title) title.focus({ preventScroll: true });
  });
  document.addEventListener("htmx:responseError", (event) => {
    const said = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    const words = said.querySelector(".wrong") || said.querySelector("main p");
    tell(words ? words.textContent : "That did not work; load the page anew.", "wrong");
  });
  settle();
})();
