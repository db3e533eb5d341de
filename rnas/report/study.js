/* The figure of a study: every cell, told apart by colour; a scale where the colours are numbers, else lines. */
const figure = JSON.parse(byId("figure-data").textContent);
const PALETTE = ["stage-1", "warm", "stage-2", "stage-4", "stage-3", "muted", "faint"];
const DASHES = ["solid", "dash", "dot", "dashdot"];
const numbersOf = (pick) => figure.points.map(pick).every(isNumber);

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

const shades = () =>
  (isDark() ? ["#274b73", "#4fa3b8", "#f4d98b"] : ["#f0c766", "#3c9aa5", "#173f73"]).map((shade, at) => [at / 2, shade]);

const studyFigure = () => {
  const { points } = figure;
  const scaled = numbersOf((point) => point.colour);
  const x = numbersOf((point) => point.x)
    ? axisOf(figure.x, ["FLOPs", "params"].includes(figure.x) ? "size" : "number", points.map((point) => point.x))
    : { ...axisOf(figure.x), type: "category", tickformat: undefined };
  const y = axisOf(figure.y, figure.kind === "proportion" ? "proportion" : "number");
  if (scaled) {
    const marker = { size: 9, color: points.map((point) => point.colour), coloraxis: "coloraxis" };
    const coloraxis = { colorscale: shades(), colorbar: { title: { text: escapeHover(figure.colour) }, thickness: 12 } };
    return {
      traces: [pointsTrace(points, "", { mode: "markers", marker })],
      layout: layoutOf(x, y, { coloraxis, showlegend: false }),
    };
  }
  const groups = [...new Set(points.map((point) => point.colour))];
  const traces = groups.map((group, at) => {
    const own = points.filter((point) => point.colour === group);
    if (numbersOf((point) => point.x)) own.sort((a, b) => a.x - b.x);
    const shade = colour(PALETTE[at % PALETTE.length]);
    return pointsTrace(own, escapeHover(group), {
      mode: "lines+markers",
      line: { color: shade, width: 1.8, dash: DASHES[Math.floor(at / PALETTE.length) % DASHES.length] },
      marker: { size: 8, color: shade },
    });
  });
  return { traces, layout: layoutOf(x, y, { showlegend: groups.length > 1 }) };
};

show("study-plot", studyFigure);
