const SHOWN_ROWS = 300;

/** A table that can be sorted by its columns, filtered by a text, and saved as TSV. */
class Table {
  /** `cells` has, by the number of a column, what makes its cells of a value and its row; `heading` says whether the title stands above the table already. */
  constructor(place, name, { title, columns, rows, cells = {}, heading = false }) {
    Object.assign(this, { name, columns, rows, cells, fits: () => true });
    this.order = rows.map((_, at) => at);
    this.numeric = columns.map((_, at) => rows.some(row => typeof row[at] === "number"));
    this.filter = element("input", { type: "search", placeholder: "Filter", "aria-label": `Filter ${title}`, oninput: () => this.draw() });
    this.count = element("output", {});
    this.heads = columns.map((column, at) =>
      element("th", { scope: "col", "aria-sort": "none", class: this.numeric[at] && !cells[at] ? "figure" : null },
        element("button", { type: "button", onclick: () => this.sort(at) }, column.replaceAll("_", " "))));
    this.body = element("tbody");
    place.append(
      ...(heading ? [] : [element("p", { class: "caption" }, title)]),
      element("div", { class: "tools" }, this.filter, element("button", { type: "button", onclick: () => this.save() }, "Save as TSV"), this.count),
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
        element("table", {}, element("thead", {}, element("tr", {}, ...this.heads)), this.body)));
    this.draw();
  }

  /** Show only rows that fit, beside what the reader filters by. */
  narrow(fits) {
    this.fits = fits;
    this.draw();
  }

  sort(at) {
    const up = this.heads[at].getAttribute("aria-sort") !== "ascending";
    this.heads.forEach((head, which) => head.setAttribute("aria-sort", which !== at ? "none" : up ? "ascending" : "descending"));
    this.order.sort((one, other) => {
      const [a, b] = [this.rows[one][at], this.rows[other][at]];
      if (a === null || b === null) return (a === null) - (b === null); // what is missing comes last, either way
      const by = this.numeric[at] ? a - b : String(a).localeCompare(String(b));
      return up ? by : -by;
    });
    this.draw();
  }

  draw() {
    const wanted = this.filter.value.toLowerCase();
    const fits = row => this.fits(row) && (!wanted || row.some(value => value !== null && String(value).toLowerCase().includes(wanted)));
    this.left = this.order.filter(at => fits(this.rows[at]));
    const shown = this.left.slice(0, SHOWN_ROWS);
    this.body.replaceChildren(...shown.map(at => element("tr", {}, ...this.rows[at].map((value, column) => (this.cells[column] ?? cell)(value, this.rows[at])))));
    const rest = shown.length < this.left.length ? `, the first ${SHOWN_ROWS} shown` : "";
    this.count.textContent = `${this.left.length} of ${this.rows.length} rows${rest}`;
  }

  /** What is left, in the order that it is shown in. */
  save() {
    const rows = [this.columns, ...this.left.map(at => this.rows[at])];
    const lines = rows.map(row => row.map(value => (value === null ? "" : String(value).replace(/[\t\n\r]/g, " "))).join("\t"));
    save(`${this.name}.tsv`, new Blob([`${lines.join("\n")}\n`], { type: "text/tab-separated-values" }));
  }
}

function cell(value) {
  if (typeof value === "number") return figure(Number.isInteger(value) ? String(value) : rounded(value));
  return element("td", {}, value === null ? "" : value);
}

/** Three digits that count, as short as that goes. */
function rounded(value) {
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 1e6) ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
