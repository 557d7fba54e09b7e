// A game with its variations, kept in this page alone; as plain data it is what the browser stores.

export class GameTree {
  // setup: {game, start, size, komi, handicap}; people: the players (0, 1) that a person plays
  constructor(setup, settings) {
    this.setup = setup.start ? {...setup, size: null, komi: null, handicap: null} : setup; // a position says them itself
    this.settings = settings; // {people, elo, seconds, clock, increment, names}
    this.root = {move: null, children: [], parent: null, score: null}; // with an ending, {winner, reason}, where the
    this.here = this.root; // game ended at a node, but not by the rules, `over` where by them, and `told` by its file
    this.looked = null; // {line, here} while the game is gone through: its nodes, and where it is meanwhile
    this.clocks = null; // seconds left of both players
    this.began = null; // when the first move was played, in seconds since 1970
  }

  // The nodes from the first move to a node.
  static path(node) {
    const path = [];
    for (let one = node; one.parent; one = one.parent) path.unshift(one);
    return path;
  }

  where(node = this.here) {
    const {game, start, size, komi, handicap} = this.setup;
    const where = {game, moves: GameTree.path(node).map((one) => one.move)};
    if (start) where.start = start;
    if (size) where.size = size;
    if (komi !== null && komi !== undefined) where.komi = komi;
    if (handicap) where.handicap = handicap;
    return where;
  }

  // Go to what a move leads to, which is added where it is new. line: {move, text, mover, number}
  play(line) {
    if (!this.root.children.length) this.began ??= Date.now() / 1000;
    let child = this.here.children.find((one) => one.move === line.move);
    if (!child) {
      child = {...line, children: [], parent: this.here, score: null};
      this.here.children.push(child);
    }
    this.here = child;
    return child;
  }

  // The nodes of the line that goes on from here by first children, this path included.
  mainLine() {
    if (this.looked) return this.looked.line;
    const line = GameTree.path(this.here);
    for (let one = this.here; one.children.length; one = one.children[0]) line.push(one.children[0]);
    return line;
  }

  // The node where the main line ends.
  get last() { return this.mainLine().at(-1) ?? this.root; }

  // Be where the game was before it was gone through.
  endLook() {
    if (this.looked) this.here = this.looked.here;
    this.looked = null;
  }

  // The nodes at which lines end.
  ends() {
    const found = [], waiting = [this.root];
    while (waiting.length) {
      const node = waiting.pop();
      if (!node.children.length) found.push(node);
      waiting.push(...node.children);
    }
    return found;
  }

  // The nodes from a root on as a list, each with the place of its parent in it. A game may be too long to recurse.
  static #listed(root) {
    const nodes = [], waiting = [[root, null]];
    while (waiting.length) {
      const [node, parent] = waiting.pop(), place = nodes.length;
      nodes.push({...node, children: undefined, parent});
      for (const child of [...node.children].reverse()) waiting.push([child, place]);
    }
    return nodes;
  }

  toData() {
    const at = [];
    for (let one = this.looked?.here ?? this.here; one.parent; one = one.parent) at.push(one.parent.children.indexOf(one));
    const {setup, settings, clocks, began} = this;
    return {setup, settings, clocks, began, nodes: GameTree.#listed(this.root), at: at.reverse()};
  }

  static fromData(data) {
    const tree = new GameTree(data.setup, data.settings);
    const kept = data.nodes ?? GameTree.#listed(data.root); // as trees were kept before
    const nodes = kept.map((node) => ({...node, children: [], parent: null}));
    kept.forEach(({parent}, place) => {
      if (place === 0) return;
      nodes[place].parent = nodes[parent];
      nodes[parent].children.push(nodes[place]);
    });
    tree.root = nodes[0];
    tree.here = data.at.reduce((node, index) => node.children[index] ?? node, tree.root);
    tree.clocks = data.clocks;
    tree.began = data.began ?? null; // trees that were kept before have none
    if (data.ending) tree.last.ending = data.ending; // as it was kept before
    return tree;
  }
}

// The games of this browser: each tab has its own, and those of tabs that are gone are offered again.
const PREFIX = "muzero-game-", KEPT = 8;

export class Shelf {
  constructor() {
    const id = recall(session, "muzero-tab");
    if (id) this.key = PREFIX + id;
    else this.#renew();
    this.claimed = this.#claim();
  }

  // A duplicated tab has the key of the other one: who finds it in use goes on with a copy of the game in a new place.
  async #claim() {
    for (let tries = 0; tries < 4; tries++) { // the page that was here before it was loaded anew may not be gone yet
      if (await this.#lock()) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const kept = read(this.key);
    this.#renew();
    if (kept) keep(local, this.key, JSON.stringify(kept));
    await this.#lock();
  }

  // Hold the key as long as the page is there; return whether nobody else does. Browsers lend no locks by http.
  async #lock() {
    return !navigator.locks || new Promise((answer) => navigator.locks.request(this.key, {ifAvailable: true}, (lock) => {
      answer(lock !== null);
      return lock && new Promise(() => {});
    }).catch(() => answer(true)));
  }

  // Keep the next games in a place of their own: what this tab had stays, for others.
  async leave() {
    this.#renew();
    await this.#lock();
  }

  #renew() {
    const id = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    keep(session, "muzero-tab", id);
    this.key = PREFIX + id;
  }

  keep(tree) {
    try {
      localStorage.setItem(this.key, JSON.stringify({time: Date.now(), tree: tree.toData()}));
      if (this.#otherKeys().length <= KEPT) return; // games are long to read
      const others = this.#others(), open = new Set(others.filter(unfinished));
      const rest = others.filter((one) => !open.has(one)); // goes first
      [...open, ...rest].slice(KEPT).forEach((one) => localStorage.removeItem(one.key));
    } catch { /* the browser keeps nothing: a private window that is full */ }
  }

  // The game that this tab had before it was loaded anew, or null.
  own() {
    const kept = read(this.key);
    return kept ? kept.tree : null;
  }

  get holds() { return Boolean(recall(local, this.key)); } // also what cannot be read

  // Unfinished games of tabs that are gone or elsewhere, newest first: [{key, time, tree}].
  offered() { return this.#others().filter(unfinished); }

  forget(key) { try { localStorage.removeItem(key); } catch { /* it is not there */ } }

  #others() {
    const found = this.#otherKeys().map((key) => ({key, ...read(key)})).filter((one) => one.tree);
    return found.sort((a, b) => b.time - a.time);
  }

  #otherKeys() {
    if (recall(local, "muzero-tab") === undefined) return [];
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX) && key !== this.key);
  }
}

function unfinished(kept) {
  const tree = GameTree.fromData(kept.tree), {root, last} = tree;
  const inFile = last.told && tree.ends().length === 1; // it was loaded, and nothing was added
  return root.children.length > 0 && !last.ending && !last.over && !inFile;
}

// What a storage holds, null where it holds nothing, undefined where the browser lends none.
export function recall(storage, key) { try { return storage().getItem(key); } catch { return undefined; } }

export function keep(storage, key, value) { try { storage().setItem(key, value); } catch { /* full, or not lent */ } }

export const session = () => sessionStorage, local = () => localStorage; // to name one may throw already

function read(key) {
  try {
    const kept = JSON.parse(localStorage.getItem(key));
    const tree = GameTree.fromData(kept.tree); // what cannot be read is not offered
    if (typeof tree.setup.game !== "string" || !Array.isArray(tree.settings.people)) return null;
    return kept;
  } catch { return null; }
}
