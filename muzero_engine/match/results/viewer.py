"""The script and style of a page with games: a small board that one can click through. Plain JavaScript, no library.

Its data are those of `boards.BoardWriter`, in the element `games-data`; rows of the table of games have the number of
their game in `data-game`.
"""

STYLE = """
#viewer { display: none; position: sticky; top: 0; background: #fff; border-bottom: 1px solid #ccc; padding: 0.5rem 0;
  gap: 1.5rem; flex-wrap: wrap; z-index: 1; }
#viewer.open { display: flex; }
#viewer svg { width: 21rem; height: auto; display: block; }
#viewer pre { font-size: 1rem; line-height: 1.2; }
#viewer .side { flex: 1; min-width: 18rem; max-width: 34rem; }
#viewer .beside { min-height: 1.4rem; color: #444; }
#viewer .moves { max-height: 11rem; overflow-y: auto; border: 1px solid #e4e4e4; padding: 0.3rem; margin: 0.4rem 0; }
#viewer .moves a { padding: 0 0.25rem; color: inherit; text-decoration: none; display: inline-block; }
#viewer .moves a.here { background: #0b5394; color: #fff; }
#viewer button { font-size: 1rem; min-width: 2.4rem; }
tr[data-game] { cursor: pointer; }
tr[data-game]:hover, tr.shown { background: #eef4fa; }
"""

MARKUP = """<div id="viewer">
<div><div class="beside" id="above"></div><div id="board"></div><div class="beside" id="below"></div>
<p><button id="first" title="Home">|&lt;</button> <button id="back" title="left arrow">&lt;</button>
<button id="next" title="right arrow">&gt;</button> <button id="last" title="End">&gt;|</button>
<button id="turn" title="the other side">turn</button> <button id="close">close</button></p></div>
<div class="side"><b id="title"></b><div class="moves" id="moves"></div><div id="said"></div>
</div>
</div>"""

