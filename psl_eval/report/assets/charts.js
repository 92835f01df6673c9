/** Charts are drawn when they come into view, and the others after all else, in the colours that the page has then. */
class Charts {
  constructor(specs) {
    this.specs = specs;
    this.drawn = new Map(); // what is drawn by its place, or is to be
    this.watch = new IntersectionObserver(seen => seen.filter(each => each.isIntersecting).forEach(each => this.draw(each.target)), { rootMargin: "400px" });
    for (const place of document.querySelectorAll("[data-chart]")) {
      const buttons = ["svg", "png"].map(kind =>
        element("button", { type: "button", onclick: () => this.save(place.dataset.chart, kind) }, `Save as ${kind.toUpperCase()}`));
      place.parentElement.after(element("div", { class: "tools" }, ...buttons));
      this.watch.observe(place);
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [...this.drawn.keys()].forEach(place => this.draw(place)));
    addEventListener("beforeprint", () => this.paint("#1b1b1f"));
    addEventListener("afterprint", () => this.paint(""));
  }

  /** Draw what has not come into view yet, one after the other: paper has all of them, and does not wait. */
  async drawRest() {
    for (const place of document.querySelectorAll("[data-chart]")) {
      if (!this.drawn.has(place)) await this.draw(place);
    }
  }

  /** Give the texts of all charts another ink, or their own again. */
  paint(ink) {
    for (const text of document.querySelectorAll("[data-chart] :is(.role-axis, .role-legend, .role-title) text")) text.style.fill = ink;
  }

  async draw(place) {
    this.watch.unobserve(place);
    this.drawn.get(place)?.finalize?.();
    const mine = {};
    this.drawn.set(place, mine);
    try {
      const inside = element("div");
      const made = await this.embedded(inside, place.dataset.chart, getComputedStyle(document.body).color);
      if (this.drawn.get(place) !== mine) return made.finalize(); // another has been begun since
      this.drawn.set(place, made);
      place.replaceChildren(inside);
    } catch (error) {
      place.replaceChildren(element("p", { role: "alert" }, `This chart cannot be drawn (${error.message}).`));
    }
  }

  embedded(place, name, ink) {
    const lines = { labelColor: ink, titleColor: ink, gridColor: "#88888844", domainColor: ink, tickColor: ink };
    const config = { background: null, view: { stroke: null }, axis: lines, legend: { labelColor: ink, titleColor: ink }, font: "system-ui, sans-serif" };
    return vegaEmbed(place, this.specs[name], { mode: "vega-lite", ast: true, defaultStyle: false, renderer: "svg", config, actions: false });
  }

  /** Pictures to keep are black on white, whatever the page is. */
  async save(name, kind) {
    const made = await this.embedded(element("div"), name, "#1b1b1f");
    made.view.background("#ffffff");
    if (kind === "svg") save(`${name}.svg`, new Blob([await made.view.toSVG()], { type: "image/svg+xml" }));
    else save(`${name}.png`, await made.view.toImageURL("png", 3));
    made.finalize();
  }
}
