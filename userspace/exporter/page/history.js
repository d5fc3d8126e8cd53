// SPDX-License-Identifier: GPL-2.0-only
// The history, as /api/v1/history returns it: the times to choose from, the page's addresses for them, and the answer as lines
// of a chart.

import { count } from './reading.js';

// by: the periods of a chart, as fine as is kept for that time without being too many; rows: the periods of a table.
export const ranges = [
  { word: '15m', title: '15 minutes', by: 'interval', rows: '5min' },
  { word: '1h', title: '1 hour', by: 'interval', rows: '5min' },
  { word: '6h', title: '6 hours', by: '5min', rows: 'hour' },
  { word: '24h', title: '24 hours', by: '5min', rows: 'hour' },
  { word: '7d', title: '7 days', by: 'hour', rows: 'day' },
  { word: '30d', title: '30 days', by: 'hour', rows: 'day' },
  { word: '1y', title: '1 year', by: 'day', rows: 'month' },
];

const usual = ranges[3];

// "#/24h", "#/device/28:6f:b9:00:00:01/24h"; null: now.
export function routeOf(hash) {
  const found = /^#\/(?:device\/([^/]+)\/)?(\w+)$/.exec(hash);
  const range = ranges.find(({ word }) => word === found?.[2]);
  if (!range) return null;
  try {
    return { range, device: found[1] === undefined ? null : decodeURIComponent(found[1]) };
  } catch {
    return null;
  }
}

export function hashOf(range, device = null) {
  return device === null ? `#/${range.word}` : `#/device/${encodeURIComponent(device).replaceAll('%3A', ':')}/${range.word}`;
}

export const deviceHash = (mac, range = usual) => hashOf(range, mac);

// How many periods the time has, and the index of each. The first and the last may be cut off, and a day may have 23 hours.
export function frameOf({ from, to, periods = [] }) {
  const step = Math.max(1, ...periods.map((one) => one.to - one.from));
  const whole = periods.find((one) => one.to - one.from === step);
  if (!whole) return { points: 2, at: () => 0 };
  const begin = whole.from - Math.ceil((whole.from - from) / step) * step;
  const points = Math.max(2, Math.ceil((to - begin) / step));
  const slot = (period) => Math.floor(((period.from + period.to) / 2 - begin) / step);
  return { points, at: (period) => Math.min(points - 1, Math.max(0, slot(period))) };
}

// A line: the rate per second in each period. numberOf(period): a BigInt, or null if it is not recorded.
export function lineOf(answer, frame, numberOf) {
  const values = new Float64Array(frame.points).fill(NaN);
  let sum = 0;
  let seconds = 0;
  for (const period of answer.periods ?? []) {
    const number = numberOf(period);
    const length = period.to - period.from;
    if (number === null || !(length > 0)) continue;
    values[frame.at(period)] = Number(number) / length;
    sum += Number(number);
    seconds += length;
  }
  return { values, peak: values.reduce((most, value) => (value > most ? value : most), 0), mean: seconds > 0 ? sum / seconds : NaN };
}

// A column's total, of a period or of everything.
export const totalOf = (column) => (of) => count(of.total?.[column]);
export const partOf = (column, fits) => (of) => {
  const found = (of.lines ?? []).filter(fits);
  return of.total?.[column] === null ? null : found.reduce((sum, line) => sum + (count(line[column]) ?? 0n), 0n);
};

// Why there is no answer: the exporter's message, with the cure in the second line.
export class Refused extends Error {
  constructor(status, words) {
    const [cause, cure = ''] = words.trim().split('\n');
    super(cause || `the exporter answered ${status}`);
    this.status = status;
    this.cure = cure;
  }
}
