/* Tables that sort: the front as it stands in the page, every evaluation from the run's columns. */
const PAGE = 100;
const PRINTED = 2000;

/* Numbers by size, texts by alphabet, what is missing last whichever way. */
const compare = (a, b, direction) => {
  const missing = (value) => value === null || value === undefined || value === "";
  if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
  return direction * (isNumber(a) && isNumber(b) ? a - b : String(a).localeCompare(String(b)));
};

const sortButton = (heading, onSort) => {
  const label = heading.textContent.trim();
  heading.replaceChildren(make("button", label, { type: "button" }));
  heading.setAttribute("aria-sort", "none");
  heading.firstChild.addEventListener("click", () => {
    const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    heading.closest("thead").querySelectorAll("[aria-sort]").forEach((other) => other.setAttribute("aria-sort", "none"));
    heading.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
    onSort(direction);
  });
};

document.querySelectorAll("table.sortable").forEach((table) => {
  const body = table.tBodies[0];
  const valueAt = (row, at) => {
    const text = row.cells[at].dataset.value ?? row.cells[at].textContent;
    return text === "" || Number.isNaN(Number(text)) || at === 0 ? text : Number(text);
  };
  table.querySelectorAll("thead tr:last-child th.number").forEach((heading, at) => {
    if (!heading.textContent.trim()) return;
    sortButton(heading, (direction) => body.append(...[...body.rows].sort((a, b) => compare(valueAt(a, at + 1), valueAt(b, at + 1), direction))));
  });
});

/* --- every evaluation --- */
const e = run.evaluations;
const varies = (values) => values.some((value) => value !== values[0]);
const given = (values) => values.some((value) => value !== "" && value !== null);
const columns = [
  { label: "#", values: e.number, number: true },
  { label: "Key", values: e.key, code: true },
  { label: "Status", values: e.status, status: true },
  ...(given(e.reason) ? [{ label: "Reason", values: e.reason, clip: true }] : []),
  ...run.metrics.map((metric) => ({ label: metric.label, values: metric.values, texts: metric.texts, number: true })),
  { label: "Seconds", values: e.seconds, texts: e.seconds.map((value) => (isNumber(value) ? value.toFixed(1) : "")), number: true },
  ...(varies(e.seed) ? [{ label: "Seed", values: e.seed, number: true }] : []),
  ...(varies(e.fidelity) ? [{ label: "Fidelity", values: e.fidelity }] : []),
  { label: "Architecture", values: e.architecture, clip: true },
  ...(given(e.predicted) ? [{ label: "Predicted", values: e.predicted }] : []),
];
const list = { order: e.number.map((_, row) => row), first: 0, page: PAGE };

const cell = (column, row) => {
  const text = column.texts ? column.texts[row] : String(column.values[row] ?? "");
  const names = [column.number && "number", column.clip && "clip", column.status && "status"].filter(Boolean).join(" ");
  const node = make(column.code ? "th" : "td", column.code ? "" : text, { class: names });
  if (column.code) {
    node.scope = "row";
    node.append(make("code", text));
  }
  if (column.clip) node.title = text;
  if (column.status && onFront.has(row)) node.textContent = "on the front";
  return node;
};

const matching = () => {
  const status = byId("evaluation-status").value;
  const wanted = byId("evaluation-text").value.trim().toLowerCase();
  const texts = [e.key, e.architecture, e.reason, e.status];
  return list.order.filter((row) => {
    const shown = status === "all" || (status === "front" ? onFront.has(row) : e.status[row] === status);
    return shown && (!wanted || texts.some((column) => column[row].toLowerCase().includes(wanted)));
  });
};

const showEvaluations = () => {
  const rows = matching();
  list.first = Math.max(0, Math.min(list.first, Math.floor((rows.length - 1) / list.page) * list.page));
  const page = rows.slice(list.first, list.first + list.page);
  byId("evaluation-table").tBodies[0].replaceChildren(...page.map((row) => {
    const line = make("tr", "", { class: onFront.has(row) ? "on-front" : e.status[row] === "complete" ? "" : "not-complete" });
    line.append(...columns.map((column) => cell(column, row)));
    return line;
  }));
  const range = rows.length ? `${list.first + 1}–${list.first + page.length} of ${rows.length.toLocaleString("en")}` : "none";
  byId("evaluation-count").textContent = range;
  byId("evaluation-previous").disabled = list.first === 0;
  byId("evaluation-next").disabled = list.first + page.length >= rows.length;
};

const headings = make("tr");
columns.forEach((column) => {
  const heading = make("th", column.label, { scope: "col", class: column.number ? "number" : "" });
  headings.append(heading);
});
byId("evaluation-table").tHead.append(headings);
columns.forEach((column, at) => sortButton(headings.cells[at], (direction) => {
  list.order.sort((a, b) => compare(column.values[a], column.values[b], direction) || a - b);
  list.first = 0;
  showEvaluations();
}));

const statuses = [...new Set(e.status)].map((status) => [status, `${status} (${e.status.filter((other) => other === status).length})`]);
fillSelect(byId("evaluation-status"), [["all", `all (${e.key.length})`], ["front", `on the front (${onFront.size})`], ...statuses], "all");
const restart = () => { list.first = 0; showEvaluations(); };
byId("evaluation-status").addEventListener("change", restart);
byId("evaluation-text").addEventListener("input", restart);
byId("evaluation-previous").addEventListener("click", () => { list.first -= list.page; showEvaluations(); });
byId("evaluation-next").addEventListener("click", () => { list.first += list.page; showEvaluations(); });
window.addEventListener("beforeprint", () => { list.page = PRINTED; showEvaluations(); });
window.addEventListener("afterprint", () => { list.page = PAGE; showEvaluations(); });
showEvaluations();
