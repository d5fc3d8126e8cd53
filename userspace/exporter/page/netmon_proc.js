// SPDX-License-Identifier: GPL-2.0-only
// Interfaces: bytes, packets and faults, received and sent.

import { Chart } from './chart.js';
import { brief, bytes, bytesRate, printable } from './format.js';
import { count, list, sum } from './reading.js';
import { Rows, figure, more, text } from './table.js';

const most = 100; // rows; with more interfaces, use Prometheus
const module = 'netmon_proc';

export class Interfaces {
  module = module;
  title = 'Interfaces';
  rates = [
    { label: 'received', form: bytesRate },
    { label: 'sent', form: bytesRate },
  ];
  least = 1000;

  #chart;
  #choice;
  #rows;
  #more;
  #names = '';

  constructor(section) {
    this.#chart = new Chart(section.querySelector('.chart'), { title: 'Bytes a second', names: ['received', 'sent'], form: bytesRate, least: 1000 });
    this.#choice = section.querySelector('.choice');
    this.#rows = new Rows(section.querySelector('tbody'), ['name', 'rate', 'rate', 'total', 'faults', 'rate', 'rate', 'total', 'faults']);
    this.#more = section.querySelector('.more');
  }

  update(json, rates) {
    const known = list(json.interfaces).filter((one) => one.error === undefined);
    const gone = list(json.interfaces).filter((one) => one.error !== undefined);
    const of = (one, name) => rates.take(`${module}/${one.interface}/${name}`, count(one[name]));
    // The totals, as in kmonctl stats.
    const all = ['rx_bytes', 'tx_bytes'].map((name) => rates.take(`${module}//${name}`, sum(known.map((one) => count(one[name])))));

    this.#rows.update([...known.slice(0, most), ...gone], (one) => one.interface, (cells, one) => {
      text(cells[0], printable(one.interface));
      if (one.error !== undefined) return text(cells[1], printable(one.error));
      ['rx', 'tx'].forEach((way, at) => {
        const [rate, packets, total, faults] = cells.slice(1 + 4 * at);
        figure(rate, bytes(of(one, `${way}_bytes`).now));
        figure(packets, brief(of(one, `${way}_packets`).now));
        figure(total, bytes(count(one[`${way}_bytes`])), count(one[`${way}_bytes`]));
        const wrong = sum([count(one[`${way}_errors`]), count(one[`${way}_dropped`])]);
        figure(faults, brief(wrong), wrong);
        faults.classList.toggle('some', Boolean(wrong));
      });
    });
    more(this.#more, known.length - most, 'interfaces');
    this.#offer(known.slice(0, most));
    const chosen = known.find((one) => one.interface === this.#choice.value);
    this.#chart.draw(chosen ? ['rx_bytes', 'tx_bytes'].map((name) => of(chosen, name)) : all);
    return all;
  }

  #offer(interfaces) {
    const names = JSON.stringify(interfaces.map((one) => one.interface));
    if (names === this.#names) return;
    this.#names = names;
    const chosen = this.#choice.value;
    const first = this.#choice.options[0];
    this.#choice.replaceChildren(first, ...interfaces.map((one) => new Option(printable(one.interface), one.interface)));
    this.#choice.value = chosen;
    if (this.#choice.selectedIndex < 0) this.#choice.selectedIndex = 0;
  }
}
