/* Hypervolume and quality of predictions over evaluations. */
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

const predicted = [
  { field: "tau", name: "τ of the last 20", shade: "accent", symbol: "circle" },
  { field: "tau_top_fifth", name: "τ in the best fifth", shade: "warm", symbol: "diamond" },
  { field: "coverage_90", name: "in 90 % intervals", shade: "stage-4", symbol: "square-open" },
];

show("surrogate-plot", () => {
  const names = [...new Set(run.surrogate.map((point) => point.metric))];
  const label = (name) => (run.metrics.find((metric) => metric.name === name) || { label: name }).label;
  const traces = names.flatMap((name, at) => {
    const points = run.surrogate.filter((point) => point.metric === name);
    const whose = names.length > 1 ? `${label(name)}: ` : "";
    return predicted.map((line) => ({
      type: "scatter",
      mode: "lines+markers",
      name: escapeHover(whose + line.name),
      x: points.map((point) => point.after),
      y: points.map((point) => point[line.field]),
      line: { color: colour(line.shade), width: 1.8, dash: ["solid", "dash", "dot"][at % 3] },
      marker: { color: colour(line.shade), size: 6, symbol: line.symbol },
      hovertemplate: `%{x} evaluations: ${escapeHover(line.name)} %{y:.2f}<extra></extra>`,
    }));
  });
  const level = (value) => ({
    type: "line",
    xref: "paper",
    x0: 0,
    x1: 1,
    y0: value,
    y1: value,
    line: { color: colour("faint"), width: 1, dash: "dot" },
  });
  const values = run.surrogate.flatMap((point) => predicted.map((line) => point[line.field]));
  const low = values.reduce((least, value) => Math.min(least, value ?? 0), 0);
  return {
    traces,
    layout: layoutOf(
      axisOf("Evaluations"),
      { ...axisOf(""), range: [low - 0.05, 1.02] },
      { shapes: [level(0), level(0.9)], showlegend: true },
    ),
  };
});
