// The clocks of both players, which run in the page.

const TICK = 200; // ms

export class Clocks {
  #timer = null; #left = null; #player = 0; #since = 0;

  constructor(onFlag, onTick) { this.onFlag = onFlag; this.onTick = onTick; }

  get running() { return this.#timer !== null; }

  // Let the clock of a player run; left is [seconds, seconds], and is written to.
  run(left, player) {
    if (this.running && this.#player === player && this.#left === left) return;
    this.stop();
    [this.#left, this.#player, this.#since] = [left, player, performance.now()];
    this.#timer = setInterval(() => this.#tick(), TICK);
  }

  stop() {
    if (!this.running) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#take();
  }

  #take() {
    const now = performance.now();
    this.#left[this.#player] -= (now - this.#since) / 1000;
    this.#since = now;
    this.onTick();
  }

  #tick() {
    this.#take();
    if (this.#left[this.#player] <= 0) {
      this.#left[this.#player] = 0;
      this.stop();
      this.onFlag(this.#player);
    }
  }

  static text(seconds) {
    const left = Math.max(0, seconds);
    if (left < 20) return left.toFixed(1);
    const whole = Math.floor(left), minutes = Math.floor(whole / 60);
    return `${minutes}:${String(whole % 60).padStart(2, "0")}`;
  }
}
