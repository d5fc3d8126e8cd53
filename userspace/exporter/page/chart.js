// SPDX-License-Identifier: GPL-2.0-only
// Lines over the last two minutes. SVG, so that it is sharp at every size; the picture is stretched to its box, and all
// that is text stands beside it as HTML.

import { span } from './rates.js';
import { text } from './table.js';

const height = 100;

function svg(name, attributes = {}) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function canvas(seconds, hidden) {
  return svg('svg', { viewBox: `0 0 ${seconds - 1} ${height}`, preserveAspectRatio: 'none', ...(hidden && { 'aria-hidden': 'true' }) });
}

// The path of the newest values; a value that is not known interrupts it.
function path(values, top, seconds) {
  const from = values.length - seconds;
  let line = '';
  let drawn = false;
  for (let x = 0; x < seconds; x += 1) {
    const value = values[from + x];
    if (Number.isNaN(value)) {
      drawn = false;
      continue;
    }
    line += `${drawn ? 'L' : 'M'}${x} ${(height - (value / top) * height).toFixed(1)}`;
    // A point by itself is a line of no length, which is shown by its round ends.
    if (!drawn) line += 'h0';
    drawn = true;
  }
  return line;
}

// The ground under each piece of a line.
function area(values, top) {
  return path(values, top, span).replace(/M(\d+) [^M]*?(?=M|$)/g, (piece, x) => `${piece}V${height}H${x}Z`);
}

// 1, 2 or 5 times a power of ten, at or above the value.
export function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.9999);
}

const peakOf = (series) => series.reduce((most, one) => Math.max(most, one.peak), 0);

export class Chart {
  #box;
  #title;
  #names;
  #form;
  #least;
  #lines;
  #area;
  #labels;
  #drawings = 0;

  // form: a rate as text. least: the smallest top of the scale, so that a quiet line is a flat one.
  constructor(box, { title, names, form, least }) {
    this.#box = box;
    this.#title = title;
    this.#names = names;
    this.#form = form;
    this.#least = least;
    const picture = canvas(span, true);
    for (const y of [0, 25, 50, 75, 100]) picture.append(svg('path', { class: 'grid', d: `M0 ${y}H${span - 1}` }));
    // The first line is the one that matters: it lies on top.
    this.#lines = names.map((_, at) => svg('path', { class: `line s${at}` }));
    this.#area = svg('path', { class: 'area s0' });
    picture.append(this.#area, ...[...this.#lines].reverse());
    this.#labels = [1, 0.5, 0].map(() => document.createElement('span'));
    const scale = document.createElement('div');
    scale.className = 'scale';
    scale.append(...this.#labels);
    const time = ['2 min ago', '1 min', 'now'].map((when) => {
      const label = document.createElement('span');
      label.textContent = when;
      return label;
    });
    const axis = document.createElement('div');
    axis.className = 'axis';
    axis.append(...time);
    const heading = document.createElement('p');
    heading.className = 'heading';
    heading.textContent = title;
    picture.classList.add('plot');
    for (const part of [heading, scale, axis]) part.setAttribute('aria-hidden', 'true');
    box.setAttribute('role', 'img');
    box.append(heading, scale, picture, axis);
    this.draw([]);
  }

  draw(series) {
    const top = ceiling(Math.max(peakOf(series), this.#least));
    series.forEach((one, at) => this.#lines[at].setAttribute('d', path(one.values, top, span)));
    if (series.length > 0) this.#area.setAttribute('d', area(series[0].values, top));
    [top, top / 2, 0].forEach((value, at) => text(this.#labels[at], this.#form(value)));
    // Who cannot see the lines can ask for this; nobody is told of it each second.
    if (this.#drawings % 10 === 0 || series.length === 0) this.#box.setAttribute('aria-label', this.#words(series));
    this.#drawings = series.length === 0 ? 0 : this.#drawings + 1;
  }

  #words(series) {
    const each = series.map((one, at) => `${this.#names[at]} ${this.#form(one.now)}, at most ${this.#form(one.peak)}`);
    return `Line chart of the last two minutes. ${this.#title}: ${each.join('; ') || 'nothing yet'}.`;
  }
}

// The last minute, small, without words: a figure stands beside it.
export class Spark {
  #lines;
  #least;
  #seconds = 60;

  constructor(box, lines, least) {
    this.#least = least;
    this.#lines = Array.from({ length: lines }, (_, at) => svg('path', { class: `line s${at}` }));
    const picture = canvas(this.#seconds, true);
    picture.classList.add('spark');
    picture.append(...this.#lines);
    box.append(picture);
  }

  draw(series) {
    const top = Math.max(peakOf(series), this.#least);
    series.forEach((one, at) => this.#lines[at].setAttribute('d', path(one.values, top, this.#seconds)));
  }
}
