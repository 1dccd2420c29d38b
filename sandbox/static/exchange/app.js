// What runs in the frame: claim status or eligibility, for the payer that the shell picked.
import { ask, day, el, message, showNegativesInParentheses } from "./dom.js";
import { claimStatus } from "./claim-status.js";
import { eligibility } from "./eligibility.js";

const POLL_MS = 200;
const place = document.getElementById("app");
const payer = new URLSearchParams(location.search).get("payer");

const talk = (method, path, body) => ask(method, path, body, (why) => window.parent.leave(why));

/** Ask, and poll until the answer has come; a spinner turns meanwhile. */
async function inquire(path, values, results) {
  results.replaceChildren(el("div", { role: "status", class: "spinner" }, "Contacting the payer…"));
  const started = await talk("POST", path, values);
  if (started.error) return results.replaceChildren(message("red", started.error));
  let answer = started;
  while (!answer.maintenance && (answer === started || answer.state === "working")) {
    await new Promise((done) => setTimeout(done, POLL_MS));
    answer = await talk("GET", `/api/inquiries/${started.inquiry}`);
  }
  if (answer.maintenance) return results.replaceChildren(message("red", answer.maintenance));
  if (answer.unavailable) return results.replaceChildren(message("red", answer.unavailable));
  if (answer.none) return results.replaceChildren(message(answer.none.tone, answer.none.message));
  return answer;
}

/** The server's failure is said where the answer would stand; a lost session is the shell's matter. */
function guarded(results, work) {
  work().catch((error) => {
    if (error.message !== "the session has ended") {
      results.replaceChildren(message("red", "Harbor Exchange did not answer."));
    }
  });
}

const settings = await talk("GET", `/api/app?payer=${encodeURIComponent(payer)}`);
showNegativesInParentheses(settings.parentheses);
if (settings.maintenance || settings.refusal) {
  place.replaceChildren(message("amber", settings.maintenance ?? settings.refusal));
} else {
  const app = location.pathname.endsWith("/eligibility") ? eligibility : claimStatus;
  place.replaceChildren(...[
    settings.asOf ? message("amber", `The payer's data is as of ${day(settings.asOf)}.`) : null,
    ...app(settings, { talk, inquire, guarded }),
  ].filter(Boolean));
}
