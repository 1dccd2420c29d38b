([frameIndex, frameLeft, frameTop]) => {
  // Serialises what a person could see: typed values, shadow roots and boxes included;
  // scripts, styles, hidden and password values left out.
  const SKIP = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "LINK"]);
  const VOID = new Set(["AREA","BASE","BR","COL","EMBED","HR","IMG","INPUT","LINK","META","SOURCE","TRACK","WBR"]);
  const escape = (t) => t.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const quote = (t) => escape(t).replace(/"/g, "&quot;");
  const out = [];
  const frames = [...document.querySelectorAll("iframe, frame")];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) { out.push(escape(node.data)); return; }
    if (node.nodeType !== Node.ELEMENT_NODE || SKIP.has(node.tagName)) return;
    const tag = node.tagName.toLowerCase();
    out.push("<", tag);
    for (const a of node.attributes) {
      if (a.name.startsWith("on") || a.name === "value" || a.name === "style" || !/^[\w:.-]+$/.test(a.name)) continue;
      out.push(" ", a.name, '="', quote(a.value), '"');
    }
    if (node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement || node instanceof HTMLSelectElement) {
      if (node.type !== "password" && node.type !== "hidden") out.push(' value="', quote(String(node.value)), '"');
      if (node.checked) out.push(" data-cs-checked");
    }
    // without a box of its own it is its children that are seen, or not
    const boxless = getComputedStyle(node).display === "contents";
    if (!boxless && node.checkVisibility && !node.checkVisibility({ visibilityProperty: true }) && tag !== "html" && tag !== "head") {
      out.push(" data-cs-hidden");
    } else if (node.matches("td,th,dd,dt,input,select,textarea,span,div,p,a,button,output,strong,b,li,h1,h2,h3,h4,label,section,article,tr,time,data,em,i,[role]") ) {
      const r = node.getBoundingClientRect();
      out.push(` data-cs-box="${[frameLeft + r.left, frameTop + r.top, frameLeft + r.right, frameTop + r.bottom].map(Math.round).join(",")}"`);
    }
    const f = frames.indexOf(node);
    if (f >= 0) out.push(` data-cs-frame="${frameIndex}.${f}"`);
    out.push(">");
    if (VOID.has(node.tagName)) return;
    if (f >= 0) {
      const seen = node.checkVisibility({ visibilityProperty: true }) || node instanceof HTMLFrameElement;
      out.push(`<!--frame ${frameIndex}.${f}${seen ? "" : " hidden"}-->`, "</", tag, ">");
      return;
    }
    if (node.shadowRoot) {
      out.push("<cs-shadow>");
      node.shadowRoot.childNodes.forEach(walk);
      out.push("</cs-shadow>");
    }
    // what a shadow root has a slot for is seen there, and nowhere else
    if (tag === "slot" && node.assignedNodes().length) node.assignedNodes().forEach(walk);
    else if (!node.shadowRoot && !(node instanceof HTMLTextAreaElement)) node.childNodes.forEach(walk);
    out.push("</", tag, ">");
  };
  walk(document.documentElement);
  return out.join("");
}
