// SPDX-License-Identifier: GPL-2.0-only
// The view of the history: one panel for each table, or a single device.

import { Chart } from './chart.js';
import { Refused, deviceHash, frameOf, hashOf, lineOf, partOf, totalOf } from './history.js';
import { Rows, bar, deviceHead, element, figure, key, more, text } from './table.js';
import { brief, bytes, bytesRate, countRate, grouped, percent, printable, seconds, share } from './format.js';
import { count, list, parse, sum } from './reading.js';

const most = 100; // lines of a table
const every = 60_000; // the recorder writes once a minute
const patience = 30_000;

const column = (head, name, form = grouped) => ({ head, form, of: (line) => count(line[name]) });
const faults = (line) => sum(['receive_errors', 'transmit_errors', 'receive_dropped', 'transmit_dropped'].map((name) => count(line[name])));
const of = (line) => [count(line.sent_bytes), count(line.received_bytes)].reduce((all, one) => all + (one ?? 0n), 0n);

// How a chart shows a period of /api/v1/history. parts: the number of lines besides the total.
const inBytes = { unit: 'Bytes a second', form: bytesRate, least: 100, parts: 0 };
const inPackets = { unit: 'Packets a second', form: countRate, least: 1, parts: 12 };
const traffic = [column('sent', 'sent_bytes', bytes), column('received', 'received_bytes', bytes), column('frames sent', 'sent_packets'), column('frames received', 'received_packets')];

const panels = [
  {
    ...inBytes, what: 'devices', title: 'Devices', label: 'Device', names: ['sent', 'received'],
    lines: [totalOf('sent_bytes'), totalOf('received_bytes')], columns: traffic, device: true,
  },
  {
    ...inBytes, what: 'interfaces', title: 'Interfaces', label: 'Interface', names: ['received', 'sent'],
    lines: [totalOf('received_bytes'), totalOf('sent_bytes')], head: (cell, line) => text(cell, printable(line.interface)), keyOf: (line) => line.interface,
    columns: [column('received', 'received_bytes', bytes), column('sent', 'sent_bytes', bytes), column('packets received', 'received_packets'), column('packets sent', 'sent_packets'), { head: 'faults', form: brief, of: faults }],
  },
  {
    ...inPackets, what: 'loopback', title: 'Loopback', label: 'Protocol', names: ['TCP', 'UDP', 'ICMP', 'other'],
    lines: [['tcp'], ['udp'], ['icmp', 'icmpv6'], ['other']].map((names) => partOf('packets', ({ protocol }) => names.includes(protocol))),
    head: (cell, line) => cell.append(printable(line.protocol), ' ', element('small', '', `IPv${printable(line.ip_version)}`)), keyOf: (line) => `${line.ip_version}/${line.protocol}`,
    columns: [column('packets', 'packets'), column('segments', 'segments'), column('bytes', 'bytes', bytes)],
  },
  {
    ...inPackets, what: 'tcp', title: 'Outgoing TCP', label: 'Version', names: ['IPv4', 'IPv6'],
    lines: ['4', '6'].map((version) => partOf('packets', (line) => String(line.ip_version) === version)),
    head: (cell, line) => text(cell, `IPv${printable(line.ip_version)}`), keyOf: (line) => line.ip_version,
    columns: [column('packets', 'packets'), column('segments', 'segments')],
  },
  {
    ...inPackets, what: 'exits', title: 'Process exits', label: 'Ended by', unit: 'Exits a second', names: ['processes', 'failed'],
    lines: [totalOf('exits'), partOf('exits', ({ reason }) => reason !== 'code 0')],
    head: (cell, line) => text(cell, printable(line.reason)), keyOf: (line) => line.reason,
    columns: [column('exits', 'exits')],
  },
];

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const at = (second) => new Date(second * 1000);

// ---- asking

async function ask(what, parameters, signal) {
  const answer = await fetch(`api/v1/history?${new URLSearchParams({ what, ...parameters })}`, { signal });
  const words = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, words);
  return parse(words);
}

// If readings are a second apart, an hour has too many of them; then draw it in steps of five minutes.
async function askForChart(what, parameters, by, signal) {
  try {
    return await ask(what, { ...parameters, by }, signal);
  } catch (error) {
    if (error.status !== 400 || by !== 'interval') throw error;
    return ask(what, { ...parameters, by: '5min' }, signal);
  }
}

// ---- a panel

