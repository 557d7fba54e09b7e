// Games from files and into them.

import {toLoad, toSave} from "./dialogs.js";
import {GameTree} from "./game.js";

export async function load(page) {
  const chosen = await toLoad();
  if (!chosen) return;
  const {file, text: typed, number} = chosen;
  page.busy(true);
  try {
    const bytes = file ? new Uint8Array(await file.arrayBuffer()) : new TextEncoder().encode(typed);
    let text = "";
    bytes.forEach((byte) => { text += String.fromCharCode(byte); });
    const data = await page.connection.ask("load", {data: btoa(text), number});
    await page.drop();
    const tree = new GameTree({game: data.game, start: data.start, size: null, komi: null, handicap: null},
      {people: [0, 1], elo: null, seconds: 1, clock: null, increment: 0, names: data.names});
    data.line.forEach((line) => tree.play(line));
    tree.here.told = data.told; // which holds of no other line
    page.begin(tree);
    if (data.warnings.length) page.warning = data.warnings.join("; ");
    if (page.warning) setTimeout(() => { page.say(page.warning); page.warning = ""; }, 300);
  } catch (error) { page.busy(false); page.failed(error); }
}

export async function save(page) {
  const {tree, game} = page; // another one may be shown before the person has answered
  const {people, elo, names: players} = tree.settings, level = Number.isFinite(elo) && !page.levelBoard() ? ` ${elo}` : "";
  const suffix = await toSave(game.suffixes);
  if (!suffix) return;
  const names = players ?? [0, 1].map((player) => people.includes(player) ? "Player" : `MuZero Engine${level}`);
  const {last} = tree, about = {where: tree.where(last), suffix, names, began: tree.began};
  if (last.ending) Object.assign(about, {winner: last.ending.winner, reason: last.ending.reason});
  else if (last.told) about.told = last.told;
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
