// What stands beside the board: the moves with their variations, the engine's lines, the bar, the curve of the score.

import {html, svg} from "./board.js";
import {GameTree} from "./game.js";

const percent = (share) => `${(100 * share).toFixed(1)}%`;

// The moves of a game; go(node) is called where one is clicked.
export function showMoves(element, tree, pliesPerMove, go) {
  const parts = [];
  const path = new Set(GameTree.path(tree.here));
  const add = (target, node, first) => {
    let text = node.text;
    const numbered = pliesPerMove === 1 || node.mover === 0 || first;
    if (numbered) text = `${node.number}${pliesPerMove > 1 && node.mover ? "…" : "."} ${text}`;
    const button = html("button", {type: "button", className: "move", onclick: () => go(node)}, text);
    if (node === tree.here) { button.classList.add("here"); button.setAttribute("aria-current", "true"); }
    else if (path.has(node)) button.classList.add("on-path");
    target.push(button, " ");
  };
  const follow = (target, node) => { // the line from a node on; other children in brackets behind the first
    let interrupted = true;
    for (let one = node; one.children.length; one = one.children[0]) {
      const [main, ...others] = one.children;
      add(target, main, interrupted);
      interrupted = others.length > 0;
      for (const other of others) {
        const inner = [];
        add(inner, other, true);
        follow(inner, other);
        target.push(html("span", {className: "variation"}, "(", ...inner, ") "));
      }
    }
  };
  follow(parts, tree.root);
  element.replaceChildren(...parts);
  const here = element.querySelector(".here");
  if (here) element.scrollTop = here.offsetTop - element.clientHeight / 2;
  else element.scrollTop = 0;
}

// The engine's lines; play(moves) is called with the moves up to the one that was clicked.
export function showLines(element, info, play) {
  const rows = info.lines.map((line) => {
    const moves = line.texts.map((text, i) =>
      html("button", {type: "button", className: "move", onclick: () => play(line.moves.slice(0, i + 1))}, text));
    const title = `wins ${percent(line.wdl[0])}, draws ${percent(line.wdl[1])}, losses ${percent(line.wdl[2])} of the first player; ` +
      `${line.visits} simulations, prior ${percent(line.prior)}`;
    return html("li", {title}, html("span", {className: "score"}, percent(line.score)),
      html("span", {className: "share"}, `${line.visits}`), html("span", {className: "line"}, ...moves));
  });
  element.replaceChildren(...rows);
}

export function showFacts(element, info, players) {
  const speed = info.nps >= 1000 ? `${(info.nps / 1000).toFixed(1)}k` : `${info.nps}`;
  const lead = info.lead === null ? "" : info.lead === 0 ? ", even" : `, ${players[info.lead > 0 ? 0 : 1]} ahead by about ${Math.abs(info.lead)}`;
  element.textContent = `depth ${info.depth}, ${info.nodes.toLocaleString("en")} simulations, ${info.seconds.toFixed(1)} s, ${speed}/s${lead}`;
}

// The bar: wins, draws and losses of the first player, each in the colour of who wins; light: who has the light pieces.
export function showBar(element, wdl, players, light) {
  const [win, draw, loss] = wdl, colours = light === 0 ? ["light", "dark"] : ["dark", "light"];
  element.replaceChildren(...[[colours[0], win], ["draw", draw], [colours[1], loss]].map(([name, share]) => {
    const part = html("span", {className: name}, share >= 0.12 ? `${Math.round(100 * share)}%` : "");
    part.style.flexGrow = String(Math.max(share, 0.0001));
    return part;
  }));
  element.setAttribute("aria-label",
    `${players[0]} wins ${percent(win)}, draw ${percent(draw)}, ${players[1]} wins ${percent(loss)}`);
}

// The score of the first player over the moves of the main line; go(node) is called where it is clicked.
export function showCurve(element, tree, light, go) {
  element.classList.toggle("dark-first", light !== 0);
  const line = [tree.root, ...tree.mainLine()], width = Math.max(line.length - 1, 10), height = 100;
  element.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const points = line.map((node, i) => [i, node.score]).filter(([, score]) => score !== null);
  const middle = svg("path", {d: `M0 50H${width}`, class: "middle"});
  const parts = [middle];
  if (points.length > 1) {
    const at = points.map(([x, score]) => `${x} ${(height * (1 - score)).toFixed(2)}`);
    parts.push(svg("path", {d: `M${points[0][0]} ${height}L${at.join("L")}L${points.at(-1)[0]} ${height}Z`, class: "area"}));
    parts.push(svg("path", {d: `M${at.join("L")}`, class: "curve"}));
  }
  const here = line.indexOf(tree.here);
  if (here >= 0) parts.push(svg("path", {d: `M${here} 0V${height}`, class: "here"}));
  element.replaceChildren(...parts);
  element.onclick = (event) => {
    const box = element.getBoundingClientRect();
    const index = Math.round(((event.clientX - box.left) / box.width) * width);
    go(line[Math.max(0, Math.min(line.length - 1, index))]);
  };
}