function tableOf(title, heads, first) {
  const box = element('div', 'scroll');
  box.tabIndex = 0;
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', `${title}, table`);
  const table = element('table');
  const row = element('tr');
  row.append(...[first, ...heads].map((head) => {
    const cell = element('th', head.startsWith('share') ? 'bar' : '', head);
    cell.scope = 'col';
    return cell;
  }));
  const thead = element('thead');
  thead.append(row);
  const body = element('tbody');
  table.append(element('caption', 'unseen', title), thead, body);
  box.append(table);
  return { box, body };
}

class Panel {
  node = element('section', 'wide');
  #spec;
  #title;
  #why = element('p', 'why');
  #body = element('div', 'body pair');
  #chart;
  #rows;
  #more = element('p', 'more');
  #periods = null;

  // alone: for one device, with a table of its periods.
  constructor(spec, alone = false) {
    this.#spec = spec;
    this.#title = element('h2', '', alone ? 'Traffic' : spec.title);
    this.#title.id = `past-${spec.what}`;
    this.node.setAttribute('aria-labelledby', this.#title.id);
    const heading = element('div', 'head');
    heading.append(this.#title);
    const keys = element('p', 'keys');
    spec.names.forEach((name, line) => {
      const one = element('span');
      one.append(key(line), name);
      keys.append(one);
    });
    heading.append(keys);
    const chart = element('div', 'chart');
    this.#chart = new Chart(chart, { title: spec.unit, names: spec.names, form: spec.form, least: spec.least });
    const columns = spec.columns.map(({ head }) => head);
    const lines = tableOf(spec.title, spec.device ? ['on', 'share', ...columns] : columns, spec.label);
    this.#rows = new Rows(lines.body, ['mac', ...(spec.device ? ['name', 'bar'] : []), ...columns.map(() => 'total')]);
    lines.box.append(this.#more);
    const right = element('div');
    right.append(lines.box);
    if (alone) {
      const periods = tableOf('Period by period', columns, 'From');
      this.#periods = new Rows(periods.body, ['', ...columns.map(() => 'total')]);
      right.append(periods.box);
    }
    this.#why.hidden = true;
    this.#body.append(chart, right);
    this.node.append(heading, this.#why, this.#body);
  }

  async refresh({ range, device }, signal) {
    const { what, parts } = this.#spec;
    const asked = { last: range.word, ...(device !== null && { device }) };
    try {
      const whole = await ask(what, { ...asked, top: most }, signal);
      const chart = await askForChart(what, { ...asked, top: parts }, range.by, signal);
      const periods = this.#periods && (await ask(what, { ...asked, top: 0, by: range.rows }, signal));
      this.#show(range, whole, chart, periods);
    } catch (error) {
      if (!(error instanceof Refused) || error.status === 404) throw error;
      this.#say(error);
    }
  }

  #say(error) {
    this.#why.hidden = error === null;
    text(this.#why, error === null ? '' : `No figures: ${[error.message, error.cure].filter(Boolean).join('; ')}.`);
    this.node.classList.toggle('absent', error !== null);
  }

  #show(range, whole, chart, periods) {
    this.#say(null);
    const frame = frameOf(chart);
    const label = range.rows === 'day' || range.rows === 'month' ? date : chart.to - chart.from > 82_800 ? dateTime : time;
    this.#chart.frame(frame.points, [chart.from, (chart.from + chart.to) / 2, chart.to].map((second) => label.format(at(second))), `the last ${range.title}`);
    this.#chart.draw(this.#spec.lines.map((numberOf) => lineOf(chart, frame, numberOf)));
    this.#showLines(range, whole);
    if (periods) this.#showPeriods(range, periods);
  }

  #showLines(range, { lines, total, left_out: left }) {
    const { columns, device, head, keyOf } = this.#spec;
    const all = device ? of(total) : null;
    this.#rows.update(list(lines), device ? (line) => `${line.interface}/${line.mac}` : keyOf, (cells, line, fresh) => {
      if (fresh) (head ?? ((cell) => deviceHead(cell, line, line.mac === 'other' ? null : deviceHash(line.mac, range))))(cells[0], line);
      const link = device && cells[0].querySelector('a');
      if (link) link.href = deviceHash(line.mac, range);
      if (device) {
        text(cells[1], printable(line.interface));
        bar(cells[2], share(of(line), all), percent(share(of(line), all)));
      }
      this.#fill(cells.slice(device ? 3 : 1), columns, line);
    });
    more(this.#more, Number(left ?? 0), 'in the sums: kmonctl history lists all');
    if (list(lines).length > 0) return;
    this.#more.hidden = false;
    text(this.#more, 'Nothing was counted in this time.');
  }

  #fill(cells, columns, values) {
    columns.forEach(({ of: number, form }, column) => figure(cells[column], form(number(values)), number(values)));
  }

  #showPeriods(range, { periods }) {
    const form = range.rows === 'day' || range.rows === 'month' ? date : dateTime;
    this.#periods.update(list(periods).reverse(), (period) => period.from, (cells, period) => {
      text(cells[0], form.format(at(period.from)));
      this.#fill(cells.slice(1), this.#spec.columns, period.total);
    });
  }
}

