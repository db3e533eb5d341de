/* The charts. Each is a function from the theme and its controls to traces and a layout. */
const MUCH_WIDER = 30;
const plots = new Map();

const escapeHover = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const wrapped = (text) =>
  (text.match(/.{1,64}(\s|$)|.{1,64}/g) || []).map((part) => escapeHover(part.trim())).join("<br>");

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

const kindOf = (quantity) => (quantity.endsWith("accuracy") ? "proportion" : "number");

/* The axis of epochs of some curves, without ticks between whole epochs. */
const epochAxis = (curves) => {
  const last = Math.max(...curves.flat());
  return { ...axisOf("Epoch"), dtick: last <= 10 ? 1 : undefined };
};

/* The colours of a numeric scale; both ends contrast with the page. */
const scale = () => {
  const shades = isDark() ? ["#3f74ad", "#4fa3b8", "#f4d98b"] : ["#f0c766", "#3c9aa5", "#173f73"];
  return shades.map((shade, at) => [at / 2, shade]);
};

const layoutOf = (x, y, extra = {}) => ({
  xaxis: x,
  yaxis: y,
  font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: colour("muted") },
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  margin: { l: 56, r: 14, t: 14, b: 46 },
  hoverlabel: {
    bgcolor: colour("raised"),
    bordercolor: colour("rule"),
    font: { color: colour("ink"), family: getComputedStyle(document.body).fontFamily },
    align: "left",
  },
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
    /* Only these buttons are shown, since plotly's own set can open another site. */
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
    showSendToCloud: false,
    toImageButtonOptions: { format: "svg", filename: id },
  });
};
const showAll = () => plots.forEach((figure, id) => show(id, figure));

themeListeners.push(showAll);

/* Printed paper is light and narrower than the window. */
const PAPER = 680;
const PAPER_TALL = 330;
let themeBefore;
window.addEventListener("beforeprint", () => {
  themeBefore = root.dataset.theme;
  applyTheme("light");
  plots.forEach((_, id) => {
    const plot = byId(id);
    const height = plot.classList.contains("tall-plot") ? PAPER_TALL : plot.clientHeight;
    Plotly.relayout(id, { width: plot.closest(".pair") ? PAPER / 2 : PAPER, height });
  });
});
window.addEventListener("afterprint", () => {
  plots.forEach((_, id) => Plotly.relayout(id, { width: null, height: null, autosize: true }));
  applyTheme(themeBefore);
});
