/* The charts. Each is a function of the theme and its controls that gives traces and a layout. */
const MUCH_WIDER = 30;
const plots = new Map();

const escapeHover = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const wrapped = (text) => (text.match(/.{1,64}(\s|$)|.{1,64}/g) || []).map((part) => escapeHover(part.trim())).join("<br>");

const axisOf = (title, kind = "number", values = []) => {
  const numbers = values.filter(isNumber);
  const low = numbers.reduce((a, b) => Math.min(a, b), Infinity);
  const high = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  const wide = low > 0 && high > MUCH_WIDER * low;
  return {
    title: { text: escapeHover(title), standoff: 10 },
    type: wide ? "log" : "linear",
    dtick: wide ? (high > 1000 * low ? 1 : "D2") : undefined,
    tickformat: { proportion: ".3~p", size: ".3~s" }[kind],
    gridcolor: colour("rule"),
    linecolor: colour("rule"),
    zeroline: false,
    automargin: true,
  };
};

const layoutOf = (x, y, extra = {}) => ({
  xaxis: x,
  yaxis: y,
  font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: colour("muted") },
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  margin: { l: 56, r: 14, t: 14, b: 46 },
  hoverlabel: { bgcolor: colour("raised"), bordercolor: colour("rule"), font: { color: colour("ink") }, align: "left" },
  legend: { bgcolor: "rgba(0,0,0,0)", orientation: "h", y: 1, yanchor: "bottom", x: 0 },
  hovermode: "closest",
  modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("faint"), activecolor: colour("accent") },
  ...extra,
});

const show = (id, figure) => {
  if (!byId(id)) return;
  plots.set(id, figure);
  const { traces, layout } = figure();
  Plotly.react(id, traces, layout, {
    displaylogo: false,
    responsive: true,
    /* These buttons and no others: plotly's own set can open a page elsewhere. */
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
    showSendToCloud: false,
    toImageButtonOptions: { format: "svg", filename: id },
  });
};
const showAll = () => plots.forEach((figure, id) => show(id, figure));

const scale = () => (isDark()
  ? [[0, "#274b73"], [0.5, "#4fa3b8"], [1, "#f4d98b"]]
  : [[0, "#f0c766"], [0.5, "#3c9aa5"], [1, "#173f73"]]);

/* --- the front --- */
const column = (choice) => (choice === "number"
  ? { label: "Evaluation", axis: "Evaluation", kind: "number", values: run.evaluations.number, texts: run.evaluations.number.map(String) }
  : run.metrics[Number(choice)]);

const hover = (row) => {
  const e = run.evaluations;
  const metrics = run.metrics
    .filter((metric) => metric.values[row] !== null && metric.values[row] !== undefined)
    .map((metric) => `${escapeHover(metric.label)} <b>${escapeHover(metric.texts[row])}</b>`);
  const predicted = e.predicted[row] ? [`predicted ${escapeHover(e.predicted[row])}`] : [];
  return [`<b>${escapeHover(e.key[row])}</b> evaluation ${e.number[row]}`, wrapped(e.architecture[row]), ...metrics, ...predicted].join("<br>");
};

/* Half-widths of the 95 % interval of the front's members, where the metric is counted on images. */
const errorBars = (y, rows) => {
  if (!y.intervals) return undefined;
  const bars = rows.map((row) => y.intervals[run.front.indexOf(row)]);
  const ends = (pick) => bars.map((bar, at) => (bar ? pick(bar, y.values[rows[at]]) : 0));
  return {
    type: "data", symmetric: false, thickness: 1, width: 0, color: colour("faint"),
    array: ends((bar, value) => bar[1] - value), arrayminus: ends((bar, value) => value - bar[0]),
  };
};

const frontFigure = () => {
  const [x, y] = ["front-x", "front-y"].map((id) => column(byId(id).value));
  const chosen = byId("front-colour").value;
  const shade = chosen === "none" ? null : column(chosen);
  const drawn = run.evaluations.key.map((_, row) => row)
    .filter((row) => run.evaluations.status[row] === "complete" && isNumber(x.values[row]) && isNumber(y.values[row]));
  const best = drawn.filter((row) => onFront.has(row)).sort((a, b) => x.values[a] - x.values[b]);
  const others = drawn.filter((row) => !onFront.has(row));
  const objectives = run.metrics.filter((metric) => metric.direction);
  const stairs = objectives.length === 2 && objectives.includes(x) && objectives.includes(y);
  const points = (rows, name, marker, more = {}) => ({
    type: "scatter", mode: "markers", name, x: rows.map((row) => x.values[row]), y: rows.map((row) => y.values[row]),
    text: rows.map(hover), hovertemplate: "%{text}<extra></extra>", customdata: rows,
    marker: { ...marker, ...(shade ? { color: rows.map((row) => shade.values[row]), coloraxis: "coloraxis" } : {}) }, ...more,
  });
  const traces = [
    points(others, "evaluated", { size: 7, color: colour("faint"), opacity: shade ? 0.55 : 0.75 }),
    points(best, "front", { size: 11, color: colour("accent"), line: { color: colour(shade ? "ink" : "paper"), width: 1.2 } }, {
      mode: stairs ? "lines+markers" : "markers",
      line: { color: colour("accent"), width: 1.3, shape: x.direction === "minimize" ? "hv" : "vh" },
      error_y: errorBars(y, best),
    }),
  ];
  const scaled = { colorscale: scale(), colorbar: { title: { text: shade ? escapeHover(shade.label) : "", side: "right" }, thickness: 11, outlinewidth: 0, tickformat: shade ? axisOf("", shade.kind).tickformat : undefined } };
  const across = drawn.map((row) => x.values[row]);
  return { traces, layout: layoutOf(axisOf(x.axis, x.kind, across), axisOf(y.axis, y.kind), shade ? { coloraxis: scaled, showlegend: false } : {}) };
};