// ---- all of them

export class Past {
  #main;
  #title;
  #said;
  #about;
  #attention;
  #back;
  #panels = [];
  #route = null;
  #shown = '';
  #asking = null;
  #timer = 0;

  constructor(main) {
    this.#main = main;
    this.#title = main.querySelector('h2');
    this.#said = main.querySelector('[role=status]');
    this.#about = main.querySelector('.about');
    this.#attention = main.querySelector('.attention');
    this.#back = main.querySelector('.back');
    document.addEventListener('visibilitychange', () => this.#refresh());
  }

  // null: hides the history.
  show(route) {
    this.#route = route;
    this.#main.hidden = route === null;
    if (route === null) return this.#rest();
    const shown = route.device ?? '';
    if (this.#panels.length === 0 || shown !== this.#shown) this.#build(route);
    this.#shown = shown;
    text(this.#title, route.device === null ? `The last ${route.range.title}` : `${printable(route.device)}, the last ${route.range.title}`);
    text(this.#about, '');
    this.#back.hidden = route.device === null;
    this.#back.querySelector('a').href = hashOf(route.range);
    this.#main.ariaBusy = 'true'; // what is shown belongs to another time
    return this.#refresh();
  }

  focus() {
    this.#title.focus();
  }

  #build({ device }) {
    for (const { node } of this.#panels) node.remove();
    this.#panels = device === null ? panels.map((spec) => new Panel(spec)) : [new Panel(panels[0], true)];
    this.#main.append(...this.#panels.map(({ node }) => node));
  }

  #rest() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }

  async #refresh() {
    this.#rest();
    if (this.#route === null || document.hidden) return;
    const asking = new AbortController();
    this.#asking = asking;
    const late = setTimeout(() => asking.abort(), patience);
    let wrong = null;
    try {
      await this.#askWhole(asking.signal);
      for (const panel of this.#panels) await panel.refresh(this.#route, asking.signal);
    } catch (error) {
      wrong = error;
    }
    clearTimeout(late);
    if (this.#asking !== asking) return; // the user has chosen something else meanwhile
    this.#complain(wrong);
    this.#main.ariaBusy = 'false';
    text(this.#said, this.#title.textContent); // tell screen readers what is shown, but not about refreshes
    this.#timer = setTimeout(() => this.#refresh(), every);
  }

  // Asks for the time that the figures cover, how much of it was recorded, and the device's name.
  async #askWhole(signal) {
    const { range, device } = this.#route;
    const { from, to, seen_seconds: seen, lines } = await ask('devices', { last: range.word, top: device === null ? 0 : 1, ...(device !== null && { device }) }, signal);
    const gap = to - from - seen;
    const unseen = gap > 0 ? ` Recording gap: ${seconds(gap)} of ${seconds(to - from)}. For that time, only the sum is known.` : '';
    text(this.#about, `${dateTime.format(at(from))} to ${dateTime.format(at(to))}.${unseen}`);
    const name = list(lines)[0]?.name;
    if (device !== null && name) text(this.#title, `${printable(name)} (${printable(device)}), the last ${range.title}`);
  }

  #complain(error) {
    this.#attention.hidden = error === null;
    this.#main.classList.toggle('nothing', error instanceof Refused);
    if (error === null) return;
    if (!(error instanceof Refused)) console.error(error);
    text(this.#attention.querySelector('.cause'), error instanceof Refused ? printable(error.message) : 'The exporter does not answer. It is asked again in a minute.');
    const cure = printable(error.cure ?? '');
    this.#attention.querySelector('.cure').hidden = cure === '';
    text(this.#attention.querySelector('code'), cure);
  }
}
