// SPDX-License-Identifier: GPL-2.0-only
// Turns counters into rates per second, over the last two minutes.

export const span = 120; // seconds that are kept

// Readings that are further apart say nothing about the seconds in between: that is a gap.
const longest = 5;

class Series {
  values = new Float64Array(span).fill(NaN);

  push(rate, times) {
    const places = Math.min(times, span);
    this.values.copyWithin(0, places);
    this.values.fill(rate, span - places);
  }

  // NaN: unknown.
  get now() {
    return this.values[span - 1];
  }

  get peak() {
    return this.values.reduce((most, value) => (value > most ? value : most), 0);
  }

  get empty() {
    return this.values.every(Number.isNaN);
  }
}

export class Rates {
  #kept = new Map();
  #at = NaN;
  #seconds = NaN;
  #reading = 0;

  // Begins a reading taken at that time of the host's clock. A repeated reading is ignored.
  begin(milliseconds) {
    if (milliseconds === this.#at) return;
    this.#seconds = (milliseconds - this.#at) / 1000;
    this.#at = milliseconds;
    this.#reading += 1;
  }

  // The counter's series, including this reading. If the counter went down, it was reset: the rate is unknown this time.
  take(key, count) {
    let kept = this.#kept.get(key);
    if (!kept) {
      kept = { series: new Series(), count: null, reading: 0 };
      this.#kept.set(key, kept);
    }
    if (kept.reading === this.#reading) return kept.series;
    const known = kept.count !== null && count !== null && count >= kept.count && this.#usable;
    kept.series.push(known ? Number(count - kept.count) / this.#seconds : NaN, this.#places);
    kept.count = count;
    kept.reading = this.#reading;
    return kept.series;
  }

  // Series missing from this reading get a gap; they are forgotten when they have only gaps.
  end() {
    for (const [key, kept] of this.#kept) {
      if (kept.reading === this.#reading) continue;
      kept.series.push(NaN, this.#places);
      kept.count = null;
      if (kept.series.empty) this.#kept.delete(key);
    }
  }

  get size() {
    return this.#kept.size;
  }

  get #usable() {
    return this.#seconds > 0 && this.#seconds <= longest;
  }

  // The seconds of the chart that this reading fills.
  get #places() {
    return this.#seconds > 0 ? Math.max(1, Math.round(this.#seconds)) : 1;
  }
}
