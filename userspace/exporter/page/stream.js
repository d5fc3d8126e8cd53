// SPDX-License-Identifier: GPL-2.0-only
// The connection to the exporter: one event a second. It is taken up again by itself, ever more slowly while nobody
// answers, and there is none while nobody looks.

const silence = 10_000; // milliseconds without an event after which the connection counts as lost
const slowest = 30_000; // between two attempts

export class Stream {
  #address;
  #onText;
  #onState;
  #source = null;
  #timer = 0;
  #attempts = 0;
  #paused = false;
  #state = '';

  // onText(text) for each event; onState(state): connecting, live, lost or paused.
  constructor(address, onText, onState) {
    this.#address = address;
    this.#onText = onText;
    this.#onState = onState;
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#rest() : this.#begin()));
    window.addEventListener('online', () => this.retry());
    this.#say('connecting');
    this.#begin();
  }

  get state() {
    return this.#state;
  }

  pause() {
    this.#paused = true;
    this.#rest();
    this.#say('paused');
  }

  resume() {
    this.#paused = false;
    this.#say('connecting');
    this.retry();
  }

  // At once, however long it would have waited.
  retry() {
    this.#attempts = 0;
    this.#begin();
  }

  #begin() {
    if (this.#paused || document.hidden) return;
    this.#rest();
    this.#source = new EventSource(this.#address);
    this.#source.onmessage = (event) => this.#take(event.data);
    // The browser's own way is to try again every few seconds for ever, and not at all after some answers.
    this.#source.onerror = () => this.#lose();
    this.#expect();
  }

  #take(data) {
    this.#expect();
    this.#attempts = 0;
    this.#onText(data);
    this.#say('live');
  }

  #lose() {
    this.#rest();
    this.#say('lost');
    // Not all at once, when an exporter comes back that many look at.
    const wait = Math.min(1000 * 2 ** this.#attempts, slowest) * (0.75 + Math.random() / 2);
    this.#attempts = Math.min(this.#attempts + 1, 10);
    this.#timer = setTimeout(() => this.#begin(), wait);
  }

  #expect() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(), silence);
  }

  #rest() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #say(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(state);
  }
}
