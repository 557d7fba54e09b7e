// The connection of this tab with its engine: questions with one answer, and searches that report on the way.

const FIRST_WAIT = 500, LONGEST_WAIT = 8000; // ms between attempts to connect

export class Connection {
  #socket = null;
  #next = 1;
  #waiting = new Map(); // id -> {resolve, reject, onInfo}
  #wait = FIRST_WAIT;
  #closed = "";

  // onState(connected, reason) is called whenever the connection comes or goes.
  constructor(onState) {
    this.onState = onState;
    this.#connect();
    addEventListener("online", () => this.#connect());
  }

  get connected() { return this.#socket?.readyState === WebSocket.OPEN; }

  // Ask, and return the promise of the answer; it fails with an Error whose message is a sentence.
  ask(name, about = {}) { return this.#send(name, about).promise; }

  // Search: onInfo is called with each report. Returns {id, promise of the end}.
  search(about, onInfo) { return this.#send("go", about, onInfo); }

  #send(name, about, onInfo = null) {
    const id = this.#next++;
    const promise = new Promise((resolve, reject) => {
      if (!this.connected) { reject(new Lost()); return; }
      this.#waiting.set(id, {resolve, reject, onInfo});
      this.#socket.send(JSON.stringify({ask: name, id, about}));
    });
    return {id, promise};
  }

  #connect() {
    if (this.#closed || this.#socket && this.#socket.readyState <= WebSocket.OPEN) return;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/tab`);
    this.#socket = socket;
    socket.onopen = () => { this.#wait = FIRST_WAIT; this.onState(true, ""); };
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      const lost = [...this.#waiting.values()];
      this.#waiting.clear();
      lost.forEach((one) => one.reject(new Lost()));
      if (event.code === 4001 || event.code === 4002) this.#closed = event.reason;
      this.onState(false, this.#closed);
      if (!this.#closed) setTimeout(() => this.#connect(), this.#wait);
      this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
    };
  }

  #receive(message) {
    const one = this.#waiting.get(message.id);
    if (!one) return;
    if (message.info) { one.onInfo?.(message.info); return; }
    this.#waiting.delete(message.id);
    if (message.error !== undefined) one.reject(new Error(message.error));
    else one.resolve(message.done ?? message);
  }
}

// The connection went before the answer came.
export class Lost extends Error {
  constructor() { super("the connection to the engine is lost: is muzero-engine web still running?"); }
}
