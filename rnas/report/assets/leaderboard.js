/* Every heading of a leaderboard sorts its table. */
document.querySelectorAll("table.leaderboard").forEach((table) => {
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
