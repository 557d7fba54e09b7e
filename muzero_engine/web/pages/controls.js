// What buttons, fields and keys do.

import {showHelp} from "./dialogs.js";
import {load, save} from "./files.js";
import {keep, local, recall} from "./game.js";
import {horizons, imagine, review} from "./looking.js";

const by = (id) => document.getElementById(id);

export function listen(page) {
  const steps = {
    new: () => page.newGame(), load: () => load(page), save: () => save(page), help: showHelp,
    first: () => page.goTo(page.tree.root), back: () => page.goTo(page.tree.here.parent),
    next: () => page.goTo(page.tree.here.children[0]), last: () => page.goTo(page.tree.mainLine().at(-1)),
    undo: () => page.undo(), flip: () => page.flip(), kanji: () => page.toggleKanji(),
    resign: () => page.end(1 - page.people[0], "resignation"), analyse: () => page.toggleAnalysis(),
    review: () => review(page), "move-now": () => page.connection.ask("stop").catch(() => null),
    "imagine-line": () => imagine(page, "line"), "imagine-game": () => imagine(page, "game"), horizons: () => horizons(page),
    theme: () => switchTheme(),
  };
  for (const [id, step] of Object.entries(steps)) by(id).onclick = () => { if (page.tree) step(); };
  by("typed").onsubmit = (event) => { event.preventDefault(); if (page.tree) page.typed(by("typed-move").value); };
  by("tree").ontoggle = () => { if (page.running?.kind === "analyse") page.analyse(); };
  by("lines").onchange = () => { if (page.analysing && page.tree) page.analyse(); };
  const keys = {ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last", a: "analyse", u: "undo", f: "flip", n: "new", "?": "help"};
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !page.tree || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea, select")) return;
    if (event.key === "m") { event.preventDefault(); by("typed-move").focus(); return; }
    const id = keys[event.key];
    if (id && !(event.key.startsWith("Arrow") && event.target.closest("#curve"))) { event.preventDefault(); steps[id](); }
  });
  addEventListener("pagehide", () => { if (page.tree) page.shelf.keep(page.tree); });
}

function switchTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
  keep(local, "muzero-theme", document.documentElement.dataset.theme);
}

// Show the page as the person had it the last time, light or dark.
export function recallTheme() {
  const theme = recall(local, "muzero-theme");
  if (theme) document.documentElement.dataset.theme = theme;
}