if (byId("front-plot")) {
  const options = [...run.metrics.map((metric, at) => [String(at), metric.label]), ["number", "Evaluation"]];
  const chosen = (at, otherwise) => (at === null ? otherwise : String(at));
  fillSelect(byId("front-x"), options, chosen(run.axes.x, "number"));
  fillSelect(byId("front-y"), options, chosen(run.axes.y, "number"));
  fillSelect(byId("front-colour"), [["none", "front only"], ...options], chosen(run.axes.colour, "none"));
  ["front-x", "front-y", "front-colour"].forEach((id) => byId(id).addEventListener("change", () => show("front-plot", frontFigure)));
  show("front-plot", frontFigure);
  byId("front-plot").on("plotly_click", (event) => {
    const row = event.points[0].customdata;
    if (onFront.has(row)) window.location.hash = `network-${run.evaluations.key[row]}`;
  });
}

/* --- hypervolume and tau --- */
show("hypervolume-plot", () => ({
  traces: [{
    type: "scatter", mode: "lines", x: run.evaluations.number.map((number) => number + 1), y: run.hypervolume.values,
    line: { color: colour("accent"), width: 2, shape: "hv" }, hovertemplate: "%{x} evaluations: %{y:.4f}<extra></extra>",
  }],
  layout: layoutOf(axisOf("Evaluations"), axisOf(""), { showlegend: false }),
}));

show("surrogate-plot", () => {
  const names = [...new Set(run.surrogate.map((point) => point.metric))];
  const label = (name) => (run.metrics.find((metric) => metric.name === name) || { label: name }).label;
  const traces = names.map((name, at) => {
    const points = run.surrogate.filter((point) => point.metric === name);
    const shade = colour(["accent", "warm", "stage-2", "stage-4"][at % 4]);
    return {
      type: "scatter", mode: "lines+markers", name: escapeHover(label(name)), x: points.map((point) => point.evaluations), y: points.map((point) => point.tau),
      line: { color: shade, width: 1.6 }, marker: { color: shade, size: 6 }, hovertemplate: "%{x} evaluations: τ %{y:.2f}<extra></extra>",
    };
  });
  const level = (value, dash) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: value, y1: value, line: { color: colour("faint"), width: 1, dash } });
  const low = run.surrogate.reduce((least, point) => Math.min(least, point.tau ?? 0), 0);
  return { traces, layout: layoutOf(axisOf("Evaluations"), { ...axisOf(""), range: [low - 0.05, 1.02] }, { shapes: [level(0, "dot")], showlegend: names.length > 1 }) };
});

/* --- training curves --- */
const quantities = [...new Set(run.curves.flatMap((curve) => curve.points.flatMap((point) => Object.keys(point))))]
  .filter((name) => name !== "epoch" && run.curves.some((curve) => curve.points.some((point) => isNumber(point[name]))));

const sampled = (share) => {
  const stops = ["stage-1", "stage-2", "stage-3"].map((name) => colour(name).match(/[\d.]+/g).slice(0, 3).map(Number));
  const place = share * (stops.length - 1);
  const at = Math.min(Math.floor(place), stops.length - 2);
  return `rgb(${stops[at].map((value, part) => Math.round(value + (place - at) * (stops[at + 1][part] - value))).join(",")})`;
};

if (byId("curves-plot")) {
  const curvesFigure = () => {
    const quantity = byId("curve-quantity").value;
    const traces = run.curves.map((curve, at) => ({
      type: "scatter", mode: "lines", name: escapeHover(curve.key),
      x: curve.points.map((point, index) => point.epoch ?? index + 1), y: curve.points.map((point) => point[quantity] ?? null),
      line: { width: 1.8, color: sampled(run.curves.length > 1 ? at / (run.curves.length - 1) : 0) },
      hovertemplate: `${escapeHover(curve.key)}, epoch %{x}: %{y:.4g}<extra></extra>`,
    }));
    const kind = quantity.endsWith("accuracy") ? "proportion" : "number";
    return { traces, layout: layoutOf(axisOf("Epoch"), axisOf(quantity.replace(/_/g, " "), kind), { showlegend: run.curves.length <= 24, legend: { bgcolor: "rgba(0,0,0,0)" } }) };
  };
  fillSelect(byId("curve-quantity"), quantities.map((name) => [name, name.replace(/_/g, " ")]), quantities[0]);
  byId("curve-quantity").addEventListener("change", () => show("curves-plot", curvesFigure));
  show("curves-plot", curvesFigure);
}

themeListeners.push(showAll);

/* Paper is light and narrower than the window. */
const PAPER = 680;
let themeBefore;
window.addEventListener("beforeprint", () => {
  themeBefore = root.dataset.theme;
  applyTheme("light");
  plots.forEach((_, id) => Plotly.relayout(id, { width: byId(id).closest(".pair") ? PAPER / 2 : PAPER }));
});
window.addEventListener("afterprint", () => {
  plots.forEach((_, id) => Plotly.relayout(id, { width: null, autosize: true }));
  applyTheme(themeBefore);
});
