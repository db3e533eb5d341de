/* Light and dark themes: the system's choice until the reader chooses. */
const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const themeListeners = [];

const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);

const applyTheme = (theme) => {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  byId("theme").textContent = isDark() ? "Light theme" : "Dark theme";
  themeListeners.forEach((listener) => listener());
};

/* A page that was opened from a file may have no storage; the choice then lasts as long as the page. */
const remembered = (action) => {
  try {
    return action(window.localStorage);
  } catch {
    return null;
  }
};

byId("theme").hidden = false;
byId("theme").addEventListener("click", () => {
  const theme = isDark() ? "light" : "dark";
  remembered((storage) => storage.setItem("rnas-theme", theme));
  applyTheme(theme);
});
systemDark.addEventListener("change", () => applyTheme(root.dataset.theme));
applyTheme(remembered((storage) => storage.getItem("rnas-theme")));

/* Custom properties hold light-dark(...), but the charts need a computed colour. */
const probe = make("span", "", { hidden: "" });
document.body.append(probe);
const colour = (name) => {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
};
