// SPDX-License-Identifier: GPL-2.0-only
// What the exporter says, as values. The kernel counts up to 2^64, and a JavaScript number is exact up to 2^53 only. So
// integers that are too long for a number stay text when JSON is read, and each counter is made a BigInt where it is used.

const longest = 15; // digits that every number holds exactly

// Strings come first, so that digits in a name are never taken for a number.
const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const integer = /^-?\d+$/;

export function parse(text) {
  return JSON.parse(text.replace(token, (found) => (found.length > longest && integer.test(found) ? `"${found}"` : found)));
}

// A counter, exact; null: it is not known.
export function count(value) {
  if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : null;
}

export function sum(counts) {
  return counts.reduce((total, one) => (total === null || one === null ? null : total + one), 0n);
}

// What ought to be a list of objects, but comes from another process, which may be of another version.
export function list(value) {
  return Array.isArray(value) ? value.filter((one) => one !== null && typeof one === 'object') : [];
}
