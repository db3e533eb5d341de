"use strict";
/* The run, as columns, and what the other scripts share. */
const run = JSON.parse(document.getElementById("run-data").textContent);
const byId = (id) => document.getElementById(id);
const isNumber = (value) => typeof value === "number";
const onFront = new Set(run.front);

const make = (tag, text = "", attributes = {}) => {
  const node = document.createElement(tag);
  node.textContent = text;
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  return node;
};

const fillSelect = (select, options, chosen) => {
  select.replaceChildren(...options.map(([value, label]) => make("option", label, { value })));
  select.value = chosen;
};
