// SPDX-License-Identifier: GPL-2.0-only
// A history with predictable numbers: what each line has counted up to any second is known, so any two views of the same time
// agree. It answers like kmon-exporter's /api/v1/history.

const hour = 3600;
const spans = { '15m': 900, '1h': hour, '6h': 6 * hour, '24h': 24 * hour, '7d': 7 * 86400, '30d': 30 * 86400, '1y': 365 * 86400 };
const steps = { interval: 10, '5min': 300, hour, day: 86400 };

export const now = 1_800_000_000; // 2027-01-15 08:00:00 UTC
export const nas = '28:6f:b9:00:00:01';
export const phone = 'd6:00:00:00:00:02';

// `rate` each second, and `hourly` more each full hour.
const steady = (rate, hourly = 0) => (second) => BigInt(rate) * BigInt(second) + BigInt(hourly) * BigInt(Math.floor(second / hour));

function line(labels, columns) {
  return { labels, columns: Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, typeof value === 'number' ? steady(value, value * 7) : value])) };
}

export const usualTables = () => ({
  devices: [
    // From one second to the next, more than a number can hold exactly.
    line({ interface: 'br0', mac: nas, name: 'nas' }, { sent_bytes: (second) => steady(1000, 50)(second) + (second > now - 600 ? 9007199254740993n : 0n), received_bytes: 3000, sent_packets: 2, received_packets: 4 }),
    line({ interface: 'br0', mac: phone, name: null }, { sent_bytes: 100, received_bytes: 10, sent_packets: 1, received_packets: 1 }),
  ],
  interfaces: [line({ interface: 'br0' }, { received_bytes: 1100, sent_bytes: 3010, received_packets: 3, sent_packets: 5, receive_errors: 0, transmit_errors: 1, receive_dropped: 0, transmit_dropped: 2 })],
  loopback: ['tcp', 'udp', 'icmp', 'icmpv6', 'other'].map((protocol, at) => line({ ip_version: protocol === 'icmpv6' ? '6' : '4', protocol }, { packets: 10 - at, segments: 20 - at, bytes: 1000 * (at + 1) })),
  tcp: ['4', '6'].map((version, at) => line({ ip_version: version }, { packets: 5 - at, segments: 9 - at })),
  exits: [line({ reason: 'code 0' }, { exits: 3 }), line({ reason: 'code' }, { exits: 1 }), line({ reason: 'signal' }, { exits: steady(0, 2) })],
});

function nextOf(by, second) {
  if (by !== 'month') return (Math.floor(second / steps[by]) + 1) * steps[by];
  const date = new Date(second * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) / 1000;
}

export class History {
  tables = usualTables();
  begin = now - 400 * 86400; // recorded since then
  gap = null; // { from, to }: nothing was recorded in that time
  // Returns an error to answer instead: { status, words }.
  refuse = () => null;

  answer(parameters) {
    const { what = 'devices', last = '24h', by, top = 100, device } = Object.fromEntries(parameters);
    const refused = this.refuse(Object.fromEntries(parameters));
    if (refused) return refused;
    const from = now - spans[last] - ((now - spans[last]) % 300);
    const wanted = this.tables[what].filter(({ labels }) => device === undefined || Object.values(labels).includes(device));
    const shown = wanted.slice(0, Number(top));
    const answer = { table: what, from, to: now, seen_seconds: this.#seen(from, now), total: this.#sum(what, wanted, from, now), left_out: wanted.length - shown.length, lines: this.#lines(shown, from, now) };
    if (by === undefined) return { status: 200, json: answer };
    answer.periods = [];
    for (let begin = from, end; begin < now; begin = end) {
      end = Math.min(nextOf(by, begin), now);
      if (end <= this.begin || (this.gap && begin >= this.gap.from && end <= this.gap.to)) continue;
      answer.periods.push({ from: begin, to: end, seen_seconds: this.#seen(begin, end), total: this.#sum(what, wanted, begin, end), lines: this.#lines(shown, begin, end) });
    }
    return { status: 200, json: answer };
  }

  #seen(from, to) {
    const missed = this.gap ? Math.max(0, Math.min(to, this.gap.to) - Math.max(from, this.gap.from)) : 0;
    return Math.max(0, to - Math.max(from, this.begin)) - missed;
  }

  #grown(counted, from, to) {
    if (counted === null) return null;
    const between = (a, b) => (b > a ? counted(b) - counted(a) : 0n);
    const begin = Math.max(from, this.begin);
    const { gap } = this;
    if (!gap) return between(begin, to);
    return between(begin, Math.min(to, Math.max(begin, gap.from))) + between(Math.max(begin, gap.to), Math.max(to, gap.to));
  }

  #lines(lines, from, to) {
    return lines.map(({ labels, columns }) => ({ ...labels, ...Object.fromEntries(Object.entries(columns).map(([name, counted]) => [name, this.#grown(counted, from, to)])) }));
  }

  #sum(what, lines, from, to) {
    const names = Object.keys(this.tables[what][0].columns);
    return Object.fromEntries(names.map((name) => [name, lines.some(({ columns }) => columns[name] === null) ? null : lines.reduce((sum, { columns }) => sum + this.#grown(columns[name], from, to), 0n)]));
  }
}
