"use strict";
/* The run, as columns, and what the other scripts share. */
const run = JSON.parse(document.getElementById("run-data").textContent);
const onFront = new Set(run.front);

const fillSelect = (select, options, chosen) => {
  select.replaceChildren(...options.map(([value, label]) => make("option", label, { value })));
  select.value = chosen;
};
