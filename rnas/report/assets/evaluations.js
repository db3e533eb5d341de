/* The list of every evaluation: a page of rows at a time, from the run's columns. */
const PAGE = 100;
const PRINTED = 2000;

const e = run.evaluations;
const varies = (values) => values.some((value) => value !== values[0]);
const given = (values) => values.some((value) => value !== "" && value !== null);
const columns = [
  { label: "#", values: e.number, number: true },
  { label: "Key", values: e.key, code: true },
  { label: "Status", values: e.status, status: true },
  ...(given(e.reason) ? [{ label: "Reason", values: e.reason, clip: true }] : []),
  ...run.metrics.map((metric) => ({ label: metric.label, values: metric.values, texts: metric.texts, number: true })),
  {
    label: "Seconds",
    values: e.seconds,
    texts: e.seconds.map((value) => (isNumber(value) ? value.toFixed(1) : "")),
    number: true,
  },
  ...(varies(e.seed) ? [{ label: "Seed", values: e.seed, number: true }] : []),
  ...(varies(e.fidelity) ? [{ label: "Fidelity", values: e.fidelity }] : []),
  { label: "Architecture", values: e.architecture, clip: true },
  ...(given(e.predicted) ? [{ label: "Predicted", values: e.predicted, extra: true }] : []),
];
const list = { order: e.number.map((_, row) => row), first: 0, page: PAGE };

const classOf = (column) => ["number", "clip", "extra", "status"].filter((name) => column[name]).join(" ");

const cell = (column, row) => {
  const text = column.texts ? column.texts[row] : String(column.values[row] ?? "");
  const node = make(column.code ? "th" : "td", column.code ? "" : text, { class: classOf(column) });
  if (column.code) {
    node.scope = "row";
    const button = make("button", "", { type: "button", "data-open": row, "aria-haspopup": "dialog" });
    button.append(make("code", text));
    node.append(button);
  }
  if (column.clip) node.title = text;
  if (column.status && onFront.has(row)) node.textContent = "on the front";
  return node;
};

const showEvaluations = () => {
  const rows = list.order.filter((row) => passes(row));
  list.first = Math.max(0, Math.min(list.first, Math.floor((rows.length - 1) / list.page) * list.page));
  const page = rows.slice(list.first, list.first + list.page);
  byId("evaluation-table").tBodies[0].replaceChildren(
    ...page.map((row) => {
      const line = make("tr", "", {
        "data-row": row,
        class: onFront.has(row) ? "on-front" : e.status[row] === "complete" ? "" : "not-complete",
      });
      line.append(...columns.map((column) => cell(column, row)));
      return line;
    }),
  );
  const range = rows.length
    ? `${list.first + 1}–${list.first + page.length} of ${rows.length.toLocaleString("en")}`
    : "none";
  byId("evaluation-count").textContent = range;
  byId("evaluation-previous").disabled = list.first === 0;
  byId("evaluation-next").disabled = list.first + page.length >= rows.length;
};

const headings = make("tr");
columns.forEach((column) => {
  const heading = make("th", column.label, { scope: "col", class: classOf(column) });
  headings.append(heading);
});
byId("evaluation-table").tHead.append(headings);
columns.forEach((column, at) =>
  sortButton(headings.cells[at], (direction) => {
    list.order.sort((a, b) => compare(column.values[a], column.values[b], direction) || a - b);
    list.first = 0;
    showEvaluations();
  }),
);

filterListeners.push(() => {
  list.first = 0;
  showEvaluations();
});
byId("evaluation-previous").addEventListener("click", () => {
  list.first -= list.page;
  showEvaluations();
});
byId("evaluation-next").addEventListener("click", () => {
  list.first += list.page;
  showEvaluations();
});
window.addEventListener("beforeprint", () => {
  list.page = PRINTED;
  showEvaluations();
});
window.addEventListener("afterprint", () => {
  list.page = PAGE;
  showEvaluations();
});
showEvaluations();
