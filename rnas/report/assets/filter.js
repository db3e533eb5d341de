/* The filter of the list and the chart by status, text and cost. */
const cost = run.metrics[run.axes.cost];

/* Parses "1.5M" as a number; NaN for other text, null for empty text. */
const sizeOf = (text) => {
  if (!text.trim()) return null;
  const match = /^([\d.,]+)\s*([kmgt]?)$/i.exec(text.trim());
  if (!match) return NaN;
  return Number(match[1].replace(/,/g, "")) * 1000 ** " kmgt".indexOf(match[2].toLowerCase() || " ");
};

const filterOf = () => ({
  status: byId("evaluation-status").value,
  text: byId("evaluation-text").value.trim().toLowerCase(),
  low: cost ? sizeOf(byId("evaluation-low").value) : null,
  high: cost ? sizeOf(byId("evaluation-high").value) : null,
});

const isOpen = ({ status, text, low, high }) => status === "all" && !text && low === null && high === null;

const passing = ({ status, text, low, high }) => {
  const e = run.evaluations;
  const texts = [e.key, e.architecture, e.reason, e.status];
  const priced = low !== null || high !== null;
  return (row) => {
    if (status === "front" ? !onFront.has(row) : status !== "all" && e.status[row] !== status) return false;
    if (text && !texts.some((column) => column[row].toLowerCase().includes(text))) return false;
    const value = cost?.values[row];
    return !priced || (isNumber(value) && value >= (low ?? -Infinity) && value <= (high ?? Infinity));
  };
};

const applyFilter = () => {
  const filter = filterOf();
  ["low", "high"].forEach((end) => {
    byId(`evaluation-${end}`).setAttribute("aria-invalid", String(Number.isNaN(filter[end])));
    if (Number.isNaN(filter[end])) filter[end] = null;
  });
  passes = passing(filter);
  const rows = run.evaluations.key.map((_, row) => row);
  const [count, all] = [rows.filter(passes), rows].map((some) => some.length.toLocaleString("en"));
  document.querySelectorAll(".filter-set").forEach((node) => {
    node.hidden = isOpen(filter);
  });
  document.querySelectorAll(".filter-count").forEach((node) => {
    node.textContent = `Filtered: ${count} of ${all} evaluations.`;
  });
  filterListeners.forEach((listener) => listener());
};

const statuses = [...new Set(run.evaluations.status)].map((status) => [
  status,
  `${status} (${run.evaluations.status.filter((other) => other === status).length})`,
]);
fillSelect(
  byId("evaluation-status"),
  [["all", `all (${run.evaluations.key.length})`], ["front", `on the front (${onFront.size})`], ...statuses],
  "all",
);
byId("evaluation-cost").hidden = !cost;
if (cost) byId("evaluation-cost-name").textContent = cost.label;
["status", "text", "low", "high"].forEach((name) => byId(`evaluation-${name}`).addEventListener("input", applyFilter));
document.querySelectorAll(".filter-clear").forEach((button) =>
  button.addEventListener("click", () => {
    byId("evaluation-status").value = "all";
    ["text", "low", "high"].forEach((name) => {
      byId(`evaluation-${name}`).value = "";
    });
    applyFilter();
    /* The button is hidden now, so focus moves to its neighbour. */
    byId(button.closest("#front") ? "front-plot" : "evaluation-text").focus({ preventScroll: true });
  }),
);
