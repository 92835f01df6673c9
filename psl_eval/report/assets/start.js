async function start() {
  const drawn = await unpacked("drawn");
  const tables = {};
  for (const place of document.querySelectorAll("[data-table]")) {
    tables[place.dataset.table] = new Table(place, place.dataset.table, { ...drawn.tables[place.dataset.table], heading: true });
  }
  const charts = new Charts(drawn.charts);
  const data = await unpacked("proteins-known");
  if (data.proteins.length) new Proteins(data);
  if (data.explanations.length) new Classes(data, tables);
  const part = document.getElementById(location.hash.slice(1));
  part?.scrollIntoView(); // it was not there, or elsewhere, when the browser looked for it
  document.documentElement.dataset.ready = "true";
  await charts.drawRest();
}

start().catch(error => {
  document.getElementById("main").prepend(element("p", { role: "alert" }, `This page cannot be drawn here (${error}). The folder beside it holds its tables.`));
});
