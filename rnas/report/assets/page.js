"use strict";
/* Functions that the scripts of every page share. */
const byId = (id) => document.getElementById(id);
const isNumber = (value) => typeof value === "number";

const make = (tag, text = "", attributes = {}) => {
  const node = document.createElement(tag);
  node.textContent = text;
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  return node;
};
