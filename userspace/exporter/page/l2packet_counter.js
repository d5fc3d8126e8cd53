// SPDX-License-Identifier: GPL-2.0-only
// Received frames by source address.

import { Chart } from './chart.js';
import { age, brief, bytes, countRate, grouped, percent, printable, share } from './format.js';
import { count, list, sum } from './reading.js';
import { Rows, bar, figure, more, text } from './table.js';

const module = 'l2packet_counter';
const most = 20; // addresses; the stream has at most so many of each interface

function busiest(interfaces) {
  const all = interfaces.flatMap((one) => list(one.macs).map((mac) => ({ ...mac, interface: one.interface, of: count(one.packets) })));
  const frames = new Map(all.map((mac) => [mac, count(mac.packets) ?? 0n]));
  const key = (mac) => `${mac.mac}${mac.interface}`;
  all.sort((a, b) => (frames.get(a) === frames.get(b) ? (key(a) < key(b) ? -1 : 1) : frames.get(a) > frames.get(b) ? -1 : 1));
  return all.slice(0, most);
}

export class SourceMacs {
  module = module;
  title = 'Source MACs';
  rates = [{ label: 'frames', form: countRate }];
  least = 10;

  #chart;
  #watched;
  #macs;
  #more;

  constructor(section) {
    this.#chart = new Chart(section.querySelector('.chart'), { title: 'Frames a second', names: ['all watched interfaces'], form: countRate, least: 10 });
    this.#watched = new Rows(section.querySelector('.watched tbody'), ['name', 'rate', 'total', 'total', 'total', 'faults', 'total']);
    this.#macs = new Rows(section.querySelector('.macs tbody'), ['mac', 'name', 'bar', 'rate', 'rate', 'total', 'total', 'age']);
    this.#more = section.querySelector('.more');
  }

  // now: seconds since 1970 by the host's clock.
  update(json, rates, now) {
    const interfaces = list(json.interfaces);
    this.#showWatched(interfaces, rates);
    this.#showMacs(interfaces, rates, now);
    const series = [rates.take(`${module}/packets`, sum(interfaces.map((one) => count(one.packets))))];
    this.#chart.draw(series);
    return series;
  }

  #showWatched(interfaces, rates) {
    this.#watched.update(interfaces, (one) => one.interface, (cells, one) => {
      const untracked = count(one.untracked_packets);
      text(cells[0], printable(one.interface) + (one.waiting === true ? ' (waiting)' : ''));
      figure(cells[1], brief(rates.take(`${module}/${one.interface}`, count(one.packets)).now));
      figure(cells[2], grouped(count(one.packets)), count(one.packets));
      figure(cells[3], bytes(count(one.bytes)), count(one.bytes));
      figure(cells[4], grouped(known(one)));
      figure(cells[5], brief(untracked), untracked);
      cells[5].classList.toggle('some', Boolean(untracked));
      figure(cells[6], brief(count(one.evicted_packets)), count(one.evicted_packets));
    });
  }

  #showMacs(interfaces, rates, now) {
    const macs = busiest(interfaces);
    this.#macs.update(macs, (one) => `${one.interface}/${one.mac}`, (cells, one, fresh) => {
      if (fresh) this.#head(cells[0], one);
      text(cells[1], printable(one.interface));
      const packets = count(one.packets);
      const of = (name) => rates.take(`${module}/${one.interface}/${one.mac}/${name}`, count(one[name])).now;
      bar(cells[2], share(packets, one.of), percent(share(packets, one.of)));
      figure(cells[3], brief(of('packets')));
      figure(cells[4], bytes(of('bytes')));
      figure(cells[5], grouped(packets), packets);
      figure(cells[6], bytes(count(one.bytes)), count(one.bytes));
      text(cells[7], age(count(one.last_seen), now));
    });
    const all = sum(interfaces.map(known));
    more(this.#more, Number(all ?? 0n) - macs.length, 'addresses: kmonctl macs lists all');
  }

  #head(cell, one) {
    const address = document.createElement('code');
    address.textContent = printable(one.mac);
    if (one.name) {
      const name = document.createElement('bdi');
      name.textContent = printable(one.name);
      cell.append(name, ' ');
    }
    cell.append(address);
  }
}

// Addresses that an interface has; the list is cut.
function known(one) {
  return count(one.mac_count) ?? BigInt(list(one.macs).length);
}
