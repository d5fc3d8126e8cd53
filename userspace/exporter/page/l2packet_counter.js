// SPDX-License-Identifier: GPL-2.0-only
// Received frames by source address, and sent frames by destination if the module counts them.

import { Chart } from './chart.js';
import { age, brief, bytes, countRate, grouped, percent, printable, share } from './format.js';
import { count, list, sum } from './reading.js';
import { Rows, bar, deviceHead, figure, more, text } from './table.js';
import { deviceHash } from './history.js';

const module = 'l2packet_counter';
const most = 20; // addresses; the stream has at most this many for each interface

function busiest(interfaces) {
  const all = interfaces.flatMap((one) => list(one.macs).map((mac) => ({ ...mac, interface: one.interface, of: (count(one.packets) ?? 0n) + (count(one.tx_packets) ?? 0n) })));
  const frames = new Map(all.map((mac) => [mac, (count(mac.packets) ?? 0n) + (count(mac.tx_packets) ?? 0n)]));
  const key = (mac) => `${mac.mac}${mac.interface}`;
  all.sort((a, b) => (frames.get(a) === frames.get(b) ? (key(a) < key(b) ? -1 : 1) : frames.get(a) > frames.get(b) ? -1 : 1));
  return all.slice(0, most);
}

export class MacAddresses {
  module = module;
  title = 'MAC addresses';
  rates = [{ label: 'frames received', form: countRate }];
  least = 10;

  #section;
  #chart;
  #watched;
  #macs;
  #more;

  constructor(section) {
    this.#section = section;
    this.#chart = new Chart(section.querySelector('.chart'), { title: 'Frames a second', names: ['received', 'sent'], form: countRate, least: 10 });
    this.#watched = new Rows(section.querySelector('.watched tbody'), ['name', 'rate', 'total', 'total', 'total to', 'total to', 'total to', 'total', 'faults', 'total']);
    this.#macs = new Rows(section.querySelector('.macs tbody'), ['mac', 'name', 'bar', 'rate', 'rate', 'total', 'total', 'rate to', 'rate to', 'total to', 'total to', 'age']);
    this.#more = section.querySelector('.more');
  }

  // now: seconds since 1970 by the host's clock.
  update(json, rates, now) {
    const interfaces = list(json.interfaces);
    const both = interfaces.some((one) => one.tx_packets !== undefined);
    this.#section.classList.toggle('both', both);
    this.#showWatched(interfaces, rates);
    this.#showMacs(interfaces, rates, now);
    const series = [rates.take(`${module}/packets`, sum(interfaces.map((one) => count(one.packets))))];
    const sent = () => rates.take(`${module}/tx_packets`, sum(interfaces.map((one) => count(one.tx_packets) ?? 0n)));
    this.#chart.draw(both ? [...series, sent()] : series);
    return series;
  }

  #showWatched(interfaces, rates) {
    this.#watched.update(interfaces, (one) => one.interface, (cells, one) => {
      const untracked = count(one.untracked_packets);
      text(cells[0], printable(one.interface) + (one.waiting === true ? ' (waiting)' : ''));
      figure(cells[1], brief(rates.take(`${module}/${one.interface}`, count(one.packets)).now));
      figure(cells[2], grouped(count(one.packets)), count(one.packets));
      figure(cells[3], bytes(count(one.bytes)), count(one.bytes));
      figure(cells[4], grouped(count(one.tx_packets)), count(one.tx_packets));
      figure(cells[5], bytes(count(one.tx_bytes)), count(one.tx_bytes));
      figure(cells[6], grouped(count(one.tx_group_packets)), count(one.tx_group_packets));
      figure(cells[7], grouped(known(one)));
      figure(cells[8], brief(untracked), untracked);
      cells[8].classList.toggle('some', Boolean(untracked));
      figure(cells[9], brief(count(one.evicted_packets)), count(one.evicted_packets));
    });
  }

  #showMacs(interfaces, rates, now) {
    const macs = busiest(interfaces);
    this.#macs.update(macs, (one) => `${one.interface}/${one.mac}`, (cells, one, fresh) => {
      if (fresh) deviceHead(cells[0], one, deviceHash(one.mac));
      text(cells[1], printable(one.interface));
      const packets = count(one.packets);
      const frames = (packets ?? 0n) + (count(one.tx_packets) ?? 0n);
      const of = (name) => rates.take(`${module}/${one.interface}/${one.mac}/${name}`, count(one[name])).now;
      bar(cells[2], share(frames, one.of), percent(share(frames, one.of)));
      ['', 'tx_'].forEach((way, at) => {
        const [frameRate, byteRate, total, size] = cells.slice(3 + 4 * at);
        figure(frameRate, brief(of(`${way}packets`)));
        figure(byteRate, bytes(of(`${way}bytes`)));
        figure(total, grouped(count(one[`${way}packets`])), count(one[`${way}packets`]));
        figure(size, bytes(count(one[`${way}bytes`])), count(one[`${way}bytes`]));
      });
      text(cells[11], age(count(one.last_seen), now));
    });
    const all = sum(interfaces.map(known));
    more(this.#more, Number(all ?? 0n) - macs.length, 'addresses: kmonctl macs lists all');
  }
}

// The number of an interface's addresses; the list has only some.
function known(one) {
  return count(one.mac_count) ?? BigInt(list(one.macs).length);
}
