const BLOCK = 10;

/** A sequence in blocks of ten: numbers, annotated features, residues by their colours, and a line below what stands out. */
function drawnSequence(protein, letters, picked) {
  const residues = protein.sequence;
  const above = new Array(residues.length).fill("");
  for (const feature of protein.features) above.fill(feature.type, feature.start - 1, feature.end);
  const below = new Array(residues.length).fill("");
  for (const each of picked) below.fill("picked", each.start - 1, each.end);
  const blocks = document.createDocumentFragment();
  for (let first = 0; first < residues.length; first += BLOCK) {
    const last = Math.min(first + BLOCK, residues.length);
    blocks.append(element("span", { class: "block" },
      element("span", { class: "number" }, String(first + 1)),
      segments("track", above, first, last),
      runs(first, last, at => letters[at], (from, to) => element("i", { class: `l${levelOf(letters, from)} w${to - from}` }, residues.slice(from, to))),
      segments("under", below, first, last)));
  }
  return element("div", { class: "sequence", role: "img", "aria-label": spoken(protein, picked) }, blocks);
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
