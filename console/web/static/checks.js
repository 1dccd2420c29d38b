// A check's progress as it happens: the server sends the parts of the page that changed.
"use strict";
const steps = document.querySelector("#steps[data-stream]");
if (steps) {
  const source = new EventSource(steps.dataset.stream);
  for (const name of ["steps", "code"]) {
    source.addEventListener(name, (event) => {
      document.getElementById(name).innerHTML = JSON.parse(event.data);
      const field = document.getElementById("code-field");
      if (name === "code" && field && document.activeElement === document.body) field.focus();
    });
  }
  source.addEventListener("end", () => source.close());
}