SCRIPT = """
"use strict";
const data = JSON.parse(document.getElementById("games-data").textContent);
const by = (id) => document.getElementById(id);
const viewer = by("viewer");
let game = -1, ply = 0, turned = false;

function boardAfter(plies, count) {
  const squares = {};
  for (let i = 0; i <= count; i++)
    for (const [square, code] of plies[i][2]) squares[square] = code;
  return squares;
}

function element(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  return made;
}

const GROUNDS = {wood: "#e3b76b", felt: "#2f8f5b", plain: "#f4f4f4"};

function drawn(ply) {
  const board = data.board, rows = board.rows.length, columns = board.columns.length, cell = 40, edge = 22;
  const svg = element("svg", {viewBox: `0 0 ${columns * cell + 2 * edge} ${rows * cell + 2 * edge}`});
  const at = (square) => {
    let row = Math.floor(square / columns), column = square % columns;
    if (turned) { row = rows - 1 - row; column = columns - 1 - column; }
    return [edge + column * cell, edge + row * cell];
  };
  const [left, arrived, checked] = ply[3];
  const chequered = board.surface === "chequered";
  if (!chequered)
    svg.append(element("rect", {x: edge, y: edge, width: columns * cell, height: rows * cell,
      fill: GROUNDS[board.surface]}));
  for (let square = 0; square < rows * columns; square++) {
    const [x, y] = at(square);
    const dark = (Math.floor(square / columns) + square % columns) % 2;
    let fill = chequered ? (dark ? "#b58863" : "#f0d9b5") : "none";
    if (!board.crossings && (square === left || square === arrived)) fill = chequered ? "#cdd26a" : "#f2e394";
    if (square === checked) fill = "#e06666";
    svg.append(element("rect", {x, y, width: cell, height: cell, fill,
      stroke: chequered || board.crossings ? "none" : "#7a5c2e"}));
    if (board.crossings) {
      const row = Math.floor(square / columns), column = square % columns, half = cell / 2;
      const [top, bottom] = turned ? [rows - 1, 0] : [0, rows - 1];
      const [near, far] = turned ? [columns - 1, 0] : [0, columns - 1];
      svg.append(element("path", {stroke: "#6b4f1d", d: `M${column === near ? x + half : x} ${y + half}` +
        `H${column === far ? x + half : x + cell}M${x + half} ${row === top ? y + half : y}` +
        `V${row === bottom ? y + half : y + cell}`}));
      if (board.stars.includes(square))
        svg.append(element("circle", {cx: x + half, cy: y + half, r: 4, fill: "#6b4f1d"}));
    }
  }
  const label = (text, x, y) => svg.append(element("text", {x, y, "font-size": 13, fill: "#666",
    "text-anchor": "middle", "dominant-baseline": "central"}, text));
  board.rows.forEach((name, row) => label(name, edge / 2, at(row * columns)[1] + cell / 2));
  board.columns.forEach((name, column) => label(name, at(column)[0] + cell / 2, edge * 1.5 + rows * cell));
  return [svg, at, cell];
}

function withPieces(squares, ply) {
  const [svg, at, cell] = drawn(ply), board = data.board, half = cell / 2;
  for (const square in squares) {
    if (!squares[square]) continue;
    const [player, sign, promoted] = data.pieces[squares[square] - 1];
    const [x, y] = at(Number(square)), light = player === board.light, middle = {cx: x + half, cy: y + half};
    if (board.discs && board.surface !== "plain") {
      svg.append(element("circle", {...middle, r: cell * 0.46, fill: light ? "#fdfdfd" : "#1b1b1b", stroke: "#333"}));
      if (Number(square) === ply[3][1]) svg.append(element("circle", {...middle, r: 5, fill: "#cc4125"}));
      continue;
    }
    const group = element("g", {});
    const wood = board.surface === "wood";
    const away = wood && (player === 1) !== turned;
    if (away) group.setAttribute("transform", `rotate(180 ${x + half} ${y + half})`);
    if (wood) group.append(element("path", {fill: "#f7deb0", stroke: "#7a5c2e",
      d: `M${x + half} ${y + 3}L${x + 33} ${y + 9}L${x + 37} ${y + 37}H${x + 3}L${x + 7} ${y + 9}Z`}));
    const chequered = board.surface === "chequered";
    const ink = wood ? (promoted ? "#b00000" : "#111") : chequered ? (light ? "#fff" : "#111") :
      (player ? "#cc4125" : "#0b5394");
    group.append(element("text", {x: x + half, y: y + half + (wood ? 3 : 1), "font-size": wood ? 22 : 32, fill: ink,
      "text-anchor": "middle", "dominant-baseline": "central", "paint-order": "stroke",
      ...(chequered ? {stroke: light ? "#222" : "#eee", "stroke-width": light ? 2.5 : 1} : {})},
      chequered ? sign + "\\ufe0e" : sign));  // no emoji
    svg.append(group);
  }
  return svg;
}

function show() {
  const plies = data.games[game].plies;
  const [move, said] = plies[ply];
  if (data.board === null) {
    const text = document.createElement("pre");
    text.textContent = plies[ply][2];
    by("board").replaceChildren(text);
  } else {
    by("board").replaceChildren(withPieces(boardAfter(plies, ply), plies[ply]));
    const lines = plies[ply][4];
    by("above").textContent = lines[turned ? 0 : 1];
    by("below").textContent = [lines[turned ? 1 : 0], lines[2]].filter((line) => line).join("; ");
  }
  by("said").textContent = said ? `${move}: ${said}` : "";
  const links = by("moves").children;
  for (let i = 0; i < links.length; i++) links[i].className = i === ply ? "here" : "";
  links[ply].scrollIntoView({block: "nearest"});
}

function go(to) {
  ply = Math.max(0, Math.min(data.games[game].plies.length - 1, to));
  show();
}

function open(number) {
  const plies = data.games[number].plies;
  if (!plies.length) return;
  document.querySelectorAll("tr.shown").forEach((row) => row.classList.remove("shown"));
  const row = document.querySelector(`tr[data-game="${number}"]`);
  row.classList.add("shown");
  by("title").textContent = [...row.children].slice(0, 5).map((cell) => cell.textContent).join("  ");
  by("moves").replaceChildren(...plies.map(([move], i) => {
    const link = document.createElement("a");
    link.href = "#";
    link.textContent = move;
    link.onclick = (event) => { event.preventDefault(); go(i); };
    return link;
  }));
  game = number;
  viewer.className = "open";
  by("turn").hidden = data.board === null;
  go(0);
  viewer.scrollIntoView({block: "nearest"});
}

document.querySelectorAll("tr[data-game]").forEach((row) => {
  row.onclick = (event) => { if (event.target.tagName !== "A") open(Number(row.dataset.game)); };
});
document.querySelectorAll("a[data-record]").forEach((link) => {  // the one game, not the file of them all
  link.onclick = () => {
    const {file, record} = data.games[link.dataset.record];
    link.href = URL.createObjectURL(new Blob([record], {type: "text/plain;charset=utf-8"}));
    link.download = file;
  };
});
by("first").onclick = () => go(0);
by("back").onclick = () => go(ply - 1);
by("next").onclick = () => go(ply + 1);
by("last").onclick = () => go(Infinity);
by("turn").onclick = () => { turned = !turned; show(); };
by("close").onclick = () => { viewer.className = ""; game = -1; };
document.addEventListener("keydown", (event) => {
  const to = {ArrowLeft: ply - 1, ArrowRight: ply + 1, Home: 0, End: Infinity}[event.key];
  if (game < 0 || to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  go(to);
});
const asked = /^#game-(\\d+)(?:\\/(\\d+))?$/.exec(location.hash);  // "#game-3/40": game 3 after 40 plies
if (asked && data.games[asked[1] - 1]) {
  open(asked[1] - 1);
  if (game >= 0) go(Number(asked[2] || 0));
}
"""
