/* Hypervolume and the surrogate's tau over evaluations. */
show("hypervolume-plot", () => ({
  traces: [
    {
      type: "scatter",
      mode: "lines",
      x: run.evaluations.number.map((number) => number + 1),
      y: run.hypervolume.values,
      line: { color: colour("accent"), width: 2, shape: "hv" },
      hovertemplate: "%{x} evaluations: %{y:.4f}<extra></extra>",
    },
  ],
  layout: layoutOf(axisOf("Evaluations"), axisOf(""), { showlegend: false }),
}));

show("surrogate-plot", () => {
  const names = [...new Set(run.surrogate.map((point) => point.metric))];
  const label = (name) => (run.metrics.find((metric) => metric.name === name) || { label: name }).label;
  const traces = names.map((name, at) => {
    const points = run.surrogate.filter((point) => point.metric === name);
    const shade = colour(["accent", "warm", "stage-2", "stage-4"][at % 4]);
    return {
      type: "scatter",
      mode: "lines+markers",
      name: escapeHover(label(name)),
      x: points.map((point) => point.evaluations),
      y: points.map((point) => point.tau),
      line: { color: shade, width: 1.6 },
      marker: { color: shade, size: 6 },
      hovertemplate: "%{x} evaluations: τ %{y:.2f}<extra></extra>",
    };
  });
  const level = (value, dash) => ({
    type: "line",
    xref: "paper",
    x0: 0,
    x1: 1,
    y0: value,
    y1: value,
    line: { color: colour("faint"), width: 1, dash },
  });
  const low = run.surrogate.reduce((least, point) => Math.min(least, point.tau ?? 0), 0);
  return {
    traces,
    layout: layoutOf(
      axisOf("Evaluations"),
      { ...axisOf(""), range: [low - 0.05, 1.02] },
      { shapes: [level(0, "dot")], showlegend: names.length > 1 },
    ),
  };
});
