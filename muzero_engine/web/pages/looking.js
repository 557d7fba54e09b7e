// Looking at a game: what the model imagines of it, how far it sees, and what the engine thinks of every move.

const by = (id) => document.getElementById(id);
const REVIEW_NODES = 200; // simulations a move when a game is gone through
const IMAGINED = 12; // plies, at most

// What is asked of the engine about the position at hand, where no move of the game is due.
const shortly = (page) => ({
  where: page.tree.where(), kanji: page.board.kanji, lines: page.lines, nodes: REVIEW_NODES, plays: false,
});

// Show what the model imagines along the best line of a search, or along the moves of the game.
export async function imagine(page, along) {
  const turn = page.turn, tree = page.tree;
  try {
    let moves = [];
    if (along === "game") {
      for (let node = tree.here; node.children.length && moves.length < IMAGINED; node = node.children[0]) moves.push(node.children[0].move);
      if (!moves.length) { page.say("there are no moves after this position: go back in the game"); return; }
    } else {
      if (!page.info) {
        if (page.thinks) { page.say("wait for its move"); return; }
        if (!await page.search("review", shortly(page), turn)) return;
      }
      moves = page.info?.lines[0]?.moves.slice(0, IMAGINED) ?? [];
    }
    const {plies} = await page.connection.ask("imagine", {where: tree.where(), moves, kanji: page.board.kanji});
    if (turn === page.turn) page.imagination.show(plies);
  } catch (error) { page.failed(error); }
}

export async function horizons(page) {
  const turn = page.turn, end = page.tree.last;
  if (!end.parent) { page.say("there is no game yet to look into"); return; }
  page.say("looking ahead from every position ...");
  try {
    const known = await page.connection.ask("horizons", {where: page.tree.where(end)});
    if (turn !== page.turn) return;
    page.imagination.showHorizons(known);
    page.say(page.situation());
  } catch (error) { page.failed(error); }
}

export async function review(page) {
  const {tree} = page, line = tree.mainLine(), here = tree.looked?.here ?? tree.here;
  if (!line.length) { page.say("there is no move to go through"); return; }
  page.analysing = false;
  by("analyse").setAttribute("aria-pressed", "false");
  page.clocks.stop();
  tree.looked = {line, here};
  for (const node of [tree.root, ...line]) {
    const turn = ++page.turn;
    await page.stop();
    try {
      const shown = await page.connection.ask("show", {where: tree.where(node), kanji: page.board.kanji});
      if (turn !== page.turn) return;
      tree.here = node;
      page.shown = shown;
      page.render();
      by("resign").disabled = true; // this is not where the game is
      if (page.shown.outcome) {
        const {winner} = page.shown.outcome;
        node.score = winner === null ? 0.5 : 1 - winner;
        continue;
      }
      const done = line.indexOf(node) + 2;
      page.say(`going through the game: ${done} of ${line.length + 1} positions (any move or key ends it)`);
      if (!await page.search("review", shortly(page), turn) || turn !== page.turn) return;
    } catch (error) { page.failed(error); return; }
  }
  tree.endLook();
  page.refresh();
}
