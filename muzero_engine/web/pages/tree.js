// The tree of a search as it grows, as an icicle: below each move the answers to it, as wide as they were visited.

import {html} from "./board.js";

const percent = (share) => `${Math.round(100 * share)}%`;
const NARROWEST = 0.02; // share of the whole width from which on a node is drawn
const ROUNDS = 6; // of sequential halving that are listed

// Draw the tree of a report into an element; play(moves) is called with the line to the node that is clicked.
export function showTree(element, tree, visits, play) {
  const children = new Map();
  tree.nodes.forEach((node, i) => {
    if (!children.has(node.parent)) children.set(node.parent, []);
    children.get(node.parent).push(i);
  });
  const column = (index, share, line) => {
    const node = tree.nodes[index], moves = [...line, node.move];
    const title = `${node.text ?? "a move that the rules do not allow"}: ${node.visits} simulations, prior ${percent(node.prior)}, ` +
      `score of the first player ${percent(node.score)}`;
    const head = html("button", {type: "button", title, className: node.text === null ? "node illegal" : "node",
      disabled: node.text === null, onclick: () => play(moves)}, node.text ?? "illegal", html("small", {}, percent(node.score)));
    head.style.setProperty("--score", node.score);
    const below = row(children.get(index) ?? [], node.visits, share, moves);
    const made = html("div", {className: "branch"}, head, ...below);
    made.style.flexGrow = String(node.visits);
    return made;
  };
  const row = (indices, whole, share, line) => {
    const wide = indices.filter((i) => share * tree.nodes[i].visits / whole >= NARROWEST);
    if (!wide.length) return [];
    const made = html("div", {className: "level"}, ...wide.map((i) => column(i, share * tree.nodes[i].visits / whole, line)));
    const left = whole - wide.reduce((sum, i) => sum + tree.nodes[i].visits, 0);
    if (left > 0) {
      const rest = html("div", {className: "rest"});
      rest.style.flexGrow = String(left);
      made.append(rest);
    }
    return [made];
  };
  element.replaceChildren(...row(children.get(-1) ?? [], Math.max(visits, 1), 1, []));
}

// List how sequential halving threw candidates out, the latest round first.
export function showRounds(element, rounds) {
  const items = rounds.slice(-ROUNDS).reverse().map((round) => {
    const out = round.texts.slice(round.left);
    return html("li", {}, `after ${round.simulations.toLocaleString("en")} simulations: `,
      html("b", {}, round.texts.slice(0, round.left).join(" ")),
      ...(out.length ? [" go on; out: ", html("s", {}, out.join(" "))] : [" begin anew"]));
  });
  element.replaceChildren(...items);
}
