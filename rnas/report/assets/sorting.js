/* Headings that sort a table. */
/* Sorts numbers by size and texts by alphabet; missing values are last in both directions. */
const compare = (a, b, direction) => {
  const missing = (value) => value === null || value === undefined || value === "";
  if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
  return direction * (isNumber(a) && isNumber(b) ? a - b : String(a).localeCompare(String(b)));
};

const sortButton = (heading, onSort) => {
  const label = heading.textContent.trim();
  heading.replaceChildren(make("button", label, { type: "button" }));
  heading.setAttribute("aria-sort", "none");
  heading.firstChild.addEventListener("click", () => {
    const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    heading
      .closest("thead")
      .querySelectorAll("[aria-sort]")
      .forEach((other) => other.setAttribute("aria-sort", "none"));
    heading.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
    onSort(direction);
  });
};

document.querySelectorAll("table.sortable").forEach((table) => {
  const body = table.tBodies[0];
  const valueAt = (row, at) => {
    const text = row.cells[at].dataset.value ?? row.cells[at].textContent;
    return text === "" || Number.isNaN(Number(text)) || at === 0 ? text : Number(text);
  };
  table.querySelectorAll("thead tr:last-child th.number").forEach((heading, at) => {
    if (!heading.textContent.trim()) return;
    sortButton(heading, (direction) =>
      body.append(...[...body.rows].sort((a, b) => compare(valueAt(a, at + 1), valueAt(b, at + 1), direction))),
    );
  });
});

/* Every heading of these tables sorts; in the front's table, which has two rows of headings, the numbers do. */
document.querySelectorAll("table.sorted").forEach((table) => {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((heading, at) => {
    const valueIn = (row) => {
      const text = row.cells[at].dataset.value;
      return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
    };
    sortButton(heading, (direction) =>
      body.append(...[...body.rows].sort((a, b) => compare(valueIn(a), valueIn(b), direction))),
    );
  });
});
