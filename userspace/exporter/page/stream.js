// SPDX-License-Identifier: GPL-2.0-only
// The connection to the exporter: one event per second. It reconnects by itself, ever more slowly while there is no answer, and
// disconnects while the page is hidden.

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

  // Tries again at once.
  retry() {
    this.#attempts = 0;
    this.#begin();
  }

  #begin() {
    if (this.#paused || document.hidden) return;
    this.#rest();
    this.#source = new EventSource(this.#address);
    this.#source.onmessage = (event) => this.#take(event.data);
    // Browsers retry every few seconds for ever, and after some answers not at all. So do it here instead.
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
    // Random delays, so that not all pages reconnect at once when the exporter returns.
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
