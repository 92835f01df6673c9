const COLUMN = 22;
const HEIGHT = 120;
const ABOVE = 20; // for the title
const AXIS = 34;
const CAP = 0.72; // of the size of a letter, how high capitals are

/** What explanations look at in proteins of one location: logos of either end, and subsequences. */
class Classes {
  constructor(data, tables) {
    this.data = data;
    this.place = document.getElementById("logos");
    this.table = tables[document.querySelector("#classes [data-table]")?.dataset.table];
    this.chosen = document.getElementById("class-shown");
    this.chosen.append(...data.classes.map(name => element("option", { value: name }, name)));
    this.chosen.addEventListener("input", () => this.show());
    this.show();
  }

  show() {
    const name = this.chosen.value;
    this.place.replaceChildren(...this.data.explanations.map((explanation, which) => this.ends(explanation, this.data.logos[which][name], name)));
    if (!this.table) return;
    const at = this.table.columns.indexOf("class");
    this.table.narrow(row => row[at].split(";").includes(name));
  }

  ends(explanation, logos, name) {
    const columns = [...logos.N, ...logos.C];
    if (!logos.N.some(column => column.length)) return element("p", {}, `${explanation}: no protein is predicted to be of ${name}.`);
    const highest = Math.max(1, ...columns.map(column => column.reduce((sum, [, height]) => sum + height, 0)));
    const titles = { N: "from the N-terminus", C: "to the C-terminus" };
    return element("section", { class: "logos" }, element("h4", {}, `${explanation}: ${name}`), ...["N", "C"].map(end => {
      const picture = logo(logos[end], end, highest, `${explanation}, ${name}: residues ${titles[end]}`);
      const button = element("button", { type: "button", onclick: () => savePicture(fileName("logo", explanation, name, end), picture) }, "Save as SVG");
      return element("figure", {}, picture, element("figcaption", {}, `Residues ${titles[end]} `, button));
    }));
  }
}

/** A logo: letters on top of each other, each as high as the explanation scores this residue there; both ends have one scale. */
function logo(columns, end, highest, title) {
  const width = AXIS + COLUMN * columns.length;
  const size = { viewBox: `0 ${-ABOVE} ${width} ${HEIGHT + ABOVE + 16}`, width, height: HEIGHT + ABOVE + 16 };
  const picture = svg("svg", { ...size, role: "img", "aria-label": title, class: "logo", "font-family": "Arial, sans-serif" });
  picture.append(svg("title", {}, title), svg("text", { x: AXIS, y: -6, "font-size": 11 }, title));
  for (const height of new Set([0, 1, highest])) {
    if (height === 1 && highest > 12) continue; // too near to 0 to be told from it
    const y = HEIGHT - (HEIGHT * height) / highest;
    picture.append(svg("text", { x: AXIS - 4, y: y + 4, "font-size": 11, "text-anchor": "end", class: "height" }, rounded(height)),
      svg("line", { x1: AXIS, x2: width, y1: y, y2: y, stroke: "#88888e", "stroke-width": 0.5, "stroke-dasharray": height === 1 ? "3 3" : "none" }));
  }
  columns.forEach((letters, inwards) => {
    const left = AXIS + COLUMN * ((end === "N" ? inwards : columns.length - 1 - inwards) + 0.5);
    let foot = HEIGHT;
    for (const [residue, height] of [...letters].reverse()) {
      const high = (HEIGHT * height) / highest;
      const place = `translate(${left} ${foot}) scale(1 ${high / (20 * CAP)})`;
      picture.append(svg("text", { transform: place, "font-size": 20, "font-weight": "bold", "text-anchor": "middle", textLength: 19, lengthAdjust: "spacingAndGlyphs", class: "letter", fill: CHEMISTRY[residue] ?? "#6b6b75" }, residue));
      foot -= high;
    }
    const number = end === "N" ? inwards + 1 : -inwards - 1;
    if (inwards === 0 || number % 5 === 0) picture.append(svg("text", { x: left, y: HEIGHT + 13, "font-size": 11, "text-anchor": "middle", class: "place" }, String(number)));
  });
  return picture;
}

/** Colours by chemistry: basic, acidic, polar, hydrophobic, and those with a place of their own (Okabe and Ito 2008). */
const CHEMISTRY = Object.fromEntries(
  [["KRH", "#0072b2"], ["DE", "#c04800"], ["STNQ", "#007a57"], ["AVLIMFWY", "#444450"], ["CGP", "#a8437f"]].flatMap(([residues, colour]) => [...residues].map(residue => [residue, colour])));
