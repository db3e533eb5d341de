/* A panel with one network, or two side by side, that the keyboard can reach and Escape closes. */
const panel = { rows: [], told: [], opener: null };
const panelListeners = [];
const NAMES = ["A", "B"];

const announce = (text) => {
  byId("announcement").textContent = text;
};
const shortly = (row) =>
  [run.evaluations.key[row], ...run.headline.map((metric) => run.metrics[metric].texts[row])]
    .filter((text) => text && text !== MISSING)
    .join("  ");

/* The markup of a drawing. It was escaped when it was made, and markup that is parsed like this runs no script. */
const drawingOf = (told, name) => {
  const figure = make("figure");
  figure.append(make("figcaption", name));
  const content = new DOMParser().parseFromString(told.drawing, "text/html").body;
  figure.append(...(told.drawing ? content.childNodes : [make("p", told.architecture, { class: "detail" })]));
  return figure;
};

const tableOf = (caption, headings, rows) => {
  const table = make("table", "", { class: "facts" });
  const [head, body] = [make("thead"), make("tbody")];
  const line = (cells, tag, scope) => {
    const row = make("tr");
    row.append(...cells.map((text, at) => (at && tag === "td" ? make("td", text) : make("th", text, { scope }))));
    return row;
  };
  head.append(line(headings, "th", "col"));
  body.append(...rows.map((cells) => line(cells, "td", "row")));
  table.append(make("caption", caption), head, body);
  const scroll = make("div", "", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" });
  scroll.append(table);
  return scroll;
};

const folded = (title, content) => {
  const details = make("details");
  details.append(make("summary", title), content);
  return details;
};

const valued = (metric, row) => metric.texts[row] !== MISSING;

const intervalText = (metric, told) => {
  const ends = told.intervals[metric.name];
  return ends ? ends.map((end) => (100 * end).toFixed(1)).join(" to ") : "";
};

/* Whether Newcombe's interval of a difference of shares, computed from their intervals, contains zero. */
const indistinguishable = (less, [, high], more, [low]) => more - less <= Math.hypot(more - low, high - less);

/* The second value minus the first. It says which is better only for costs, and for shares with known noise. */
const difference = (metric, [first, second], told) => {
  const [a, b] = [metric.values[first], metric.values[second]];
  if (!isNumber(a) || !isNumber(b)) return "";
  if (a === b) return "equal";
  const signed = (number, text) => (number < 0 ? "\u2212" : "+") + text;
  const points = 100 * (b - a);
  const by = {
    proportion: () => `${signed(points, Math.abs(points).toFixed(1))} points`,
    size: () => (a > 0 ? `\u00d7${(b / a).toPrecision(3)}` : ""),
    number: () => signed(b - a, Math.abs(b - a).toPrecision(3)),
  }[metric.kind]();
  if (!metric.direction) return by;
  const [lower, upper] = (a < b ? [0, 1] : [1, 0]).map((at) => told[at].intervals[metric.name]);
  if (metric.kind !== "size" && !(lower && upper)) return by;
  if (lower && upper && indistinguishable(Math.min(a, b), lower, Math.max(a, b), upper)) return `${by}, indistinguishable`;
  return `${by}, ${NAMES[Number(b > a === (metric.direction === "maximize"))]} better`;
};

const worded = (value) => (value === undefined ? MISSING : typeof value === "string" ? value : JSON.stringify(value));

const differing = (told) => {
  const names = [...new Set(told.flatMap((one) => Object.keys(one.variables)))];
  return names
    .map((name) => [name, ...told.map((one) => worded(one.variables[name]))])
    .filter(([, first, second]) => first !== second);
};

const factsOfOne = ([row], [told]) => {
  const counted = Object.keys(told.intervals).length > 0;
  const cells = (metric) => [metric.label, metric.texts[row], ...(counted ? [intervalText(metric, told)] : [])];
  return [
    tableOf(
      "Metrics",
      ["Metric", "Value", ...(counted ? ["95 % interval"] : [])],
      run.metrics.filter((metric) => valued(metric, row)).map(cells),
    ),
    tableOf("Record", ["Fact", "Value"], told.record),
  ];
};

const factsOfTwo = (rows, told) => {
  const found = differing(told);
  const count = new Set(told.flatMap((one) => Object.keys(one.variables))).size;
  const metrics = run.metrics.filter((metric) => rows.some((row) => valued(metric, row)));
  return [
    found.length
      ? tableOf(`${found.length} of ${count} variables differ`, ["Variable", ...NAMES], found)
      : make("p", "No variable differs.", { class: "empty" }),
    tableOf(
      "Metrics, B compared with A",
      ["Metric", ...NAMES, "Difference"],
      metrics.map((metric) => [metric.label, ...rows.map((row) => metric.texts[row]), difference(metric, rows, told)]),
    ),
  ];
};

const variablesOf = (told) => Object.entries(told.variables).map(([key, value]) => [key, worded(value)]);

const moreOf = (told, name) => [
  folded(`Variables${name}`, tableOf("Variables", ["Variable", "Value"], variablesOf(told))),
  ...(told.provenance.length
    ? [folded(`Provenance${name}`, tableOf("Provenance", ["Fact", "Value"], told.provenance))]
    : []),
  folded(`JSON${name}`, make("pre", told.architecture)),
];

const panelCurves = () => {
  const quantity = byId("panel-quantity").value;
  const traces = panel.told.map((told, at) => ({
    type: "scatter",
    mode: "lines+markers",
    name: escapeHover(run.evaluations.key[panel.rows[at]]),
    x: told.curve.epoch ?? (told.curve[quantity] ?? []).map((_, index) => index + 1),
    y: told.curve[quantity] ?? [],
    line: { width: 1.8, color: colour(["accent", "warm"][at]), dash: ["solid", "dash"][at] },
    marker: { size: 6, symbol: ["circle", "diamond-open"][at] },
    hovertemplate: "epoch %{x}: %{y:.4g}<extra></extra>",
  }));
  return {
    traces,
    layout: layoutOf(
      epochAxis(traces.map((trace) => trace.x)),
      axisOf(quantity.replace(/_/g, " "), kindOf(quantity)),
      { showlegend: traces.length > 1 },
    ),
  };
};

const showCurves = () => {
  byId("panel-training").hidden = !run.curves;
  const curves = panel.told.map((told) => told.curve);
  const found = [...new Set(curves.flatMap(Object.keys))].filter(
    (name) => name !== "epoch" && curves.some((curve) => (curve[name] ?? []).some(isNumber)),
  );
  byId("panel-curves").hidden = !found.length;
  byId("panel-no-curve").hidden = found.length > 0;
  if (!found.length) return;
  const before = byId("panel-quantity").value;
  const options = found.map((name) => [name, name.replace(/_/g, " ")]);
  fillSelect(byId("panel-quantity"), options, found.includes(before) ? before : found[0]);
  const keys = panel.rows.map((row) => run.evaluations.key[row]).join(" and ");
  byId("panel-plot").setAttribute("aria-label", `Training curves of ${keys}, by epoch.`);
  show("panel-plot", panelCurves);
};

/* The page is in the folder of the run; a page that was loaded from elsewhere knows only the name of that folder. */
const folder = () => {
  if (window.location.protocol !== "file:") return run.name;
  const path = decodeURIComponent(window.location.pathname).replace(/\/[^/]*$/, "");
  return path.replace(/^\/([A-Za-z]:)/, "$1");
};
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`);

const showCommand = () => {
  const [told] = panel.told;
  byId("panel-export").hidden = panel.rows.length > 1 || !told.source;
  const format = run.formats.find((one) => one.name === byId("panel-format").value);
  const source = told.source.replace("{}", () => folder());
  const target = `${run.evaluations.key[panel.rows[0]].replace(/[^\w.@-]/g, "-")}${format.suffix}`;
  byId("panel-command").textContent = `rnas export ${quoted(source)} --format ${format.name} -o ${target}`;
};

const showOthers = () => {
  const [first, second] = panel.rows;
  const group = (label, rows) => {
    const node = make("optgroup", "", { label });
    node.append(...rows.filter((row) => row !== first).map((row) => make("option", shortly(row), { value: row })));
    return node;
  };
  const rest = run.evaluations.key.map((_, row) => row).filter((row) => !onFront.has(row));
  const groups = onFront.size ? [group("On the front", run.front), group("Others", rest)] : [group("Networks", rest)];
  byId("panel-other").replaceChildren(make("option", "none", { value: "" }), ...groups);
  byId("panel-other").value = second ?? "";
};

const showPanel = async () => {
  const rows = panel.rows;
  const told = await Promise.all(rows.map(detailOf));
  if (rows !== panel.rows) return;
  panel.told = told;
  const both = rows.length > 1;
  const keys = rows.map((row) => run.evaluations.key[row]);
  const names = both ? keys.map((key, at) => `${NAMES[at]}: ${key}`) : [run.evaluations.architecture[rows[0]]];
  byId("panel-title").textContent = keys.join(" and ");
  byId("panel-drawings").replaceChildren(...told.map((one, at) => drawingOf(one, names[at])));
  byId("panel-facts").replaceChildren(...(both ? factsOfTwo(rows, told) : factsOfOne(rows, told)));
  byId("panel-more").replaceChildren(...told.flatMap((one, at) => moreOf(one, both ? ` of ${keys[at]}` : "")));
  showOthers();
  showCommand();
  byId("panel").hidden = false;
  document.body.classList.add("has-panel");
  document.body.classList.toggle("has-pair", both);
  showCurves();
  byId("panel").scrollTop = 0;
  const count = differing(told).length;
  announce(both ? `${keys[0]} compared with ${keys[1]}: ${count} variables differ` : shortly(rows[0]));
  panelListeners.forEach((listener) => listener());
};

/* With ``compared`` it is compared with the network that the panel already shows. */
const openPanel = async (row, compared = false) => {
  if (byId("panel").hidden) panel.opener = document.activeElement;
  const [first] = panel.rows;
  panel.rows = compared && first !== undefined && first !== row ? [first, row] : [row];
  await showPanel();
  byId("panel-title").focus({ preventScroll: true });
};

const closePanel = () => {
  if (byId("panel").hidden) return;
  panel.rows = [];
  plots.delete("panel-plot");
  byId("panel").hidden = true;
  document.body.classList.remove("has-panel", "has-pair");
  panelListeners.forEach((listener) => listener());
  const opener = panel.opener?.isConnected ? panel.opener : byId("front-plot");
  opener?.focus({ preventScroll: true });
};

fillSelect(
  byId("panel-format"),
  run.formats.map(({ name }) => [name, name]),
  run.formats[0].name,
);
byId("panel-format").addEventListener("input", showCommand);
byId("panel-quantity").addEventListener("input", () => show("panel-plot", panelCurves));
byId("panel-close").addEventListener("click", closePanel);
byId("panel-other").addEventListener("input", async (event) => {
  const second = event.target.value;
  panel.rows = second === "" ? [panel.rows[0]] : [panel.rows[0], Number(second)];
  await showPanel();
});
byId("panel-copy").hidden = !navigator.clipboard;
byId("panel-copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(byId("panel-command").textContent);
  announce("Copied");
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closePanel();
});

/* Every mention of a row of the run opens it: a button by keyboard, its whole line by mouse. */
document.addEventListener("click", (event) => {
  const control = event.target.closest("a, button, input, select, label, summary");
  const opening = control ? control.closest("[data-open]") : event.target.closest("tr[data-row]");
  if (!opening || (!control && String(window.getSelection()))) return;
  event.preventDefault();
  window.getSelection().removeAllRanges();
  openPanel(Number(opening.dataset.open ?? opening.dataset.row), event.shiftKey);
});
document.querySelectorAll("a[data-open]").forEach((link) => {
  link.setAttribute("role", "button");
  link.setAttribute("aria-haspopup", "dialog");
});
