// SPDX-License-Identifier: GPL-2.0-only
// Process exits.

import { Chart } from './chart.js';
import { brief, countRate, duration, grouped, printable } from './format.js';
import { count, sum } from './reading.js';
import { Rows, figure, key, text } from './table.js';

const module = 'process_monitor';

// Nanoseconds of CPU time per second, in percent of a CPU.
const processors = (rate) => (Number.isNaN(rate) ? '–' : `${(rate / 1e7).toFixed(1)}\u00a0%`);

const figures = [
  { name: 'exits', words: 'processes', line: 0 },
  { name: 'failed', words: 'failed', line: 1 },
  { name: 'nonzero_exits', words: 'with an exit code', indent: true },
  { name: 'killed_by_signal', words: 'by a signal', indent: true },
  { name: 'thread_exits', words: 'threads' },
  { name: 'utime_ns', words: 'user time', rate: processors, total: duration },
  { name: 'stime_ns', words: 'system time', rate: processors, total: duration },
];

export class Exits {
  module = module;
  title = 'Process exits';
  rates = [
    { label: 'exits', form: countRate },
    { label: 'failed', form: countRate },
  ];
  least = 10;

  #chart;
  #rows;
  #note;

  constructor(section) {
    this.#chart = new Chart(section.querySelector('.chart'), { title: 'Exits a second', names: ['processes', 'failed'], form: countRate, least: 10 });
    this.#rows = new Rows(section.querySelector('tbody'), ['', 'rate', 'total']);
    this.#note = section.querySelector('.note');
  }

  update(json, rates) {
    const values = { ...json, failed: null };
    const failed = sum([count(json.nonzero_exits), count(json.killed_by_signal)]);
    const of = (name) => (name === 'failed' ? failed : count(values[name]));
    const take = (name) => rates.take(`${module}/${name}`, of(name));
    this.#rows.update(figures, (one) => one.name, (cells, one, fresh) => {
      if (fresh) this.#head(cells[0], one);
      figure(cells[1], (one.rate ?? brief)(take(one.name).now));
      figure(cells[2], (one.total ?? grouped)(of(one.name)), of(one.name));
    });
    const series = [take('exits'), take('failed')];
    this.#chart.draw(series);
    const by = json.probe === undefined ? '' : `Seen by ${printable(json.probe)}${json.probe_by ? ` (${printable(json.probe_by)})` : ''}. `;
    text(this.#note, `${by}Missed by the probe: ${grouped(count(json.missed_probes))}.`);
    return series;
  }

  #head(cell, { words, line, indent }) {
    if (line !== undefined) cell.append(key(line));
    cell.append(words);
    cell.classList.toggle('indent', indent === true);
  }
}
