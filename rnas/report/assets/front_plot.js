/* The front among all networks that have a result, over axes that the reader chooses. */
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
    `<b>${escapeHover(e.key[row])}</b>${run.words.row && ` ${run.words.row} ${e.number[row]}`}`,
    wrapped(e.architecture[row]),
    ...metrics,
    ...predicted,
  ].join("<br>");
};

/* Distances from each value to the ends of its interval, if the metric has one. */
const errorBars = (y, rows) => {
  if (!rows.some((row) => y.intervals?.[row])) return undefined;
  const bars = rows.map((row) => y.intervals[row]);
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

/* If there are few points, their names are next to them, on the inner side at the right end. */
const FEW = 12;
const labels = (names, xs) => {
  const end = 0.8 * Math.max(...xs) + 0.2 * Math.min(...xs);
  return {
    mode: "markers+text",
    texttemplate: names.map(escapeHover),
    textposition: xs.map((x) => (x > end ? "middle left" : "middle right")),
    textfont: { size: 11.5, color: colour("ink") },
  };
};

/* Published numbers on these axes; they cannot be shown against the number of an evaluation. */
const publishedTrace = (x, y) => {
  const at = [x, y].map((axis) => run.metrics.indexOf(axis));
  const rows = byId("front-published").checked
    ? run.published.filter((row) => at.every((axis) => isNumber(row.values[axis])))
    : [];
  const xs = rows.map((row) => row.values[at[0]]);
  return {
    type: "scatter",
    mode: "markers",
    name: "published",
    x: xs,
    y: rows.map((row) => row.values[at[1]]),
    text: rows.map((row) => {
      const numbers = run.metrics
        .map((metric, axis) => [metric, row.texts[axis]])
        .filter(([, text]) => text)
        .map(([metric, text]) => `${escapeHover(metric.label)} <b>${escapeHover(text)}</b>`);
      return [`<b>${escapeHover(row.network)}</b> published`, wrapped(row.text), ...numbers].join("<br>");
    }),
    hovertemplate: "%{text}<extra></extra>",
    ...(rows.length <= FEW
      ? labels(
          rows.map((row) => row.network),
          xs,
        )
      : {}),
    marker: { symbol: "star-open", size: 12, color: colour("warm"), line: { width: 1.6 } },
    showlegend: rows.length > 0,
  };
};

/* Rings around the networks in the panel; the two of a pair have different letters. */
const selectedTrace = (x, y) => {
  const rows = panel.rows.filter((row) => isNumber(x.values[row]) && isNumber(y.values[row]));
  return {
    type: "scatter",
    mode: "markers+text",
    x: rows.map((row) => x.values[row]),
    y: rows.map((row) => y.values[row]),
    text: rows.map((row) => (panel.rows.length > 1 ? NAMES[panel.rows.indexOf(row)] : "")),
    textposition: "top center",
    textfont: { color: colour("ink"), size: 15 },
    hoverinfo: "skip",
    marker: { symbol: "circle-open", size: 20, color: colour("ink"), line: { width: 2 } },
    showlegend: false,
  };
};

const frontFigure = () => {
  const [x, y] = ["front-x", "front-y"].map((id) => column(byId(id).value));
  const chosen = byId("front-colour").value;
  const shade = chosen === "none" ? null : column(chosen);
  const drawn = run.evaluations.key
    .map((_, row) => row)
    .filter((row) => run.evaluations.status[row] === "complete" && passes(row))
    .filter((row) => isNumber(x.values[row]) && isNumber(y.values[row]));
  const best = drawn.filter((row) => onFront.has(row)).sort((a, b) => x.values[a] - x.values[b]);
  const others = drawn.filter((row) => !onFront.has(row));
  const few = !run.front.length && drawn.length <= FEW;
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
  const published = publishedTrace(x, y);
  const traces = [
    points(
      others,
      run.words.others,
      {
        ...(few ? { size: 11, color: colour("accent") } : { size: 7, color: colour("muted"), opacity: 0.72 }),
        ...(shade ? { opacity: 0.9, line: { color: colour("muted"), width: 0.8 } } : {}),
      },
      {
        error_y: errorBars(y, others),
        showlegend: !shade,
        ...(few
          ? labels(
              others.map((row) => run.evaluations.key[row]),
              others.map((row) => x.values[row]),
            )
          : {}),
      },
    ),
    points(
      best,
      "front",
      {
        symbol: "diamond",
        size: 12,
        color: colour("accent"),
        line: { color: colour(shade ? "ink" : "paper"), width: 1.2 },
      },
      {
        mode: stairs ? "lines+markers" : "markers",
        line: { color: colour("accent"), width: 1.3, shape: x.direction === "minimize" ? "hv" : "vh" },
        error_y: errorBars(y, best),
        showlegend: !shade && best.length > 0,
      },
    ),
    published,
    selectedTrace(x, y),
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
  const across = [...drawn.map((row) => x.values[row]), ...published.x];
  return {
    traces,
    layout: layoutOf(
      axisOf(x.axis, x.kind, across),
      axisOf(y.axis, y.kind),
      shade ? { coloraxis: scaled } : {},
    ),
  };
};

if (byId("front-plot")) {
  const numbered = run.words.row ? [["number", "Evaluation"]] : [];
  const options = [...run.metrics.map((metric, at) => [String(at), metric.label]), ...numbered];
  const chosen = (at, otherwise) => (at === null ? otherwise : String(at));
  fillSelect(byId("front-x"), options, chosen(run.axes.x, "number"));
  fillSelect(byId("front-y"), options, chosen(run.axes.y, "number"));
  const plain = ["none", run.front.length ? "front only" : "none"];
  fillSelect(byId("front-colour"), [plain, ...options], chosen(run.axes.colour, "none"));
  byId("front-published").checked = run.published.length > 0;
  const draw = () => show("front-plot", frontFigure);
  ["front-x", "front-y", "front-colour", "front-published"].forEach((id) => byId(id).addEventListener("input", draw));
  filterListeners.push(draw);
  panelListeners.push(() => {
    draw();
    plots.forEach((_, id) => Plotly.Plots.resize(id));
  });
  draw();
  const plot = byId("front-plot");
  plot.on("plotly_click", ({ points: [point], event }) => {
    if (isNumber(point.customdata)) openPanel(point.customdata, event.shiftKey);
  });

  /* Keyboard: arrows move from point to point along the horizontal axis, Enter opens a network. */
  let reached = null;
  const drawnPoints = () =>
    plot.data
      .flatMap((trace, curveNumber) =>
        (trace.customdata ?? []).map((row, pointNumber) => {
          const x = trace.x[pointNumber];
          return { row, x, curveNumber, pointNumber };
        }),
      )
      .sort((a, b) => a.x - b.x || a.row - b.row);
  const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
  plot.addEventListener("keydown", (event) => {
    const found = drawnPoints();
    const at = found.findIndex(({ row }) => row === reached);
    if (event.key in steps && found.length) {
      event.preventDefault();
      const next = at < 0 ? 0 : Math.max(0, Math.min(found.length - 1, at + steps[event.key]));
      const { row, curveNumber, pointNumber } = found[next];
      reached = row;
      Plotly.Fx.hover(plot, [{ curveNumber, pointNumber }]);
      announce(`${onFront.has(row) ? "on the front, " : ""}${shortly(row)}, ${run.evaluations.architecture[row]}`);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      openPanel(reached, event.shiftKey);
    }
  });
}
