/* Training curves of the front. */
const quantities = [
  ...new Set(run.curves.flatMap((curve) => curve.points.flatMap((point) => Object.keys(point)))),
].filter((name) => name !== "epoch" && run.curves.some((curve) => curve.points.some((point) => isNumber(point[name]))));

const sampled = (share) => {
  const stops = ["stage-1", "stage-2", "stage-3"].map((name) =>
    colour(name)
      .match(/[\d.]+/g)
      .slice(0, 3)
      .map(Number),
  );
  const place = share * (stops.length - 1);
  const at = Math.min(Math.floor(place), stops.length - 2);
  const parts = stops[at].map((value, part) => Math.round(value + (place - at) * (stops[at + 1][part] - value)));
  return `rgb(${parts.join(",")})`;
};

if (byId("curves-plot")) {
  const curvesFigure = () => {
    const quantity = byId("curve-quantity").value;
    const traces = run.curves.map((curve, at) => ({
      type: "scatter",
      mode: "lines",
      name: escapeHover(curve.key),
      x: curve.points.map((point, index) => point.epoch ?? index + 1),
      y: curve.points.map((point) => point[quantity] ?? null),
      line: {
        width: 1.8,
        color: sampled(run.curves.length > 1 ? at / (run.curves.length - 1) : 0),
        dash: ["solid", "dash", "dot", "dashdot"][at % 4],
      },
      hovertemplate: `${escapeHover(curve.key)}, epoch %{x}: %{y:.4g}<extra></extra>`,
    }));
    return {
      traces,
      layout: layoutOf(epochAxis(traces.map((trace) => trace.x)), axisOf(quantity.replace(/_/g, " "), kindOf(quantity)), {
        showlegend: run.curves.length <= 24,
        legend: { bgcolor: "rgba(0,0,0,0)" },
      }),
    };
  };
  fillSelect(
    byId("curve-quantity"),
    quantities.map((name) => [name, name.replace(/_/g, " ")]),
    quantities[0],
  );
  byId("curve-quantity").addEventListener("change", () => show("curves-plot", curvesFigure));
  show("curves-plot", curvesFigure);
}
