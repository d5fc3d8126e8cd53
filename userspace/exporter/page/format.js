// SPDX-License-Identifier: GPL-2.0-only
// Formats figures as kmonctl does (userspace/lib/format.cpp), and makes names safe to show.

const unknown = '–';

// 1234567n: 1,234,567
export function grouped(value) {
  return value === null ? unknown : value.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

// Three digits and a unit; the limits are where rounding would add a digit.
function scaled(value, space) {
  const units = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit += 1) value /= 1000;
  const digits = unit === 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return value.toFixed(digits) + (unit > 0 || space ? space : '') + units[unit];
}

const known = (value) => value !== null && !Number.isNaN(value);

export const brief = (value) => (known(value) ? scaled(Number(value), '') : unknown);

export const bytes = (value) => (known(value) ? `${scaled(Number(value), '\u00a0')}B` : unknown);

export const bytesRate = (value) => (known(value) ? `${bytes(value)}/s` : unknown);

export const countRate = (value) => (known(value) ? `${brief(value)}/s` : unknown);

// Less than the whole must not round up to 100 %.
export function percent(share) {
  if (!known(share)) return unknown;
  return share >= 1 ? '100\u00a0%' : `${Math.min(share * 100, 99.9).toFixed(1)}\u00a0%`;
}

export function share(part, whole) {
  return part === null || !whole ? NaN : Number((part * 1000000n) / whole) / 1000000;
}

export function seconds(count) {
  const two = (value) => String(value).padStart(2, '0');
  if (count < 60) return `${count}\u00a0s`;
  if (count < 3600) return `${Math.floor(count / 60)}m ${two(count % 60)}s`;
  if (count < 86400) return `${Math.floor(count / 3600)}h ${two(Math.floor(count / 60) % 60)}m`;
  return `${Math.floor(count / 86400)}d ${two(Math.floor(count / 3600) % 24)}h`;
}

export function age(then, now) {
  if (then === null || now === null) return unknown;
  return then >= now ? 'now' : `${seconds(Number(now - then))} ago`;
}

// CPU time, from nanoseconds.
export function duration(nanoseconds) {
  if (nanoseconds === null) return unknown;
  const time = Number(nanoseconds) / 1e9;
  if (time === 0) return '0\u00a0s';
  if (time < 0.9995) return `${(time * 1000).toPrecision(3)}\u00a0ms`;
  if (time < 59.95) return `${time.toPrecision(3)}\u00a0s`;
  return seconds(Math.round(time));
}

// Somebody may name an interface or a host so that it looks like another one. So invisible characters, and those that change
// the direction of writing, are shown as numbers.
export function printable(text) {
  return String(text ?? '').replace(/[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}
