/* The front among all complete evaluations, over axes that the reader chooses. */
const scale = () =>
  (isDark() ? ["#274b73", "#4fa3b8", "#f4d98b"] : ["#f0c766", "#3c9aa5", "#173f73"]).map((shade, at) => [
    at / 2,
    shade,
  ]);

const column = (choice) =>
  choice === "number"
    ? {
        label: "Evaluation",
        axis: "Evaluation",
        kind: "number",
        values: run.evaluations.number,
        texts: run.evaluations.number.map(String),
      }
    : run.metrics[Number(choice)];

const hover = (row) => {
  const e = run.evaluations;
  const metrics = run.metrics
    .filter((metric) => metric.values[row] !== null && metric.values[row] !== undefined)
    .map((metric) => `${escapeHover(metric.label)} <b>${escapeHover(metric.texts[row])}</b>`);
  const predicted = e.predicted[row] ? [`predicted ${escapeHover(e.predicted[row])}`] : [];
  return [
    `<b>${escapeHover(e.key[row])}</b> evaluation ${e.number[row]}`,
    wrapped(e.architecture[row]),
    ...metrics,
    ...predicted,
  ].join("<br>");
};

/* Half-widths of the 95 % interval of the front's members, where the metric is counted on images. */
const errorBars = (y, rows) => {
  if (!y.intervals) return undefined;
  const bars = rows.map((row) => y.intervals[run.front.indexOf(row)]);
  const ends = (pick) => bars.map((bar, at) => (bar ? pick(bar, y.values[rows[at]]) : 0));
  return {
    type: "data",
    symmetric: false,
    thickness: 1,
    width: 0,
    color: colour("faint"),
    array: ends((bar, value) => bar[1] - value),
    arrayminus: ends((bar, value) => value - bar[0]),
  };
};

const frontFigure = () => {
  const [x, y] = ["front-x", "front-y"].map((id) => column(byId(id).value));
  const chosen = byId("front-colour").value;
  const shade = chosen === "none" ? null : column(chosen);
  const drawn = run.evaluations.key
    .map((_, row) => row)
    .filter((row) => run.evaluations.status[row] === "complete" && isNumber(x.values[row]) && isNumber(y.values[row]));
  const best = drawn.filter((row) => onFront.has(row)).sort((a, b) => x.values[a] - x.values[b]);
  const others = drawn.filter((row) => !onFront.has(row));
  const objectives = run.metrics.filter((metric) => metric.direction);
  const stairs = objectives.length === 2 && objectives.includes(x) && objectives.includes(y);
  const points = (rows, name, marker, more = {}) => ({
    type: "scatter",
    mode: "markers",
    name,
    x: rows.map((row) => x.values[row]),
    y: rows.map((row) => y.values[row]),
    text: rows.map(hover),
    hovertemplate: "%{text}<extra></extra>",
    customdata: rows,
    marker: { ...marker, ...(shade ? { color: rows.map((row) => shade.values[row]), coloraxis: "coloraxis" } : {}) },
    ...more,
  });
  const traces = [
    points(others, "evaluated", { size: 7, color: colour("faint"), opacity: shade ? 0.55 : 0.75 }),
    points(
      best,
      "front",
      { size: 11, color: colour("accent"), line: { color: colour(shade ? "ink" : "paper"), width: 1.2 } },
      {
        mode: stairs ? "lines+markers" : "markers",
        line: { color: colour("accent"), width: 1.3, shape: x.direction === "minimize" ? "hv" : "vh" },
        error_y: errorBars(y, best),
      },
    ),
  ];
  const scaled = {
    colorscale: scale(),
    colorbar: {
      title: { text: shade ? escapeHover(shade.label) : "", side: "right" },
      thickness: 11,
      outlinewidth: 0,
      tickformat: shade ? axisOf("", shade.kind).tickformat : undefined,
    },
  };
  const across = drawn.map((row) => x.values[row]);
  return {
    traces,
    layout: layoutOf(
      axisOf(x.axis, x.kind, across),
      axisOf(y.axis, y.kind),
      shade ? { coloraxis: scaled, showlegend: false } : {},
    ),
  };
};

if (byId("front-plot")) {
  const options = [...run.metrics.map((metric, at) => [String(at), metric.label]), ["number", "Evaluation"]];
  const chosen = (at, otherwise) => (at === null ? otherwise : String(at));
  fillSelect(byId("front-x"), options, chosen(run.axes.x, "number"));
  fillSelect(byId("front-y"), options, chosen(run.axes.y, "number"));
  fillSelect(byId("front-colour"), [["none", "front only"], ...options], chosen(run.axes.colour, "none"));
  ["front-x", "front-y", "front-colour"].forEach((id) =>
    byId(id).addEventListener("change", () => show("front-plot", frontFigure)),
  );
  show("front-plot", frontFigure);
  byId("front-plot").on("plotly_click", (event) => {
    const row = event.points[0].customdata;
    if (onFront.has(row)) window.location.hash = `network-${run.evaluations.key[row]}`;
  });
}
