/** What a script element of the page holds: JSON, compressed, in base64. */
async function unpacked(id) {
  const text = atob(document.getElementById(id).textContent);
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) packed[at] = text.charCodeAt(at); // ten times as fast as Uint8Array.from
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
function table(caption, titles, rows) {
  const head = element("tr", {}, ...titles.map(title => element("th", { scope: "col" }, title)));
  return element("table", {}, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...rows));
}

const figure = text => element("td", { class: "figure" }, text);

const decimal = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits));

/** Let the reader keep a text or a picture as a file. */
function save(name, content) {
  const address = content instanceof Blob ? URL.createObjectURL(content) : content;
  element("a", { href: address, download: name }).click();
  if (content instanceof Blob) setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** Let the reader keep a picture that is drawn. */
function savePicture(name, picture) {
  save(`${name}.svg`, new Blob([new XMLSerializer().serializeToString(picture)], { type: "image/svg+xml" }));
}

/** A name of a file that says what is in it. */
const fileName = (...words) => words.join("-").replace(/[^0-9A-Za-z.]+/g, "-").slice(0, 80);

/** An element of a picture. */
function svg(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}
