// Games from files and into them.

import {toLoad, toSave} from "./dialogs.js";
import {GameTree} from "./game.js";

export async function load(page) {
  const chosen = await toLoad();
  if (!chosen) return;
  page.busy(true);
  try {
    let text = "";
    chosen.bytes.forEach((byte) => { text += String.fromCharCode(byte); });
    const data = await page.connection.ask("load", {data: btoa(text), number: chosen.number});
    await page.drop();
    const tree = new GameTree({game: data.game, start: data.start, size: null, komi: null, handicap: null},
      {people: [0, 1], elo: null, seconds: 1, clock: null, increment: 0, names: data.names});
    data.line.forEach((line) => tree.play(line));
    page.begin(tree);
    if (data.warnings.length) page.warning = data.warnings.join("; ");
    if (page.warning) setTimeout(() => { page.say(page.warning); page.warning = ""; }, 300);
  } catch (error) { page.busy(false); page.failed(error); }
}

export async function save(page) {
  const suffix = await toSave(page.game.suffixes);
  if (!suffix) return;
  const names = page.tree.settings.names ?? [0, 1].map((player) => page.people.includes(player) ? "Player"
    : `MuZero Engine${Number.isFinite(page.tree.settings.elo) && !page.levelBoard() ? ` ${page.tree.settings.elo}` : ""}`);
  const {last} = page.tree, about = {where: page.tree.where(last), suffix, names};
  if (last.ending) Object.assign(about, {winner: last.ending.winner, reason: last.ending.reason});
  try {
    const {name, data} = await page.connection.ask("save", about);
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes]));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch (error) { page.failed(error); }
}
