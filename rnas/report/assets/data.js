/* The run, as columns, and what the other scripts share. */
const run = JSON.parse(byId("page-data").textContent);
const onFront = new Set(run.front);
const MISSING = "\u2013";

/* Which rows are shown; a page with a filter changes it and tells whoever draws. */
let passes = () => true;
const filterListeners = [];

const fillSelect = (select, options, chosen) => {
  select.replaceChildren(...options.map(([value, label]) => make("option", label, { value })));
  select.value = chosen;
};
