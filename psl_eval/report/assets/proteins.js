const LISTED = 200;
const SIDE_BY_SIDE = 3;

/** The view of one protein, and the list of those that the reader looks for. */
class Proteins {
  constructor(data) {
    this.data = data;
    this.form = document.getElementById("filters");
    this.list = document.getElementById("proteins-found");
    this.place = document.getElementById("protein");
    this.shown = data.explanations.map((_, which) => which).slice(0, SIDE_BY_SIDE);
    this.rated = data.rated.findIndex(name => name !== null);
    this.numberOf = new Map();
    data.proteins.forEach((protein, at) => this.numberOf.set(accessionOf(protein.query).toUpperCase(), at));
    data.proteins.forEach((protein, at) => this.numberOf.set(protein.query.toUpperCase(), at));
    this.form.elements.class.append(...data.classes.map(name => element("option", { value: name }, name)));
    this.form.addEventListener("input", () => {
      this.search();
      if (this.left.length) this.address();
    });
    this.form.addEventListener("submit", event => event.preventDefault());
    document.getElementById("previous").addEventListener("click", () => this.step(-1));
    document.getElementById("next").addEventListener("click", () => this.step(1));
    addEventListener("hashchange", () => this.follow());
    this.search();
    this.follow();
  }

  /** Hit rate of a protein that the list shows and filters by: that of the first explanation with hit rates. */
  rate(protein) {
    return this.rated < 0 ? null : protein.rates[this.rated];
  }

  /** List the proteins that the filters leave, and show the first, or the one whose accession is given. */
  search() {
    const { accession, class: wanted, correct, rate, order } = this.form.elements;
    const text = accession.value.trim().toUpperCase();
    const of = labels => (labels === null ? [] : labels.split(";"));
    const fits = protein =>
      protein.query.toUpperCase().includes(text) &&
      (!wanted.value || of(protein.true).includes(wanted.value) || of(protein.predicted).includes(wanted.value)) &&
      (!correct.value || protein.correct === (correct.value === "1")) &&
      (!rate.value || (this.rate(protein) !== null && this.rate(protein) >= Number(rate.value)));
    this.left = this.data.proteins.map((_, at) => at).filter(at => fits(this.data.proteins[at]));
    const key = { rate: protein => -(this.rate(protein) ?? -1), length: protein => protein.sequence.length || Infinity }[order.value];
    if (key) this.left.sort((one, other) => key(this.data.proteins[one]) - key(this.data.proteins[other]));
    document.getElementById("found").textContent = `${this.left.length} of ${this.data.proteins.length} proteins`;
    this.drawList();
    const exact = this.numberOf.get(text);
    if (this.left.length) this.show(this.left.includes(exact) ? exact : this.left[0]);
    else this.place.replaceChildren(element("p", {}, "No protein fits; clear a filter."));
  }

  drawList() {
    const rows = this.left.slice(0, LISTED).map(at => {
      const protein = this.data.proteins[at];
      const [verdict, mark] = { true: ["correct", "✓"], false: ["wrong", "✗"], null: ["", ""] }[protein.correct];
      const open = element("button", { type: "button", "data-at": at, onclick: () => this.turnTo(at) }, protein.query);
      return element("tr", {}, element("td", {}, open), element("td", {}, protein.predicted), element("td", { class: verdict }, mark ? element("span", { role: "img", "aria-label": verdict, title: verdict }, mark) : ""),
        figure(decimal(this.rate(protein), 2)));
    });
    const rest = this.left.length - rows.length;
    this.list.replaceChildren(
      table(`Proteins that fit, predicted by ${this.data.predicted_by}${this.rated < 0 ? "" : `; hit rates: ${this.data.rated[this.rated]}`}`, ["Protein", "Predicted", "", "Hit rate"], rows),
      ...(rest > 0 ? [element("p", {}, `${rest} more; narrow the search to see them.`)] : []));
  }

  /** Show the protein that the address names: report.html#P12345. */
  follow() {
    let name = "";
    try {
      name = decodeURIComponent(location.hash.slice(1));
    } catch {
      return; // no protein has such a name
    }
    const at = this.numberOf.get(name.toUpperCase());
    if (at === undefined) {
      if (name && !document.getElementById(name)) this.place.prepend(element("p", { role: "alert" }, `No protein is called ${name}.`));
      return;
    }
    this.turnTo(at);
    document.getElementById("proteins").scrollIntoView({ behavior: "instant" }); // what is drawn above later does not move it then
  }

  step(by) {
    const here = this.left.indexOf(this.at);
    const next = here < 0 ? 0 : (here + by + this.left.length) % this.left.length;
    if (this.left.length) this.turnTo(this.left[next]);
  }

