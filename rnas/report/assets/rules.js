/* The figures of a rule, each drawn beforehand in light and in dark. */
const drawn = JSON.parse(byId("page-data").textContent);

Object.entries(drawn).forEach(([id, themes]) =>
  show(id, () => {
    const { data, layout } = themes[isDark() ? "dark" : "light"];
    return { traces: data, layout };
  }),
);
