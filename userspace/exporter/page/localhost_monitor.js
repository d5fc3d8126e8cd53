// SPDX-License-Identifier: GPL-2.0-only
// Loopback: packets by protocol, and how large they are.

import { Chart } from './chart.js';
import { brief, bytes, countRate, grouped, percent, printable, share } from './format.js';
import { count, list, sum } from './reading.js';
import { Rows, bar, figure, key, text } from './table.js';

const module = 'localhost_monitor';
const lines = [
  { name: 'TCP', protocols: ['tcp'] },
  { name: 'UDP', protocols: ['udp'] },
  { name: 'ICMP', protocols: ['icmp', 'icmpv6'] },
  { name: 'other', protocols: ['other'] },
];
const words = { tcp: 'TCP', udp: 'UDP', icmp: 'ICMP', icmpv6: 'ICMPv6' };

export class Loopback {
  module = module;
  title = 'Loopback';
  rates = [{ label: 'packets', form: countRate }];
  least = 10;

  #chart;
  #protocols;
  #sizes;

  constructor(section) {
    this.#chart = new Chart(section.querySelector('.chart'), { title: 'Packets a second', names: lines.map(({ name }) => name), form: countRate, least: 10 });
    this.#protocols = new Rows(section.querySelector('.protocols tbody'), ['', 'rate', 'total', 'total', 'total']);
    this.#sizes = new Rows(section.querySelector('.sizes tbody'), ['', 'bar', 'rate', 'total']);
  }

  update(json, rates) {
    const protocols = list(json.protocols);
    this.#chart.draw(lines.map((line) => {
      const of = protocols.filter((one) => line.protocols.includes(one.protocol));
      return rates.take(`${module}/${line.name}`, sum(of.map((one) => count(one.packets))));
    }));
    this.#showProtocols(protocols, rates);
    this.#showSizes(list(json.sizes), rates);
    return [rates.take(`${module}/packets`, count(json.packets))];
  }

  #showProtocols(protocols, rates) {
    this.#protocols.update(protocols, (one) => `${one.ip_version}/${one.protocol}`, (cells, one, fresh) => {
      if (fresh) {
        const version = document.createElement('small');
        version.textContent = `IPv${printable(one.ip_version)}`;
        cells[0].append(key(lines.findIndex((line) => line.protocols.includes(one.protocol))), words[one.protocol] ?? printable(one.protocol), ' ', version);
      }
      const packets = count(one.packets);
      figure(cells[1], brief(rates.take(`${module}/${one.ip_version}/${one.protocol}`, packets).now));
      figure(cells[2], grouped(packets), packets);
      figure(cells[3], grouped(count(one.segments)), count(one.segments));
      figure(cells[4], bytes(count(one.bytes)), count(one.bytes));
    });
  }

  #showSizes(sizes, rates) {
    const all = sum(sizes.map((one) => count(one.packets)));
    this.#sizes.update(sizes, (one) => one.size, (cells, one) => {
      const packets = count(one.packets);
      text(cells[0], printable(one.size).replace('-', '–'));
      bar(cells[1], share(packets, all), percent(share(packets, all)));
      figure(cells[2], brief(rates.take(`${module}/size ${one.size}`, packets).now));
      figure(cells[3], grouped(packets), packets);
    });
  }
}
