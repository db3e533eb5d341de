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

/* Every heading of these tables sorts; above them may be headings of groups. */
document.querySelectorAll("table.sorted").forEach((table) => {
  const body = table.tBodies[0];
  table.querySelectorAll("thead tr:last-child th").forEach((heading, at) => {
    if (!heading.textContent.trim()) return;
    const valueIn = (row) => {
      const text = row.cells[at].dataset.value ?? row.cells[at].textContent;
      return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
    };
    sortButton(heading, (direction) =>
      body.append(...[...body.rows].sort((a, b) => compare(valueIn(a), valueIn(b), direction))),
    );
  });
});