  /** Show a protein that the reader has asked for: it is read out, and the address names it. */
  turnTo(at) {
    this.show(at);
    const row = this.list.querySelector("[aria-current]")?.closest("tr");
    if (row) this.list.scrollTop = row.offsetTop - this.list.clientHeight / 2; // seen among its neighbours
    document.getElementById("protein-said").textContent = [...this.place.firstElementChild.children].map(each => each.textContent).join(": ");
    this.address();
  }

  address() {
    history.replaceState(null, "", `#${encodeURIComponent(this.data.proteins[this.at].query)}`);
  }

  show(at) {
    this.at = at;
    const protein = this.data.proteins[at];
    this.list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    this.list.querySelector(`[data-at="${at}"]`)?.setAttribute("aria-current", "true");
    const parts = [this.heading(protein), this.probabilities(protein)];
    if (this.data.explanations.length) {
      const side = element("div", { class: "explanations" }, ...this.shown.map(which => this.explanation(protein, which)));
      parts.push(this.choice(), this.legend(protein), this.features(protein), side);
    }
    this.place.replaceChildren(...parts.filter(part => part !== null));
  }

  heading(protein) {
    const link = linkTo(protein.query, "UniProt");
    const verdict = protein.correct === null ? "" : protein.correct ? ", which is correct" : `, which is wrong: it is ${protein.true}`;
    const length = protein.sequence ? `${protein.sequence.length} residues, ` : "";
    return element("div", {}, element("h3", {}, protein.query), element("p", {}, `${length}predicted ${protein.predicted}${verdict}. `, link));
  }

  /** Probability of each class by each way of asking, and how far it is from the first. */
  probabilities(protein) {
    const asked = this.data.series.map((name, which) => ({ name, of: protein.probabilities[which] })).filter(each => each.of !== null);
    if (!asked.length) return null;
    const first = asked[0];
    const rows = this.data.classes.map((name, at) => [name, ...asked.map(({ of }) => of[at])]).filter(([, ...known]) => known.some(value => value !== null));
    rows.sort((one, other) => (other[1] ?? -1) - (one[1] ?? -1));
    const change = (value, row) => (value === null || row[1] === null ? null : value - row[1]);
    const cells = { 0: name => element("th", { scope: "row" }, name) };
    asked.forEach((_, which) => (cells[which + 1] = (value, row) => bar(value, which ? change(value, row) : null)));
    const place = element("div", { class: "within" });
    new Table(place, fileName("probabilities", protein.query), {
      title: `Probability of each location${asked.length > 1 ? `; small figures are changes from ${first.name}` : ""}`,
      columns: ["location", ...asked.map(each => each.name)], rows, cells,
    });
    return place;
  }

  choice() {
    const buttons = this.data.explanations.map((name, which) =>
      element("button", { type: "button", "aria-pressed": String(this.shown.includes(which)), onclick: () => this.toggle(which) }, name));
    return element("div", { class: "choice", role: "group", "aria-label": "Explanations to show" }, "Show ", ...buttons);
  }

  toggle(which) {
    this.shown = this.shown.includes(which) ? this.shown.filter(each => each !== which) : [...this.shown, which].sort((a, b) => a - b);
    this.show(this.at);
    this.place.querySelectorAll(".choice button")[which].focus();
  }

  /** The scale of the colours, and what lines above and below are. */
  legend(protein) {
    const signed = this.shown.some(which => this.data.signed[which]);
    const { steps } = this.data;
    const scale = Array.from({ length: signed ? 2 * steps + 1 : steps + 1 }, (_, at) => element("i", { class: `l${at + (signed ? 0 : steps)}` }));
    const types = [...new Set(protein.features.map(feature => feature.type))];
    return element("p", { class: "legend" }, signed ? "against " : "nothing ", element("span", { class: "scale", "aria-hidden": "true" }, ...scale),
      signed ? " for the location; " : " strongest; ", element("b", { class: "picked" }), " stands out",
      ...types.flatMap(type => ["; ", element("b", { class: type }), ` ${this.data.features[type].name}`]));
  }

  /** What Swiss-Prot annotates, in words: lines above the sequence hide each other where features overlap. */
  features(protein) {
    if (!protein.features.length) return null;
    const said = protein.features.map(({ type, start, end, note }) => `${this.data.features[type].name} ${start}–${end}${note ? ` (${note})` : ""}`);
    return element("p", { class: "legend" }, `Annotated: ${said.join("; ")}.`);
  }

