// The page: a game, its board, and what the engine does about it.

import {Board} from "./board.js";
import {Clocks} from "./clocks.js";
import {Connection, Lost} from "./connection.js";
import {listen, recallTheme} from "./controls.js";
import {chooseMove, newGame} from "./dialogs.js";
import {GameTree, Shelf, keep, local, recall} from "./game.js";
import {Imagination} from "./imagination.js";
import {showRounds, showTree} from "./tree.js";
import {showBar, showCurve, showFacts, showLines, showMoves} from "./panels.js";

const by = (id) => document.getElementById(id);
const BRANCHES = 150; // of the tree that are drawn

class Page {
  constructor() {
    this.games = [];
    this.tree = null;
    this.shown = null; // the answer to "show" for the position at hand
    this.reached = null; // the node that the last move led to, where it was played and not gone to
    this.turn = 0; // grows with every position that is shown: late answers to older ones are dropped
    this.running = null; // {id, kind}: the search that runs: "play", "analyse" or "review"
    this.analysing = false;
    this.infos = new WeakMap(); // the last report on the position of a node
    this.showLast = null;
    this.shelf = new Shelf();
    this.board = new Board(by("board"), [null, null], {
      play: (move) => this.played(move.move), choose: (moves) => this.choose(moves), say: (text) => this.say(text),
    });
    this.imagination = new Imagination();
    this.clocks = new Clocks((player) => this.flagFell(player), () => this.showClocks());
    this.connection = new Connection((connected, reason) => this.connectionChanged(connected, reason));
    listen(this);
  }

  get game() { return this.games.find((one) => one.name === this.tree.setup.game); }
  get light() { return this.shown?.board?.light ?? 1; } // the player with the light pieces
  get people() { return this.tree.settings.people; }

  // -- beginnings ---------------------------------------------------------------------------------------------------

  async connectionChanged(connected, reason) {
    const offline = by("offline");
    offline.hidden = connected;
    offline.textContent = reason || "The connection to the engine is lost; the game is kept here. Is muzero-engine web still running?";
    this.running = null;
    if (!connected) { this.clocks.stop(); return; }
    try {
      this.games = (await this.connection.ask("hello")).games;
      if (this.tree) { this.tree.endLook(); this.refresh(); return; }
      await this.shelf.claimed;
      const own = this.shelf.own();
      if (own) {
        const tree = GameTree.fromData(own);
        const refused = await this.refusal(tree);
        if (!refused) { this.begin(tree); return; }
        if (refused instanceof Lost) return; // it is asked again when the connection is back
      }
      if (this.shelf.holds) await this.shelf.leave();
      const game = this.games[0];
      this.begin(new GameTree({game: game.name, start: "", size: null, komi: null, handicap: null},
        {people: [0, 1], elo: null, seconds: 1, clock: null, increment: 0}));
      this.offer();
    } catch (error) { this.failed(error); }
  }

  // Why a game cannot be shown, null where it can.
  async refusal(tree) { return this.connection.ask("show", {where: tree.where()}).then(() => null, (error) => error); }

  offer() {
    const [one] = this.shelf.offered();
    by("offers").hidden = !one;
    if (!one) return;
    const moves = GameTree.fromData(one.tree).mainLine().length;
    const text = document.createElement("span");
    text.textContent = `There is an unfinished game of ${one.tree.setup.game}, ${moves} moves, of ${new Date(one.time).toLocaleString()}.`;
    const goOn = document.createElement("button"), forget = document.createElement("button");
    goOn.textContent = "Go on with it";
    forget.textContent = "Forget it";
    goOn.onclick = async () => {
      const tree = GameTree.fromData(one.tree), refused = await this.refusal(tree);
      if (refused) { this.failed(refused); return; }
      this.shelf.forget(one.key);
      by("offers").hidden = true;
      await this.drop();
      this.begin(tree);
    };
    forget.onclick = () => { this.shelf.forget(one.key); this.offer(); };
    by("offers").replaceChildren(text, goOn, forget);
  }

