// What the model imagines along a line, ply by ply: its board, and figures beside what is true.

import {Board, html} from "./board.js";

const by = (id) => document.getElementById(id);
const percent = (share) => share === null ? "–" : `${(100 * share).toFixed(1)}%`;

export class Imagination {
  #plies = [];

  constructor() {
    const hand = () => html("span");
    this.board = new Board(by("imagined-board"), [hand(), hand()], {play: () => {}, choose: () => {}, say: () => {}});
    by("imagined-ply").oninput = () => this.#show();
  }

  // Take over how the board is shown: {game, players, pictures, kanji, flipped} of the other board.
  like(board) {
    for (const name of ["game", "players", "pictures", "kanji", "flipped"]) this.board[name] = board[name];
    this.clear();
  }

  clear() {
    by("horizon-table").replaceChildren();
    by("imagined").hidden = true;
    this.#plies = [];
  }

  show(plies) {
    this.#plies = plies;
    const slider = by("imagined-ply");
    slider.max = plies.length - 1;
    slider.value = plies.length - 1;
    by("imagined").hidden = false;
    by("imagined-line").replaceChildren(...plies.map((ply, i) => {
      const wrong = ply.board && ply.wrong.length ? " wrong" : "";
      return html("button", {type: "button", className: `move${wrong}`, onclick: () => { slider.value = i; this.#show(); }},
        i ? ply.text : "now");
    }));
    this.#show();
  }

  // A table of how well it knows what is so many plies ahead.
  showHorizons({horizons, held, plies}) {
    const head = html("tr", {}, ...["plies ahead", "picture right", "wrong squares", "illegal", "value off by"].map((name) => html("th", {scope: "col"}, name)));
    const number = (value, digits) => value === null ? "–" : value.toFixed(digits);
    const rows = horizons.map((one) => html("tr", {}, ...[`${one.plies}`, percent(one.right), number(one.wrong_squares, 2), percent(one.illegal),
      number(one.value_error, 3)].map((text) => html("td", {}, text))));
    const told = held === null ? [] : [html("p", {}, `The picture holds for ${held} of ${plies} plies (median).`)];
    by("horizon-table").replaceChildren(html("table", {}, html("thead", {}, head), html("tbody", {}, ...rows)), ...told);
  }

  #show() {
    const index = Number(by("imagined-ply").value), ply = this.#plies[index];
    if (!ply) return;
    [...by("imagined-line").children].forEach((one, i) => one.classList.toggle("here", i === index));
    by("imagined-board").hidden = !ply.board;
    if (ply.board) {
      this.board.show(ply.board, [], {});
      this.board.faults(ply.wrong);
    }
    const rows = [
      ["plies ahead", `${index}`],
      ["squares wrong", ply.board ? `${ply.wrong.length}` : "these weights have no decoder"],
      ["policy on illegal moves", percent(ply.illegal)],
      ["thinks the game is over", `${percent(ply.over)}${ply.is_over ? " (it is)" : ""}`],
      ["score, imagined", percent(ply.score)],
      ["score, seeing the position", percent(ply.seen_score)],
    ];
    by("imagined-facts").replaceChildren(...rows.flatMap(([name, text]) => [html("dt", {}, name), html("dd", {}, text)]));
  }
}
