// Questions to the person: which move, which game, what to load and where to save.

import {html} from "./board.js";

const by = (id) => document.getElementById(id);

// The rating that a text asks for, "1600", "8k" or "8 kyu"; null where it is none that can be played.
function ratingOf(game, text) {
  const rank = /^([0-9]{1,2})\s*-?\s*([kd])(yu|an)?$/.exec(text.trim().toLowerCase());
  if (rank) return game.ranks[`${Number(rank[1])} ${rank[2] === "k" ? "kyu" : "dan"}`] ?? null;
  const rating = Number(text);
  return Number.isInteger(rating) && game.levels[0] <= rating && rating <= game.levels[1] ? rating : null;
}

// Open a dialog; the promise gives the form's data when it was sent, before the dialog closes, null when it was left.
function asked(dialog) {
  const form = dialog.querySelector("form");
  return new Promise((resolve) => {
    form.onsubmit = (event) => { if (event.submitter.value === "ok") resolve(new FormData(form)); };
    dialog.onclose = () => resolve(null);
    dialog.showModal();
  });
}

// Ask which of several moves is meant; null for none.
export function chooseMove(moves) {
  const dialog = by("choose");
  return new Promise((resolve) => {
    let chosen = null;
    const buttons = moves.map((move) => html("button", {type: "button", onclick: () => { chosen = move; dialog.close(); }}, move.text));
    by("choices").replaceChildren(...buttons);
    dialog.onclose = () => resolve(chosen);
    dialog.showModal();
    buttons[0].focus();
  });
}

// Show a row of a form or hide it; the fields of one that is hidden are not asked, nor looked at.
function showRow(id, shown) {
  by(id).hidden = !shown;
  for (const field of by(id).querySelectorAll("input, select")) field.disabled = !shown;
}

// Ask for a new game. before: the settings of the last one.
export async function newGame(games, before) {
  const form = by("new-form");
  const pick = form.elements.game;
  if (!pick.options.length) pick.append(...games.map((game) => html("option", {value: game.name}, game.name)));
  const adapt = () => {
    const game = games.find((one) => one.name === pick.value);
    const sides = form.elements.side;
    const kept = sides.value;
    sides.replaceChildren(...game.players.map((name, i) => html("option", {value: String(i)}, name)),
      html("option", {value: "both"}, "both (two people, or a board to analyse on)"),
      html("option", {value: "none"}, "none (the engine against itself)"));
    if ([...sides.options].some((option) => option.value === kept)) sides.value = kept;
    const sizes = form.elements.size;
    sizes.replaceChildren(...game.shapes.map((shape) => html("option", {value: String(shape[0])}, `${shape[0]}x${shape[1]}`)));
    if (game.shapes.some((shape) => shape[0] === 9)) sizes.value = "9";
    if (game.komi !== null) form.elements.komi.value = String(game.komi);
    form.elements.handicap.value = "";
    form.elements.position.value = "";
    form.elements.level.value = "";
    by("weights-line").textContent = game.weights;
    const levels = game.levels;
    if (levels) {
      const ranks = Object.keys(game.ranks);
      by("ranks").replaceChildren(...ranks.map((rank) => html("option", {value: rank})));
      const named = ranks.length ? ` (about ${ranks[0]} to ${ranks[ranks.length - 1]})` : "";
      form.elements.level.placeholder = ranks.length ? "a rating or a rank" : "";
      const board = game.levels_board ? `, measured on ${game.levels_board.join("x")}` : "";
      by("level-range").textContent = `${levels[0]} to ${levels[1]}${named}${board}; empty: as strong as it can`;
    }
    told();
    rows();
  };
  const told = () => { // whether the level is one
    const field = form.elements.level, game = games.find((one) => one.name === pick.value);
    const bad = game.levels && field.value.trim() && ratingOf(game, field.value) === null;
    field.setCustomValidity(bad ? `${by("level-range").textContent}` : "");
  };
  const rows = () => {
    const game = games.find((one) => one.name === pick.value), clocked = form.elements.time.value === "clock";
    const placed = form.elements.position.value.trim() !== ""; // which says the board, komi and stones itself
    const plays = form.elements.side.value !== "both"; // the engine does
    showRow("size-row", !placed && game.shapes.length > 1);
    showRow("komi-row", !placed && game.komi !== null);
    showRow("handicap-row", !placed && game.handicap);
    showRow("level-row", plays && Boolean(game.levels));
    showRow("time-row", plays);
    showRow("move-time", plays && !clocked);
    showRow("clock-time", plays && clocked);
  };
  form.elements.handicap.onchange = () => { // stones are all that the weaker player gets
    const game = games.find((one) => one.name === pick.value);
    if (game.komi !== null) form.elements.komi.value = form.elements.handicap.value ? "0.5" : String(game.komi);
  };
  pick.onchange = adapt;
  form.elements.level.oninput = told;
  form.elements.position.oninput = rows;
  form.elements.side.onchange = rows;
  form.elements.time.onchange = rows;
  pick.value = before?.game ?? games[0].name;
  adapt();
  const data = await asked(by("new-dialog"));
  if (!data) return null;
  const game = games.find((one) => one.name === data.get("game"));
  const side = data.get("side"), clocked = data.get("time") === "clock";
  return {
    setup: {
      game: game.name,
      start: data.get("position").trim(),
      size: data.get("size") ? Number(data.get("size")) : null,
      komi: data.get("komi") ? Number(data.get("komi")) : null,
      handicap: data.get("handicap") ? Number(data.get("handicap")) : null,
    },
    settings: {
      people: side === "both" ? [0, 1] : side === "none" ? [] : [Number(side)],
      elo: data.get("level")?.trim() ? ratingOf(game, data.get("level")) : null,
      seconds: clocked ? null : Number(data.get("seconds") ?? 1),
      clock: clocked ? 60 * Number(data.get("minutes")) : null,
      increment: clocked ? Number(data.get("increment")) : 0,
    },
  };
}

// Ask what to load: {file, text, number}, where file may be none, or null.
export async function toLoad() {
  const form = by("load-form");
  form.elements.text.value = "";
  form.elements.file.value = "";
  form.elements.number.value = "1";
  const data = await asked(by("load-dialog"));
  return data && {file: form.elements.file.files[0], text: data.get("text"), number: Number(data.get("number")) || 1};
}

// Ask which kind of file to save: a suffix, or null.
export async function toSave(suffixes) {
  const select = by("save-form").elements.suffix;
  select.replaceChildren(...suffixes.map((suffix) => html("option", {value: suffix}, suffix)));
  return (await asked(by("save-dialog")))?.get("suffix") ?? null;
}

export const showHelp = () => by("help-dialog").showModal();
