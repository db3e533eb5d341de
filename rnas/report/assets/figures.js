/* The figures of a page, each prepared in a light and a dark version. */
const drawn = JSON.parse(byId("page-data").textContent);

Object.entries(drawn).forEach(([id, themes]) =>
  show(id, () => {
    const { data, layout } = themes[isDark() ? "dark" : "light"];
    return { traces: data, layout };
  }),
);
