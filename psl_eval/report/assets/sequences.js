const BLOCK = 10;
const AT_ONCE = 80; // blocks

/** A sequence in blocks of ten: numbers, annotated features, residues by their colours, and a line below what stands out. */
function drawnSequence(protein, letters, picked) {
  const residues = protein.sequence;
  const above = new Array(residues.length).fill("");
  for (const feature of protein.features) above.fill(feature.type, feature.start - 1, feature.end);
  const below = new Array(residues.length).fill("");
  for (const each of picked) below.fill("picked", each.start - 1, each.end);
  const place = element("div", { class: "sequence", role: "img", "aria-label": spoken(protein, picked) });
  const block = first => {
    const last = Math.min(first + BLOCK, residues.length);
    return element("span", { class: "block" },
      element("span", { class: "number" }, String(first + 1)),
      segments("track", above, first, last),
      runs(first, last, at => letters[at], (from, to) => element("i", { class: `l${levelOf(letters, from)} w${to - from}` }, residues.slice(from, to))),
      segments("under", below, first, last));
  };
  const draw = from => {
    const to = Math.min(from + AT_ONCE * BLOCK, residues.length);
    for (let first = from; first < to; first += BLOCK) place.append(block(first));
    if (to < residues.length) setTimeout(() => (place.isConnected ? draw(to) : null)); // titin is not drawn in one go
  };
  draw(0);
  return place;
}

/** Number of the colour of a residue, see levels.py. */
const levelOf = (letters, at) => letters.charCodeAt(at) - "a".charCodeAt(0);

/** What a picture of a sequence shows, for those who do not see it. */
function spoken(protein, picked) {
  const places = picked.map(each => `${each.start} to ${each.end}`).join(", ");
  const annotated = protein.features.map(each => `${each.type.toLowerCase()} ${each.start} to ${each.end}`).join(", ");
  return `Sequence of ${protein.query}, ${protein.sequence.length} residues. ${places ? `Residues that stand out: ${places}.` : "No residue stands out."}${annotated ? ` Annotated: ${annotated}.` : ""}`;
}

function segments(name, types, first, last) {
  if (!types.slice(first, last).some(Boolean)) return element("span", { class: name });
  return runs(first, last, at => types[at], (from, to) => element("b", { class: `${types[from]} w${to - from}` }), name);
}

/** One element for each stretch of residues that are alike. */
function runs(first, last, kind, made, name = "residues") {
  const line = element("span", { class: name });
  for (let from = first, at = first + 1; at <= last; at++) {
    if (at < last && kind(at) === kind(from)) continue;
    line.append(made(from, at));
    from = at;
  }
  return line;
}

const ROW = 50; // residues of a picture
const RESIDUE = 11;
const LINE = 34;
const MARGIN = 40;

/** The same as a picture for a paper, black on white: rows of fifty, as `pslidx plot` draws them. */
function sequencePicture(title, protein, letters, picked, { colours, features }) {
  const left = at => MARGIN + RESIDUE * (at % ROW + 0.6 * Math.floor((at % ROW) / BLOCK));
  const top = at => 28 + LINE * Math.floor(at / ROW);
  const width = left(ROW - 1) + RESIDUE + 10;
  const bottom = top(protein.sequence.length - 1) + LINE;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${bottom + 24}`, width, height: bottom + 24, "font-family": "Arial, sans-serif", "font-size": 10 });
  const line = (at, y, fill) => svg("rect", { x: left(at), y: top(at) + y, width: RESIDUE, height: 3, fill });
  picture.append(svg("rect", { width: "100%", height: "100%", fill: "#ffffff" }), svg("text", { x: MARGIN, y: 16, "font-weight": "bold", "font-size": 12 }, title));
  for (let at = 0; at < protein.sequence.length; at++) {
    const [colour, ink] = colours[levelOf(letters, at)];
    if (at % ROW === 0) picture.append(svg("text", { x: MARGIN - 6, y: top(at) + 20, "text-anchor": "end" }, String(at + 1)));
    picture.append(svg("rect", { x: left(at), y: top(at) + 8, width: RESIDUE, height: 17, fill: colour }),
      svg("text", { x: left(at) + RESIDUE / 2, y: top(at) + 20, "text-anchor": "middle", "font-family": "monospace", fill: ink }, protein.sequence[at]));
  }
  for (const { type, start, end } of protein.features) for (let at = start - 1; at < end; at++) picture.append(line(at, 3, features[type].colour));
  for (const { start, end } of picked) for (let at = start - 1; at < end; at++) picture.append(line(at, 27, features.picked.colour));
  let x = MARGIN;
  for (const type of [...new Set(protein.features.map(feature => feature.type)), ...(picked.length ? ["picked"] : [])]) {
    const { name, colour } = features[type];
    picture.append(svg("rect", { x, y: bottom + 9, width: 14, height: 3, fill: colour }), svg("text", { x: x + 18, y: bottom + 14 }, name));
    x += 34 + 6 * name.length;
  }
  return picture;
}
