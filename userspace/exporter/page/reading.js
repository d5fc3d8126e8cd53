// SPDX-License-Identifier: GPL-2.0-only
// Parses what the exporter sends. The kernel counts up to 2^64, but a JavaScript number is exact only up to 2^53. So
// integers that are too long for a number stay text when JSON is parsed, and each counter becomes a BigInt where it is used.

const longest = 15; // digits that a number always holds exactly

// Strings come first, so that digits in a name are never mistaken for a number.
const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const integer = /^-?\d+$/;

export function parse(text) {
  return JSON.parse(text.replace(token, (found) => (found.length > longest && integer.test(found) ? `"${found}"` : found)));
}

// A counter, exactly; null: unknown.
export function count(value) {
  if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : null;
}

export function sum(counts) {
  return counts.reduce((total, one) => (total === null || one === null ? null : total + one), 0n);
}

// A list of objects from another process, which may be of another version: keeps only objects, and makes anything else an empty list.
export function list(value) {
  return Array.isArray(value) ? value.filter((one) => one !== null && typeof one === 'object') : [];
}
