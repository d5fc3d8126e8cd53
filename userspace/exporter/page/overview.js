// SPDX-License-Identifier: GPL-2.0-only
// One tile per module: its state and its main rates. Below: what is wrong, why, and the command that cures it.

import { Spark } from './chart.js';
import { element, key, text } from './table.js';

class Tile {
  node = element('li', 'tile');
  #state = element('p', 'state');
  #values = [];
  #spark;

  // link: the module's section, if the page has one. rates: [{ label, form }].
  constructor({ module, title, link, rates, least }) {
    const heading = element('h3', '');
    const name = element(link ? 'a' : 'span', '', title);
    if (link) name.href = `#${module}`;
    heading.append(name);
    const figures = element('dl', 'rates');
    rates.forEach(({ label }, at) => {
      const row = element('div', '');
      const term = element('dt', '');
      if (rates.length > 1) term.append(key(at));
      term.append(label);
      const value = element('dd', '', '');
      value.append('–', element('small', ''));
      this.#values.push(value);
      row.append(term, value);
      figures.append(row);
    });
    const top = element('div', 'top');
    top.append(heading, this.#state);
    this.node.append(top, figures);
    if (rates.length > 0) this.#spark = new Spark(this.node, rates.length, least);
    this.node.append(element('p', 'module', module));
  }

  update(state, rates, series) {
    this.node.dataset.level = state.level;
    text(this.#state, state.word);
    rates.forEach(({ form }, at) => this.#show(this.#values[at], series ? form(series[at].now) : '–'));
    if (series) this.#spark?.draw(series);
  }

  // Shows the number large and its unit small.
  #show(value, rate) {
    const at = rate.search(/\s|\//);
    text(value, at < 0 ? rate : rate.slice(0, at));
    text(value.lastChild, at < 0 ? '' : rate.slice(at));
  }
}

export class Overview {
  #tiles = new Map();
  #list;
  #attention;
  #changes;
  #known = new Map();
  #shown = '';

  constructor(section) {
    this.#list = section.querySelector('.tiles');
    this.#attention = section.querySelector('.attention');
    this.#changes = section.querySelector('#changes');
  }

  // modules: [{ module, title, link, rates, least, state, series }]
  update(modules) {
    for (const one of modules) {
      if (!this.#tiles.has(one.module)) {
        this.#tiles.set(one.module, new Tile(one));
        this.#list.append(this.#tiles.get(one.module).node);
      }
      this.#tiles.get(one.module).update(one.state, one.rates, one.series);
    }
    for (const [name, tile] of this.#tiles) {
      if (modules.some((one) => one.module === name)) continue;
      tile.node.remove();
      this.#tiles.delete(name);
    }
    this.#complain(modules.filter(({ state }) => state.level === 'bad' || state.level === 'warning'));
    this.#announce(modules);
  }

  // Rebuild only if something has changed, so that a selection for copying stays.
  #complain(modules) {
    const now = JSON.stringify(modules.map(({ module, state }) => [module, state]));
    if (now === this.#shown) return;
    this.#shown = now;
    this.#attention.hidden = modules.length === 0;
    this.#attention.querySelector('dl').replaceChildren(
      ...modules.map(({ module, title, state }) => {
        const entry = element('div', '');
        entry.dataset.level = state.level;
        const cause = element('dd', '', state.cause || state.word);
        entry.append(element('dt', '', title === module ? module : `${title} (${module})`), cause);
        if (state.cure) {
          const cure = element('dd', 'cure');
          cure.append(element('code', '', state.cure));
          entry.append(cure);
        }
        return entry;
      }),
    );
  }

  // Announces only changes of state to screen readers.
  #announce(modules) {
    const changed = modules.filter(({ module, state }) => this.#known.has(module) && this.#known.get(module) !== state.word);
    for (const { module, state } of modules) this.#known.set(module, state.word);
    if (changed.length > 0) text(this.#changes, changed.map(({ title, state }) => `${title}: ${state.word}. ${state.cause}`).join(' '));
  }
}
