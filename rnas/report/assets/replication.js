/* The figure of a replication: every cell, coloured by its levels, with a colour scale for numbers, else lines. */
const figure = JSON.parse(byId("page-data").textContent);
const PALETTE = ["stage-1", "warm", "stage-2", "stage-4", "stage-3", "muted", "faint"];
const DASHES = ["solid", "dash", "dot", "dashdot"];
const areNumbers = (pick) => figure.points.every((point) => isNumber(pick(point)));
const levels = (pick) => [...new Set(figure.points.map(pick))];

const pointsTrace = (points, name, more) => ({
  type: "scatter",
  name,
  x: points.map((point) => point.x),
  y: points.map((point) => point.y),
  error_y: { type: "data", array: points.map((point) => point.spread), thickness: 1, width: 0, color: colour("faint") },
  text: points.map((point) => `<b>${escapeHover(point.label)}</b><br>${wrapped(point.text)}`),
  hovertemplate: "%{text}<extra></extra>",
  ...more,
});

const scaledTraces = (points) => [
  pointsTrace(points, "", {
    mode: "markers",
    marker: { size: 9, color: points.map((point) => point.colour), coloraxis: "coloraxis" },
  }),
];

const lineTraces = (points) =>
  levels((point) => point.colour).map((level, at) => {
    const own = points.filter((point) => point.colour === level);
    if (areNumbers((point) => point.x)) own.sort((a, b) => a.x - b.x);
    const shade = colour(PALETTE[at % PALETTE.length]);
    return pointsTrace(own, escapeHover(level), {
      mode: "lines+markers",
      legendgroup: String(level),
      line: { color: shade, width: 1.8, dash: DASHES[Math.floor(at / PALETTE.length) % DASHES.length] },
      marker: { size: 8, color: shade },
    });
  });

const horizontal = () => {
  if (!areNumbers((point) => point.x)) return { ...axisOf(figure.x), type: "category" };
  const kind = ["FLOPs", "params"].includes(figure.x) ? "size" : "number";
  const axis = axisOf(figure.x, kind, figure.points.map((point) => point.x));
  return { ...axis, exponentformat: "power" };
};

const replicationFigure = () => {
  const scaled = areNumbers((point) => point.colour);
  const panels = levels((point) => point.panel);
  const layout = layoutOf(horizontal(), axisOf(figure.y, figure.kind), {
    showlegend: !scaled && levels((point) => point.colour).length > 1,
    coloraxis: { colorscale: scale(), colorbar: { title: { text: escapeHover(figure.colour) }, thickness: 12 } },
    annotations: [],
  });
  const traces = panels.flatMap((panel, at) => {
    const suffix = at ? String(at + 1) : "";
    const points = figure.points.filter((point) => point.panel === panel);
    if (panels.length > 1) {
      const place = { xref: `x${suffix} domain`, yref: `y${suffix} domain`, x: 0.02, y: 1, showarrow: false };
      layout.annotations.push({ text: escapeHover(panel), ...place });
      layout[`xaxis${suffix}`] = { ...horizontal() };
      layout[`yaxis${suffix}`] = { ...axisOf(figure.y, figure.kind), ...(at ? { matches: "y" } : {}) };
    }
    const own = scaled ? scaledTraces(points) : lineTraces(points);
    return own.map((trace) => ({ ...trace, xaxis: `x${suffix}`, yaxis: `y${suffix}`, showlegend: at === 0 }));
  });
  if (panels.length > 1) {
    layout.grid = { rows: Math.ceil(panels.length / 2), columns: 2, pattern: "independent", xgap: 0.14, ygap: 0.24 };
  }
  return { traces, layout };
};

show("replication-plot", replicationFigure);
