// Building pages and talking to the server: what the shell, the frame and the viewer share.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return node;
}

export const message = (tone, text) =>
  el("div", { role: tone === "blue" ? "note" : "alert", class: `message ${tone}` }, text);

let negativesInParentheses = false;
export const showNegativesInParentheses = (on) => { negativesInParentheses = on; };

/** Dollars as the pages print them. What is taken off stands in parentheses if the portal does so. */
export function dollars(amount, { takenOff = false } = {}) {
  if (amount === null || amount === undefined) return "";
  const [whole, cents] = amount.replace("-", "").split(".");
  const text = `$${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${cents}`;
  const negative = amount.startsWith("-");
  if (negativesInParentheses && (negative || takenOff)) return `(${text})`;
  return negative ? `-${text}` : text;
}

export function day(iso) {
  if (!iso) return "";
  const [year, month, date] = iso.split("-");
  return `${month}/${date}/${year}`;
}

/** An answer of the server, whatever it says; a 401 is told to `left` and thrown. */
export async function ask(method, path, body, left) {
  const response = await fetch(path, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const answer = await response.json();
  if (response.status === 401 && left) {
    left(answer.error);
    throw new Error("the session has ended");
  }
  return answer;
}
