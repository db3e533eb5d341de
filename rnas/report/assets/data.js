/* The run as columns, and functions that the other scripts share. */
const run = JSON.parse(byId("page-data").textContent);
const onFront = new Set(run.front);
const MISSING = "\u2013";

/* The shown rows; a page with a filter changes them and notifies the functions that draw. */
let passes = () => true;
const filterListeners = [];

const fillSelect = (select, options, chosen) => {
  select.replaceChildren(...options.map(([value, label]) => make("option", label, { value })));
  select.value = chosen;
};
