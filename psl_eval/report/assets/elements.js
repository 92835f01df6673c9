/** What a script element of the page holds: JSON, compressed, in base64. */
async function unpacked(id) {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), letter => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** An element with attributes (or listeners, whose names begin with "on") and children; text is never read as HTML. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter(child => child !== null));
  return made;
}

/** A table below its titles, with a caption that says what it holds. */
function table(caption, titles, rows, attributes = {}) {
  const head = element("tr", {}, ...titles.map(title => element("th", { scope: "col" }, title)));
  return element("table", attributes, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...rows));
}

const figure = text => element("td", { class: "figure" }, text);

const decimal = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits));

/** Let the reader keep a text or a picture as a file. */
function save(name, content) {
  const address = content instanceof Blob ? URL.createObjectURL(content) : content;
  element("a", { href: address, download: name }).click();
  if (content instanceof Blob) setTimeout(() => URL.revokeObjectURL(address), 1000);
}