  begin(tree) {
    this.tree = tree;
    this.analysing = this.analysing && tree.settings.people.length === 2;
    by("analyse").setAttribute("aria-pressed", String(this.analysing));
    const game = this.game, board = this.board;
    board.game = game.name;
    board.players = game.players;
    board.pictures = game.pictures;
    board.kanji = game.kanji && recall(local, "muzero-kanji") !== "no";
    board.flipped = this.people.length === 1 && this.people[0] === 1;
    by("kanji").hidden = !game.kanji;
    if (tree.settings.clock !== null && !tree.clocks) {
      tree.clocks = [tree.settings.clock, tree.settings.clock];
      tree.root.clocks = [...tree.clocks];
    }
    by("engine-lines").replaceChildren();
    by("facts").textContent = "";
    by("bar").replaceChildren();
    by("bar").setAttribute("aria-label", "no analysis yet");
    by("kanji").setAttribute("aria-pressed", String(board.kanji));
    this.refresh();
  }

  async newGame() {
    const made = await newGame(this.games, {game: this.tree.setup.game});
    if (!made) return;
    this.busy(true);
    const tree = new GameTree(made.setup, made.settings);
    try {
      await this.connection.ask("show", {where: tree.where()}); // is refused before anything is given up
      await this.drop();
      by("offers").hidden = true;
      this.begin(tree);
    } catch (error) { this.busy(false); this.failed(error); }
  }

  // -- the position at hand -----------------------------------------------------------------------------------------

  async refresh() {
    const turn = ++this.turn, tree = this.tree;
    tree.looked = null;
    this.busy(true);
    try {
      const shown = await this.connection.ask("show", {where: tree.where(), kanji: this.board.kanji});
      if (turn !== this.turn) return;
      this.shown = shown;
      tree.here.over = Boolean(shown.outcome);
      this.info = null;
      this.clearInfo();
      this.imagination.like(this.board);
      this.shelf.keep(tree);
      this.render();
      if (this.showLast) this.showInfo(this.showLast);
      this.busy(false);
      await this.next();
    } catch (error) { if (turn === this.turn) this.failed(error); }
  }

  // While an answer is awaited the board shows another position than the one at hand, and takes no move.
  busy(busy) { by("board").setAttribute("aria-busy", String(busy)); }
  get isBusy() { return by("board").getAttribute("aria-busy") === "true"; }

  get over() { return Boolean(this.shown.outcome) || this.ended(); }

  // Whether the line ends here, or was played to here: then the game goes on, and its clocks run.
  get atEnd() { return !this.tree.here.children.length || this.tree.here === this.reached; }

  // Whether a person may move here: where the engine is not due to.
  get mine() { return !this.over && (this.people.includes(this.shown.mover) || !this.atEnd); }

  render() {
    const {shown, tree, game, over, mine} = this;
    this.showPlayers();
    this.board.show(shown.board, shown.moves, {plain: shown.plain, active: mine});
    const extra = mine ? shown.moves.filter((move) => !move.to && shown.board) : [];
    by("extra").replaceChildren(...extra.map((move) => this.button(move.text, () => this.played(move.move))));
    if (mine && shown.declare) by("extra").append(this.button("Declare a win", () => this.end(shown.mover, "declared win")));
    showMoves(by("moves"), tree, game.plies_per_move, (node) => this.goTo(node));
    showCurve(by("curve"), tree, this.light, (node) => this.goTo(node));
    by("facts-of-board").textContent = shown.board?.facts ?? "";
    by("position").value = shown.text;
    this.say(this.situation());
    by("resign").disabled = over || this.people.length !== 1;
    by("undo").disabled = !tree.here.parent && !this.ended();
  }

