// SPDX-License-Identifier: GPL-2.0-only
// TCP packets that leave this host.

import { Chart } from './chart.js';
import { brief, countRate, grouped, printable } from './format.js';
import { count, list } from './reading.js';
import { Rows, figure, key, text } from './table.js';

const module = 'kstat';

export class OutgoingTcp {
  module = module;
  title = 'Outgoing TCP';
  rates = [
    { label: 'packets', form: countRate },
  ];
  least = 10;

  #chart;
  #rows;
  #note;

  constructor(section) {
    this.#chart = new Chart(section.querySelector('.chart'), { title: 'Packets a second', names: ['IPv4', 'IPv6'], form: countRate, least: 10 });
    this.#rows = new Rows(section.querySelector('tbody'), ['', 'rate', 'rate', 'total', 'total']);
    this.#note = section.querySelector('.note');
  }

  update(json, rates) {
    const of = (key, counter) => rates.take(`${module}/${key}`, count(counter));
    const versions = list(json.ip_versions);
    const rows = [...versions, { ip_version: 'total', packets: json.packets, segments: json.segments }];
    this.#rows.update(rows, (one) => one.ip_version, (cells, one, fresh) => {
      if (fresh && one.ip_version === 'total') text(cells[0], 'total');
      else if (fresh) cells[0].append(key(one.ip_version === 6 ? 1 : 0), `IPv${printable(one.ip_version)}`);
      figure(cells[1], brief(of(`${one.ip_version}/packets`, one.packets).now));
      figure(cells[2], brief(of(`${one.ip_version}/segments`, one.segments).now));
      figure(cells[3], grouped(count(one.packets)), count(one.packets));
      figure(cells[4], grouped(count(one.segments)), count(one.segments));
    });
    this.#chart.draw([4, 6].map((version) => of(`${version}/packets`, versions.find((one) => one.ip_version === version)?.packets)));
    text(this.#note, `Published: ${grouped(count(json.published))}, in steps of ${grouped(count(json.counter))}.`);
    return [of('total/packets', json.packets)];
  }
}
