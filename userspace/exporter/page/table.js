// SPDX-License-Identifier: GPL-2.0-only
// Tables that are updated each second. Everything is inserted as text, so no name can be markup.

import { printable } from './format.js';

export function element(name, className = '', content = '') {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.textContent = content;
  return node;
}

export function text(node, value) {
  if (node.firstChild === null) node.append(value);
  else if (node.firstChild.data !== value) node.firstChild.data = value;
}

// Shows a figure in a cell; a rounded one has the exact value as its title.
export function figure(cell, shown, exact = null) {
  text(cell, shown);
  if (exact === null) return;
  const value = exact.toString();
  if (cell.dataset.value === value) return;
  cell.dataset.value = value;
  cell.title = value;
}

// The mark of a chart's line.
export const key = (line) => element('span', `key s${line}`);

// The heading of a device's row: its name, and its address, which links to its page.
export function deviceHead(cell, { mac, name }, href) {
  const address = element(href ? 'a' : 'span');
  if (href) address.href = href;
  address.append(element('code', '', printable(mac)));
  if (name) cell.append(element('bdi', '', printable(name)), ' ');
  cell.append(address);
}

// A share of the whole, as a bar.
export function bar(cell, share, shown) {
  if (cell.firstElementChild === null) cell.append(document.createElement('i'), document.createElement('span'));
  const known = Number.isNaN(share) ? 0 : share;
  cell.firstElementChild.style.setProperty('--share', known.toFixed(3));
  text(cell.lastElementChild, shown);
}

export function more(node, count, what) {
  node.hidden = count <= 0;
  text(node, count > 0 ? `and ${count} more ${what}` : '');
}

// The rows of a table's body, each with a key, so that a row stays the same while its figures change.
export class Rows {
  #body;
  #classes;
  #rows = new Map();

  // classes: of each cell; the first one is the row's heading.
  constructor(body, classes) {
    this.#body = body;
    this.#classes = classes;
  }

  // fill(cells, item, fresh)
  update(items, keyOf, fill) {
    const keep = new Set();
    let before = this.#body.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      if (keep.has(key)) continue;
      keep.add(key);
      const fresh = !this.#rows.has(key);
      if (fresh) this.#rows.set(key, this.#make());
      const row = this.#rows.get(key);
      fill([...row.children], item, fresh);
      if (row === before) before = before.nextElementSibling;
      else this.#body.insertBefore(row, before);
    }
    for (const [key, row] of this.#rows) {
      if (keep.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
  }

  #make() {
    const row = document.createElement('tr');
    this.#classes.forEach((name, at) => {
      const cell = document.createElement(at === 0 ? 'th' : 'td');
      if (at === 0) cell.scope = 'row';
      if (name) cell.className = name;
      row.append(cell);
    });
    return row;
  }
}
