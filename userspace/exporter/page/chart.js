// SPDX-License-Identifier: GPL-2.0-only
// Lines over the last two minutes, or over another span of time. SVG, so that it is sharp at every size. The picture is
// stretched to its box, so all text is HTML beside it.

import { span } from './rates.js';
import { element, text } from './table.js';

const height = 100;

function svg(name, attributes = {}) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

const view = (points) => `0 0 ${points - 1} ${height}`;

function canvas(points) {
  return svg('svg', { viewBox: view(points), preserveAspectRatio: 'none', 'aria-hidden': 'true' });
}

// The path of the newest values; an unknown value interrupts it.
function path(values, top, points) {
  const from = values.length - points;
  let line = '';
  let drawn = false;
  for (let x = 0; x < points; x += 1) {
    const value = values[from + x];
    if (Number.isNaN(value)) {
      drawn = false;
      continue;
    }
    line += `${drawn ? 'L' : 'M'}${x} ${(height - (value / top) * height).toFixed(1)}`;
    // A single point is a line of length 0, which shows because of its round ends.
    if (!drawn) line += 'h0';
    drawn = true;
  }
  return line;
}

// The area below each piece of a line.
function area(values, top, points) {
  return path(values, top, points).replace(/M(\d+) [^M]*?(?=M|$)/g, (piece, x) => `${piece}V${height}H${x}Z`);
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
  #picture;
  #grid;
  #times;
  #points;
  #time;
  #drawings = 0;

  // form: formats a rate as text. least: the minimum top of the scale, so that a quiet line is flat.
  constructor(box, { title, names, form, least }) {
    this.#box = box;
    this.#title = title;
    this.#names = names;
    this.#form = form;
    this.#least = least;
    const picture = canvas(span);
    this.#picture = picture;
    this.#grid = [0, 25, 50, 75, 100].map((y) => [svg('path', { class: 'grid' }), y]);
    picture.append(...this.#grid.map(([line]) => line));
    // The first line matters most, so it is on top.
    this.#lines = names.map((_, at) => svg('path', { class: `line s${at}` }));
    this.#area = svg('path', { class: 'area s0' });
    picture.append(this.#area, ...[...this.#lines].reverse());
    this.#labels = [1, 0.5, 0].map(() => element('span'));
    const scale = element('div', 'scale');
    scale.append(...this.#labels);
    this.#times = ['', '', ''].map(() => element('span'));
    const axis = element('div', 'axis');
    axis.append(...this.#times);
    const heading = element('p', 'heading', title);
    picture.classList.add('plot');
    for (const part of [heading, scale, axis]) part.setAttribute('aria-hidden', 'true');
    box.setAttribute('role', 'img');
    box.append(heading, scale, picture, axis);
    this.frame(span, ['2 min ago', '1 min', 'now'], 'the last two minutes');
    this.draw([]);
  }

  // points: values in a line; times: the labels at the left, in the middle and at the right; time: what the chart covers.
  frame(points, times, time) {
    this.#points = points;
    this.#time = time;
    this.#picture.setAttribute('viewBox', view(points));
    for (const [line, y] of this.#grid) line.setAttribute('d', `M0 ${y}H${points - 1}`);
    this.#times.forEach((label, at) => text(label, times[at]));
    this.#drawings = 0;
  }

  draw(series) {
    const top = ceiling(Math.max(peakOf(series), this.#least));
    this.#lines.forEach((line, at) => line.setAttribute('d', series[at] ? path(series[at].values, top, this.#points) : ''));
    if (series.length > 0) this.#area.setAttribute('d', area(series[0].values, top, this.#points));
    [top, top / 2, 0].forEach((value, at) => text(this.#labels[at], this.#form(value)));
    // For screen readers, on request; it is not announced each second.
    if (this.#drawings % 10 === 0 || series.length === 0) this.#box.setAttribute('aria-label', this.#words(series));
    this.#drawings = series.length === 0 ? 0 : this.#drawings + 1;
  }

  #words(series) {
    const main = (one) => (one.mean === undefined ? this.#form(one.now) : `on average ${this.#form(one.mean)}`);
    const each = series.map((one, at) => `${this.#names[at]} ${main(one)}, at most ${this.#form(one.peak)}`);
    return `Line chart of ${this.#time}. ${this.#title}: ${each.join('; ') || 'nothing yet'}.`;
  }
}

// The last minute, small and without text: the figure is beside it.
export class Spark {
  #lines;
  #least;
  #seconds = 60;

  constructor(box, lines, least) {
    this.#least = least;
    this.#lines = Array.from({ length: lines }, (_, at) => svg('path', { class: `line s${at}` }));
    const picture = canvas(this.#seconds);
    picture.classList.add('spark');
    picture.append(...this.#lines);
    box.append(picture);
  }

  draw(series) {
    const top = Math.max(peakOf(series), this.#least);
    series.forEach((one, at) => this.#lines[at].setAttribute('d', path(one.values, top, this.#seconds)));
  }
}
