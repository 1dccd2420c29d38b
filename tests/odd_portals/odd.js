// What the invented portals have in common: the way in, the way out, and a question to the server.
const one = (css, root = document) => root.querySelector(css);
const later = (ms) => new Promise((r) => setTimeout(r, ms));
const store = { get: () => (FLAGS.local ? localStorage.token : /sid=/.test(document.cookie) ? "cookie" : ""), set: (t) => { if (FLAGS.local) localStorage.token = t; } };
const usd = (text) => "$" + Number(text).toLocaleString("en-US", { minimumFractionDigits: 2 });
const us = (iso) => `${iso.slice(5, 7)}/${iso.slice(8)}/${iso.slice(0, 4)}`;
async function ask(path, options = {}) {
  const headers = FLAGS.local ? { Authorization: "Bearer " + store.get() } : {};
  const answer = await fetch(path, { headers, ...options });
  if (answer.status === 401) { document.body.innerHTML = "<h1>Your session has ended</h1>"; throw new Error("ended"); }
  return answer;
}
const json = async (path, options) => (await ask(path, options)).json();
function begin(home) {
  const enter = () => {
    document.body.innerHTML = '<header><a href="#" id="leave">Sign out</a></header><main></main>';
    one("#leave").onclick = async () => { await ask("/logout", { method: "POST" }); document.cookie = "sid=; Max-Age=0; Path=/"; document.body.innerHTML = "<h1>You have signed out</h1>"; };
    home(one("main"));
  };
  if (store.get()) { enter(); return; }
  document.body.innerHTML = `<form><label>User ID <input name="user"></label>
    <label>Password <input type="password" name="word"></label><button>Sign in</button></form>`;
  one("form").onsubmit = async (event) => {
    event.preventDefault();
    const answer = await fetch("/login", { method: "POST", body: "{}" });
    store.set((await answer.json()).token);
    enter();
  };
}