  explanation(protein, which) {
    const name = this.data.explanations[which];
    const section = element("section", { class: "explanation within" }, element("h4", {}, name));
    if (protein.explained[which]) section.append(element("p", {}, `${name} ${protein.explained[which]}.`));
    const letters = protein.scores[which];
    if (!letters) {
      section.append(element("p", {}, protein.other_sequence[which] ? "Explained with other residues than those of the first." : "Not explained."));
      return section;
    }
    const picked = protein.picked[which];
    const keep = () => savePicture(fileName(protein.query, name), sequencePicture(`${protein.query}: ${name}`, protein, letters, picked, this.data));
    section.append(this.subsequences(protein, which), drawnSequence(protein, letters, picked),
      element("div", { class: "tools" }, element("button", { type: "button", onclick: keep }, "Save as SVG")));
    return section;
  }

  /** What stands out, and below it, once the reader has chosen one, the entries that hold it. */
  subsequences(protein, which) {
    const picked = protein.picked[which];
    if (!picked.length) return element("p", {}, "No subsequence stands out.");
    const place = element("div");
    const held = element("div", { class: "entries" });
    let opened = null;
    const open = each => {
      opened = opened === each ? null : each;
      place.querySelectorAll("[aria-expanded]").forEach(button => button.setAttribute("aria-expanded", String(opened !== null && button.dataset.which === String(picked.indexOf(opened)))));
      held.replaceChildren(...(opened ? [this.entries(protein, opened)] : []));
    };
    const rows = picked.map(each => [each.start, each.end, protein.sequence.slice(each.start - 1, each.end), each.entries, each.matching, each.rate]);
    const chosen = (text, row) => {
      const each = picked[rows.indexOf(row)];
      const attributes = { type: "button", class: "residues-of", "data-which": picked.indexOf(each), "aria-expanded": String(opened === each), onclick: () => open(each) };
      return element("td", {}, this.data.looked_up[which] ? element("button", attributes, text) : element("span", { class: "residues-of" }, text));
    };
    const rated = this.data.rated[which] === null ? "no hit rates are given; entries as by the defaults of hitrate" : `hit rates: ${this.data.rated[which]}`;
    new Table(place, fileName("subsequences", protein.query, this.data.explanations[which]), {
      title: `Subsequences that stand out, and the entries that hold them (${rated})`,
      columns: ["start", "end", "subsequence", "entries", "same_location", "hit_rate"], rows, cells: { 2: chosen },
    });
    place.append(held);
    return place;
  }

  /** The entries that hold a subsequence. */
  entries(protein, picked) {
    const place = element("div");
    const text = protein.sequence.slice(picked.start - 1, picked.end);
    if (!picked.occurrences) return element("p", {}, `No entry holds ${text}.`);
    const held = picked.held.map(([accession, at, reason, weight]) => {
      const entry = this.data.entries[accession];
      return { entry: accession, locations: entry.classes, at, counts: this.data.reasons[reason], weight, protein: entry.name, organism: entry.organism };
    });
    const columns = Object.keys(held[0]).filter(column => held.some(each => each[column] !== null)); // an index of FASTA has no names
    const rows = held.map(each => columns.map(column => each[column]));
    const said = picked.occurrences > rows.length
      ? `the first ${rows.length} of ${picked.occurrences} occurrences; all are in the folder beside this page`
      : `${picked.occurrences} occurrence${picked.occurrences === 1 ? "" : "s"}`;
    new Table(place, fileName("entries", protein.query, picked.start, picked.end), {
      title: `Entries that hold ${text}: ${said}. The weights of those that count, over their number, are the hit rate`,
      columns, rows, cells: { 0: accession => element("td", {}, linkTo(accession, accession)) },
    });
    return place;
  }
}

/** The accession in an identifier such as sp|P12345|NAME, or the identifier. */
const accessionOf = identifier => /^[a-z]+\|([^|]+)/.exec(identifier)?.[1] ?? identifier;

function linkTo(identifier, text) {
  const address = `https://www.uniprot.org/uniprotkb/${encodeURIComponent(accessionOf(identifier))}`;
  return element("a", { href: address, rel: "noreferrer", target: "_blank" }, text);
}

/** A probability as a bar, with its change beside. */
function bar(value, change) {
  const said = change === null || Math.abs(change) < 0.005 ? null : element("small", {}, ` ${change > 0 ? "+" : "−"}${Math.abs(change).toFixed(2)}`);
  const made = element("td", { class: "bar" }, element("span", {}, decimal(value, 2)), said);
  made.style.setProperty("--share", `${(100 * (value ?? 0)).toFixed(1)}%`);
  return made;
}
