// A board: squares are buttons, so that keyboards and screen readers reach them; arrows and rings lie over them.

const SVG = "http://www.w3.org/2000/svg";
const DRAG_FROM = 5; // px that a pointer moves before it drags
const FEW = 10; // squares to place a stone on that are always shown

export function svg(name, attributes = {}, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function html(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value; else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const same = (a, b) => a && b && a[0] === b[0] && a[1] === b[1];

export class Board {
  #view = null; #moves = []; #cells = []; #chosen = null; #drag = null; #cursor = [0, 0]; #shape = "";

  // play(move) is called with the data of one legal move; choose(moves) asks which of several is meant.
  constructor(element, hands, {play, choose, say}) {
    this.element = element;
    this.hands = hands; // elements beside the board: [of player 0, of player 1]
    this.play = play;
    this.choose = choose;
    this.say = say;
    this.flipped = false;
    this.kanji = false;
    this.game = "";
    element.addEventListener("pointerdown", (event) => this.#pressed(event));
    element.addEventListener("keydown", (event) => this.#key(event));
    addEventListener("pointermove", (event) => this.#moved(event));
    addEventListener("pointerup", (event) => this.#released(event));
    addEventListener("pointercancel", () => this.#endDrag());
    element.addEventListener("click", (event) => { if (event.detail === 0) this.#clicked(event.target); }); // by keyboard
  }

  // Show a position. moves: legal ones, empty where nobody may move here.
  show(view, moves, {plain = "", active = true} = {}) {
    this.#view = view;
    this.#moves = active ? moves : [];
    this.#chosen = null;
    this.#endDrag();
    if (!view) { this.#plain(plain); return; }
    const shape = [this.game, view.rows.length, view.columns.length, this.flipped, this.kanji].join();
    if (shape !== this.#shape) { this.#shape = shape; this.#build(); }
    this.#fill();
    this.#showHands();
    this.#hint();
    this.mark([]);
  }

  // Draw what an analysis thinks: lines are {from, to, share, score}; owned is rows of [-1, 1] or null.
  mark(lines, owned = null) {
    if (!this.#view) return;
    const marks = this.marks;
    marks.replaceChildren();
    if (owned) this.#owned(marks, owned);
    lines.slice().reverse().forEach((line) => {
      const weight = Math.max(0.35, Math.min(1, line.share * 1.6));
      if (!line.to) return;
      const [x, y] = this.#middle(line.to);
      if (line.from) {
        const [x0, y0] = this.#middle(line.from);
        marks.append(arrow(x0, y0, x, y, weight, line === lines[0]));
      } else {
        marks.append(svg("circle", {cx: x, cy: y, r: 0.46, class: line === lines[0] ? "ring best" : "ring",
          opacity: weight}));
        marks.append(svg("text", {x, y: y + 0.1, class: "percent"}, `${Math.round(100 * line.score)}`));
      }
    });
  }

  // Frame squares that are wrong.
  faults(squares) {
    const wrong = new Set(squares.map((square) => square.join()));
    this.#cells.flat().forEach((cell) => cell.classList.toggle("wrong", wrong.has(cell.square.join())));
  }

  focus() { this.#cell(this.#cursor)?.focus(); }

  #plain(text) {
    this.#shape = "";
    const buttons = this.#moves.map((move) => html("button", {type: "button", onclick: () => this.play(move)}, move.text));
    this.element.replaceChildren(html("pre", {}, text), html("div", {className: "plain-moves"}, ...buttons));
  }

  // -- squares ----------------------------------------------------------------------------------------------------

  #place([row, column]) { // where a square is drawn, from the top left
    const {rows, columns} = this.#view;
    return this.flipped ? [rows.length - 1 - row, columns.length - 1 - column] : [row, column];
  }

  #middle(square) {
    const [row, column] = this.#place(square);
    return [column + 0.5, row + 0.5];
  }

  #cell(square) {
    const [row, column] = this.#place(square);
    return this.#cells[row]?.[column];
  }

  #build() {
    const {rows, columns, surface, crossings} = this.#view;
    const height = rows.length, width = columns.length;
    const names = this.kanji && this.#view.kanji_rows.length ? this.#view.kanji_rows : rows;
    const ground = svg("svg", {viewBox: `0 0 ${width} ${height}`, class: "ground", "aria-hidden": "true"});
    if (crossings) {
      for (let i = 0; i < height; i++) ground.append(svg("path", {d: `M0.5 ${i + 0.5}H${width - 0.5}`}));
      for (let i = 0; i < width; i++) ground.append(svg("path", {d: `M${i + 0.5} 0.5V${height - 0.5}`}));
      this.#view.stars.forEach((star) => {
        const [x, y] = this.#middle(star);
        ground.append(svg("circle", {cx: x, cy: y, r: 0.09}));
      });
    } else if (surface !== "chequered") {
      for (let i = 0; i <= height; i++) ground.append(svg("path", {d: `M0 ${i}H${width}`}));
      for (let i = 0; i <= width; i++) ground.append(svg("path", {d: `M${i} 0V${height}`}));
    }
    this.#cells = [];
    const grid = html("div", {className: "cells", role: "grid"});
    grid.setAttribute("aria-label", "board");
    for (let r = 0; r < height; r++) {
      const line = html("div", {className: "row", role: "row"});
      this.#cells.push([]);
      for (let c = 0; c < width; c++) {
        const [row, column] = this.#place([r, c]); // its own inverse
        const cell = html("button", {type: "button", className: "cell", role: "gridcell", tabIndex: -1});
        cell.square = [row, column];
        if (surface === "chequered" && (row + column) % 2) cell.classList.add("dark");
        this.#cells[r].push(cell);
        line.append(cell);
      }
      grid.append(line);
    }
    this.marks = svg("svg", {viewBox: `0 0 ${width} ${height}`, class: "marks", "aria-hidden": "true"});
    const ordered = (list) => (this.flipped ? [...list].reverse() : list).map((name) => html("span", {}, name));
    const left = html("div", {className: "names left"}, ...ordered(names));
    const below = html("div", {className: "names below"}, ...ordered(columns));
    [left, below].forEach((one) => one.setAttribute("aria-hidden", "true"));
    const field = html("div", {className: `field ${surface}`}, ground, grid, this.marks);
    this.element.replaceChildren(left, field, below);
    this.element.style.setProperty("--rows", height);
    this.element.style.setProperty("--columns", width);
    this.#cursor = this.flipped ? [height - 1, width - 1] : [0, 0];
  }

  #fill() {
    const view = this.#view;
    const pieces = new Map(view.pieces.map((piece) => [piece.square.join(), piece]));
    for (const cell of this.#cells.flat()) {
      const square = cell.square, piece = pieces.get(square.join());
      cell.replaceChildren(...(piece ? [this.#piece(piece)] : []));
      cell.piece = piece ?? null;
      cell.classList.toggle("left", Boolean(same(square, view.left)));
      cell.classList.toggle("arrived", Boolean(same(square, view.arrived)));
      cell.classList.toggle("checked", Boolean(same(square, view.checked)));
      cell.classList.remove("chosen", "target");
      cell.classList.toggle("movable", this.#from(square).length > 0);
      const name = `${view.columns[square[1]]}${view.rows[square[0]]}`;
      const last = same(square, view.arrived) ? ", last move" : "";
      const sure = piece?.probability !== undefined ? `, ${Math.round(100 * piece.probability)}%` : "";
      cell.setAttribute("aria-label", piece ? `${name} ${this.players?.[piece.player] ?? ""} ${spoken(piece)}${sure}${last}` : name);
      cell.tabIndex = same(square, this.#cursor) ? 0 : -1;
    }
  }

  #hint() { // where stones may be placed, if that is not nearly everywhere
    const placed = this.#moves.filter((move) => move.to && !move.from && !move.drop);
    const empty = this.#cells.flat().filter((cell) => !cell.piece).length;
    if (placed.length <= Math.max(FEW, empty / 2)) placed.forEach((move) => this.#cell(move.to).classList.add("target"));
  }

  #piece(piece) {
    const made = html("span", {className: `piece p${piece.player}`});
    made.setAttribute("aria-hidden", "true");
    if (piece.probability !== undefined) made.style.opacity = piece.probability;
    if (this.#view.discs) {
      made.classList.add("disc", piece.player === this.#view.light ? "light" : "black");
    } else if (this.pictures) {
      made.append(html("img", {src: `/pieces/${encodeURIComponent(this.game)}/${encodeURIComponent(piece.letter)}.svg`, alt: "", draggable: false}));
    } else if (this.kanji && piece.kanji) {
      made.append(tile(piece.kanji, piece, (piece.player === 1) !== this.flipped));
    } else if (this.#view.surface === "wood" && piece.kanji) {
      made.append(tile(piece.letter.toUpperCase(), piece, (piece.player === 1) !== this.flipped));
    } else {
      made.classList.add("letter");
      made.textContent = piece.symbol || piece.letter;
    }
    return made;
  }

  #showHands() {
    this.hands.forEach((element, player) => {
      const held = this.#view.held[player] ?? [];
      element.replaceChildren(...held.map((piece) => {
        const moves = this.#moves.filter((move) => move.drop === piece.letter);
        const button = html("button", {type: "button", className: "held", disabled: !moves.length},
          this.#piece(piece), html("span", {className: "count"}, piece.count > 1 ? `${piece.count}` : ""));
        button.setAttribute("aria-label", `${this.#view.held_name} ${piece.count} ${spoken(piece)}`);
        button.drop = piece.letter;
        button.onclick = () => this.#choose({drop: piece.letter}, button);
        return button;
      }));
    });
  }

  // -- moving -----------------------------------------------------------------------------------------------------

  #from(square) { return this.#moves.filter((move) => same(move.from, square)); }

  #ofChosen() {
    if (!this.#chosen) return this.#moves.filter((move) => !move.from && !move.drop);
    return this.#chosen.drop
      ? this.#moves.filter((move) => move.drop === this.#chosen.drop) : this.#from(this.#chosen.square);
  }

  #choose(chosen, element) {
    this.element.querySelectorAll(".chosen, .target").forEach((one) => one.classList.remove("chosen", "target"));
    this.hands.forEach((hand) => hand.querySelectorAll(".chosen").forEach((one) => one.classList.remove("chosen")));
    this.#chosen = chosen;
    if (!chosen) { this.#hint(); return; }
    element.classList.add("chosen");
    this.#ofChosen().forEach((move) => this.#cell(move.to)?.classList.add("target"));
  }

  // A square was clicked, or a piece was dropped on it. Returns whether that was a move.
  #take(square) {
    const moves = this.#ofChosen().filter((move) => same(move.to, square));
    if (!moves.length) return false;
    this.#choose(null);
    if (moves.length === 1) this.play(moves[0]);
    else this.choose(moves);
    return true;
  }

  #clicked(target) {
    const cell = target.closest?.(".cell");
    if (!cell || !this.element.contains(cell)) return;
    if (this.#take(cell.square)) return;
    const again = this.#chosen?.square && same(this.#chosen.square, cell.square);
    if (!again && this.#from(cell.square).length) this.#choose({square: cell.square}, cell);
    else {
      if (this.#chosen && !again) this.say("that piece cannot go there");
      this.#choose(null);
    }
  }

  #pressed(event) {
    const cell = event.target.closest?.(".cell");
    if (!cell || event.button) return;
    this.#setCursor(cell.square);
    this.#drag = {cell, x: event.clientX, y: event.clientY, ghost: null};
    if (event.pointerType !== "mouse") cell.releasePointerCapture?.(event.pointerId);
  }

  #moved(event) {
    const drag = this.#drag;
    if (!drag) return;
    const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > DRAG_FROM;
    if (!drag.ghost && far && this.#from(drag.cell.square).length) {
      this.#choose({square: drag.cell.square}, drag.cell);
      drag.ghost = drag.cell.firstChild.cloneNode(true);
      drag.ghost.classList.add("ghost");
      const size = drag.cell.getBoundingClientRect().width;
      drag.ghost.style.width = drag.ghost.style.height = `${size}px`;
      document.body.append(drag.ghost);
      drag.cell.classList.add("lifted");
    }
    if (drag.ghost) {
      drag.ghost.style.left = `${event.clientX}px`;
      drag.ghost.style.top = `${event.clientY}px`;
    }
  }

  #released(event) {
    const drag = this.#drag;
    if (!drag) return;
    const dragged = Boolean(drag.ghost);
    this.#endDrag();
    const below = document.elementFromPoint(event.clientX, event.clientY);
    if (!dragged) { if (below && drag.cell.contains(below) || below === drag.cell) this.#clicked(drag.cell); return; }
    const cell = below?.closest?.(".cell");
    if (cell && this.element.contains(cell) && this.#take(cell.square)) return;
    this.#choose(null);
  }

  #endDrag() {
    this.#drag?.ghost?.remove();
    this.#drag?.cell.classList.remove("lifted");
    this.#drag = null;
  }

  #setCursor(square) {
    const old = this.#cell(this.#cursor);
    if (old) old.tabIndex = -1;
    this.#cursor = square;
    this.#cell(square).tabIndex = 0;
  }

  #key(event) {
    const steps = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
    if (event.key === "Escape") { this.#choose(null); return; }
    const step = steps[event.key];
    if (!step || !event.target.closest(".cell")) return;
    event.preventDefault();
    event.stopPropagation();
    const [row, column] = this.#place(this.#cursor);
    const next = this.#cells[row + step[0]]?.[column + step[1]];
    if (next) { this.#setCursor(next.square); next.focus(); }
  }

  #owned(marks, owned) {
    owned.forEach((row, r) => row.forEach((value, c) => {
      if (Math.abs(value) < 0.08) return;
      const [x, y] = this.#middle([r, c]), half = 0.2 * Math.sqrt(Math.abs(value)) + 0.02;
      const light = (value > 0 ? 0 : 1) === this.#view.light;
      marks.append(svg("rect", {x: x - half, y: y - half, width: 2 * half, height: 2 * half, class: light ? "owned light" : "owned"}));
    }));
  }
}

function spoken(piece) { return piece.letter.length > 1 ? `promoted ${piece.letter.slice(1)}` : piece.letter; }

function tile(text, piece, turned) { // a shogi piece: five corners and what is written on it
  const made = svg("svg", {viewBox: "0 0 100 100", class: `tile${piece.promoted ? " promoted" : ""}`});
  const group = svg("g", turned ? {transform: "rotate(180 50 50)"} : {});
  group.append(svg("path", {d: "M50 6L80 18L90 94H10L20 18Z"}), svg("text", {x: 50, y: text.length > 1 ? 70 : 75,
    "font-size": text.length > 1 ? 44 : 56}, text));
  made.append(group);
  return made;
}

function arrow(x0, y0, x, y, weight, best) {
  const length = Math.hypot(x - x0, y - y0), along = [(x - x0) / length, (y - y0) / length];
  const across = [-along[1], along[0]], neck = 0.32, wide = 0.2, thin = 0.07;
  const at = (forth, side) => `${x0 + along[0] * forth + across[0] * side},${y0 + along[1] * forth + across[1] * side}`;
  const points = [at(0.15, thin), at(length - neck, thin), at(length - neck, wide), at(length - 0.05, 0),
    at(length - neck, -wide), at(length - neck, -thin), at(0.15, -thin)].join(" ");
  return svg("polygon", {points, class: best ? "arrow best" : "arrow", opacity: weight});
}
