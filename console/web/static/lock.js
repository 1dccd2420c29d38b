// Locks the screen when the session does: whoever works here keeps it open, a page left alone does not.
"use strict";
(() => {
  const mark = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
  const EVERY = 60_000; // a person at work is told of no more often
  let touched = 0;
  let told = Date.now();
  let timer = 0;

  async function ask(attended) {
    const headers = attended ? mark : { ...mark, "X-Unattended": "yes" };
    let answer;
    try {
      answer = await fetch("/session", { headers, redirect: "manual", cache: "no-store" });
    } catch {
      veil(); // nobody can say whether it is locked
      return;
    }
    if (!answer.ok) {
      veil();
      location.assign("/locked?next=" + encodeURIComponent(location.pathname + location.search));
      return;
    }
    document.documentElement.classList.remove("veiled");
    const { seconds } = await answer.json();
    wait(seconds * 1000 + 1500);
  }

  function veil() {
    document.documentElement.classList.add("veiled");
    wait(15_000);
  }

  function wait(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(() => ask(touched > told ? ((told = Date.now()), true) : false), milliseconds);
  }

  function touch() {
    touched = Date.now();
    if (touched - told > EVERY) {
      told = touched;
      ask(true);
    }
  }

  for (const kind of ["pointerdown", "keydown", "wheel", "touchstart"]) {
    addEventListener(kind, touch, { passive: true, capture: true });
  }
  addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask(false));
  addEventListener("pageshow", (event) => event.persisted && ask(false));
  ask(false);
})();