  button(text, onclick) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.onclick = onclick;
    return made;
  }

  get thought() { return `${this.game.players[this.shown.mover]} (engine) thinks ...`; }

  situation() {
    const {shown, game, tree} = this;
    if (this.thinks) return this.thought;
    const winner = (player) => `${game.players[player]} wins`;
    if (shown.outcome) {
      const points = shown.score !== null && shown.outcome.winner !== null ? ` by ${Math.abs(shown.score)}` : "";
      const counted = points && shown.moves.length === 0 && this.ownership() ? ", everything on the board taken for alive" : "";
      return shown.outcome.winner === null ? `A draw: ${shown.outcome.reason}`
        : `${winner(shown.outcome.winner)}${points}: ${shown.outcome.reason}${counted}`;
    }
    if (this.ended()) return `${winner(tree.here.ending.winner)}: ${tree.here.ending.reason}`;
    const check = shown.board?.checked ? ", in check" : "";
    return `${game.players[shown.mover]} to move${check}`;
  }

  ownership() { return this.game.ownership; }
  ended() { return Boolean(this.tree.here.ending); }

  // Say something; while the engine thinks about its move, behind that.
  say(text, problem = false) {
    const doing = this.thinks ? this.thought : "";
    by("status").textContent = text.startsWith(doing) ? text : `${doing} ${text}`;
    by("status").classList.toggle("problem", problem);
  }

  failed(error) {
    if (error instanceof Lost) return; // the banner says so
    this.say(error.message, true);
  }

  nameOf(player) {
    const {players, kanji_players: kanji} = this.game;
    const side = this.board.kanji && kanji ? `${kanji[player]} ${players[player]}` : players[player];
    const name = this.tree.settings.names?.[player];
    return name ? `${name}, ${side}` : side;
  }

  levelBoard() { // "9x9" where the engine's level was measured on another board than this one, else ""
    const {levels_board: measured} = this.game, view = this.shown.board;
    const here = !measured || !view || (measured[0] === view.rows.length && measured[1] === view.columns.length);
    return here ? "" : measured.join("x");
  }

  showPlayers() {
    const above = this.board.flipped ? 0 : 1;
    const places = {[above]: by("player-above"), [1 - above]: by("player-below")};
    this.board.hands = [0, 1].map((player) => places[player].querySelector(".hand"));
    const {elo} = this.tree.settings, measured = this.levelBoard();
    const level = Number.isFinite(elo) ? `, ${elo} Elo${measured && ` on ${measured}`}` : "";
    for (const player of [0, 1]) {
      const who = !this.people.includes(player) ? ` (engine${level})` : this.people.length === 1 ? " (you)" : "";
      places[player].querySelector(".name").textContent = `${this.nameOf(player)}${who}`;
      places[player].classList.toggle("turn", this.shown.mover === player && !this.shown.outcome && !this.ended());
      if (!this.shown.board) places[player].querySelector(".hand").replaceChildren();
    }
    this.places = places;
    this.showClocks();
  }

  showClocks() {
    for (const player of [0, 1]) {
      const element = this.places?.[player]?.querySelector(".clock");
      if (element) element.textContent = this.tree.clocks ? Clocks.text(this.tree.clocks[player]) : "";
    }
  }

  // -- moves --------------------------------------------------------------------------------------------------------

  async choose(moves) {
    const move = await chooseMove(moves);
    if (move) this.played(move.move); else this.board.show(this.shown.board, this.shown.moves);
  }

  // Play a person's move, of the protocol's words.
  played(text) {
    if (!this.shown || this.isBusy) return;
    if (this.mine) this.make(text);
    else this.say(this.over ? `${this.situation()}; take it back to go on` : "it is the engine's turn");
  }

  // Make a move here, whoever it is of.
  async make(text) {
    const move = this.shown.moves.find((one) => one.move === text);
    if (!move) return;
    const {clocks, settings} = this.tree, counted = this.clocks.running;
    this.clocks.stop();
    if (clocks && counted) clocks[this.shown.mover] += settings.increment;
    this.tree.play({move: text, text: move.text, mover: this.shown.mover,
      number: this.shown.board?.move_number ?? this.shown.ply + 1});
    this.reached = this.tree.here;
    if (clocks) this.tree.here.clocks = [...clocks];
    await this.drop();
    this.refresh();
  }

  async playLine(moves) {
    if (!this.shown || this.isBusy) return;
    if (!this.mine) { this.played(moves[0]); return; } // which says why not
    try {
      const where = this.tree.where();
      where.moves = [...where.moves, ...moves];
      const shown = await this.connection.ask("show", {where, line: true, kanji: this.board.kanji});
      shown.line.slice(-moves.length).forEach((line) => this.tree.play(line));
      this.reached = this.tree.here;
      await this.drop();
      this.refresh();
    } catch (error) { this.failed(error); }
  }

  async goTo(node) {
    if (!node || node === this.tree.here) return;
    this.tree.here = node;
    this.reached = null;
    await this.drop();
    this.refresh();
  }

  async typed(text) {
    try {
      const {move} = await this.connection.ask("move", {where: this.tree.where(), text});
      by("typed-move").value = "";
      this.played(move);
    } catch (error) { this.failed(error); }
  }

  undo() { // to where a person was to move before, or the game went on
    let node = this.tree.here;
    if (!node.parent && !node.ending) return;
    const given = node.ending && node.ending.reason !== "time"; // what was given up or declared is taken back alone
    node.ending = null;
    if (given) this.reached = node;
    else if (node.parent) do node = node.parent; while (node.parent && this.people.length === 1 && !this.people.includes(1 - node.mover));
    let timed = node;
    while (timed && !timed.clocks) timed = timed.parent; // moves of a line that was only looked at took no time
    if (timed && this.tree.clocks) this.tree.clocks = [...timed.clocks];
    if (node === this.tree.here) this.drop().then(() => this.refresh());
    else this.goTo(node);
  }

  end(winner, reason) {
    this.tree.here.ending = {winner, reason};
    this.drop().then(() => this.refresh());
  }

  flagFell(player) { this.end(1 - player, "time"); }

  // -- the engine ---------------------------------------------------------------------------------------------------

  // Let the engine do what is due here: move, or analyse.
  async next() {
    const {shown, tree} = this;
    by("move-now").hidden = true;
    if (this.over) { await this.stop(); return; }
    if (tree.clocks && this.atEnd && this.people.length < 2) this.clocks.run(tree.clocks, shown.mover);
    if (!this.mine) await this.think();
    else if (this.analysing) await this.analyse();
  }

  async think() {
    const turn = this.turn, {elo, seconds, increment} = this.tree.settings;
    const about = {where: this.tree.where(), kanji: this.board.kanji, lines: this.lines};
    if (elo !== null) about.elo = elo;
    if (this.tree.clocks) Object.assign(about, {clock: Math.max(0, this.tree.clocks[this.shown.mover]), increment});
    else about.seconds = seconds;
    this.say(this.thought);
    by("move-now").hidden = false;
    const mover = this.shown.mover;
    const done = await this.search("play", about, turn);
    if (turn !== this.turn) return;
    by("move-now").hidden = true;
    if (!done) { this.clocks.stop(); return; }
    if (done.resign || done.declare) this.end(done.declare ? mover : 1 - mover, done.declare ? "declared win" : "resignation");
    else if (done.move) this.make(done.move);
  }

  get thinks() { return this.running?.kind === "play"; } // the engine does, about its move

  async analyse() {
    const turn = this.turn;
    if (this.thinks) return; // and tells what it finds
    await this.search("analyse", {where: this.tree.where(), kanji: this.board.kanji, lines: this.lines, analysis: true}, turn);
  }

  get lines() { return Math.max(1, Math.min(10, Number(by("lines").value) || 3)); }

  // Search, and show what comes; the end of the search, or null where it was superseded.
  async search(kind, about, turn) {
    await this.stop();
    if (turn !== this.turn) return null;
    if (by("tree").open) about.branches = BRANCHES;
    const node = this.tree.here;
    const open = kind !== "play" || this.people.length !== 1 || this.analysing; // no hints in a game against the engine
    const {id, promise} = this.connection.search(about, (info) => {
      node.score = info.score;
      if (turn === this.turn && open && (kind !== "analyse" || this.analysing)) this.showInfo(info);
    });
    this.running = {id, kind, promise};
    const failure = await promise.then(() => null, (error) => error);
    if (this.running?.id === id) this.running = null;
    if (failure && turn === this.turn) this.failed(failure);
    return failure ? null : promise;
  }

  // Show what is known of the position at hand: the last report on it, or nothing.
  clearInfo() {
    const info = this.infos.get(this.tree.here);
    if (info && (this.analysing || this.people.length === 2)) { this.showLast = info; return; }
    this.showLast = null;
    for (const id of ["engine-lines", "icicle", "rounds", "bar"]) by(id).replaceChildren();
    by("facts").textContent = "";
    by("bar").setAttribute("aria-label", "no analysis yet");
  }

  showInfo(info) {
    this.info = info;
    this.infos.set(this.tree.here, info);
    if (info.tree) {
      showTree(by("icicle"), info.tree, info.nodes, (moves) => this.playLine(moves));
      showRounds(by("rounds"), info.tree.rounds);
    }
    showLines(by("engine-lines"), info, (moves) => this.playLine(moves));
    showFacts(by("facts"), info, this.game.players);
    if (info.lines.length) showBar(by("bar"), info.lines[0].wdl, this.game.players, this.light);
    this.board.mark(info.lines, info.ownership);
    showCurve(by("curve"), this.tree, this.light, (node) => this.goTo(node));
  }

  // Leave the position at hand: whatever runs there is not waited for any more, and no move is taken until another one
  // is shown.
  async drop() {
    this.turn++;
    this.busy(true);
    this.clocks.stop();
    await this.stop();
  }

  // End the search that runs, and wait for its end.
  async stop() {
    const running = this.running;
    if (!running) return;
    await this.connection.ask("stop").catch(() => null);
    await running.promise.catch(() => null);
  }

  // -- buttons and keys ---------------------------------------------------------------------------------------------

  toggleAnalysis() {
    if (!this.analysing && (this.shown?.outcome || this.ended())) { this.say(`${this.situation()}; go back in the game to analyse it`); return; }
    this.analysing = !this.analysing;
    by("analyse").setAttribute("aria-pressed", String(this.analysing));
    if (this.running?.kind === "review") this.drop().then(() => this.refresh()); // which ends it
    else if (this.analysing) this.analyse();
    else {
      if (!this.thinks) this.stop();
      this.board.mark([]);
    }
  }

  flip() {
    const {textContent: said, classList} = by("status"), problem = classList.contains("problem");
    this.board.flipped = !this.board.flipped;
    this.render();
    this.say(said, problem);
  }

  toggleKanji() {
    this.board.kanji = !this.board.kanji;
    keep(local, "muzero-kanji", this.board.kanji ? "yes" : "no");
    by("kanji").setAttribute("aria-pressed", String(this.board.kanji));
    this.drop().then(() => this.reword()).then(() => this.refresh());
  }

  // Write the moves of all lines anew, in the words that are wanted now.
  async reword() {
    try {
      for (const end of this.tree.ends()) {
        const {line} = await this.connection.ask("show", {where: this.tree.where(end), line: true, kanji: this.board.kanji});
        GameTree.path(end).forEach((node, i) => { node.text = line[i].text; });
      }
    } catch (error) { this.failed(error); }
  }
}

recallTheme();
new Page();
