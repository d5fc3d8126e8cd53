// SPDX-License-Identifier: GPL-2.0-only
// The live page in headless Chromium, with an exporter that says what the test wants.

import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Exporter, capturedStats, capturedStatus, grow, toText } from './exporter.js';
import { launch } from './browser.js';
import { nas, now } from './history.js';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const directory = fileURLToPath(new URL('../../userspace/exporter/page/', import.meta.url));

let browser;
let exporter;
let context;
let page;
let complaints; // of the page: errors, and what its policy refused
let foreign; // requests to another host

before(async () => (browser = await launch()));
after(() => browser?.close());

beforeEach(async () => {
  exporter = new Exporter(await capturedStats(), await capturedStatus());
  await exporter.start();
});

afterEach(async () => {
  await context?.close();
  context = null;
  await exporter.stop();
});

async function open({ hash = '', ...options } = {}, prepare = async () => {}) {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, timezoneId: 'UTC', ...options });
  page = await context.newPage();
  await prepare();
  complaints = [];
  foreign = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.stack));
  page.on('request', (request) => request.url().startsWith(exporter.address) || foreign.push(request.url()));
  await page.goto(exporter.address + hash);
  await shown();
  if (hash) await pastShown();
}

// Waits until what was asked of the history stands there.
const pastShown = () => page.waitForFunction(() => !document.getElementById('past').hidden && document.getElementById('past').ariaBusy === 'false');

// Follows a link of the page, and waits.
async function follow(link) {
  await page.evaluate(() => (document.getElementById('past').ariaBusy = 'true'));
  await page.click(link);
  await pastShown();
}

// Waits until the page shows the exporter's last reading.
async function shown() {
  const { timestamp } = exporter.stats;
  const time = new Date(Number(timestamp) * 1000).toISOString();
  await page.waitForFunction((at) => document.getElementById('time').dateTime >= at, time, { timeout: 10_000 });
}

// A second of the host goes by, as fast as the page can take it.
async function second(change = () => {}) {
  change(exporter.stats.modules);
  exporter.stats.timestamp += 1;
  exporter.stats.monotonic_ms += 1000;
  exporter.send(toText(exporter.stats));
  await shown();
}

const quiet = () => assert.deepEqual({ complaints, foreign }, { complaints: [], foreign: [] });

// The rows of a table as lists of what stands in their cells; exact values where a cell has one.
function rows(selector) {
  return page.$$eval(`${selector} tbody tr`, (all) =>
    all.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.innerText.replace(/\s+/g, ' ').trim())));
}

const tile = (module) =>
  page.$$eval('.tile', (all, name) => {
    const found = all.find((one) => one.querySelector('.module').textContent === name);
    return { state: found.querySelector('.state').textContent, rates: [...found.querySelectorAll('dd')].map((one) => one.textContent.replace(/\s/g, ' ')) };
  }, module);

const connection = () => page.textContent('#connection');
const state = (word) => page.waitForFunction((wanted) => document.getElementById('connection').textContent === wanted, word, { timeout: 45_000 });
const words = (value) => String(value);

describe('the figures', () => {
  // No event comes by itself in the middle of a comparison.
  beforeEach(() => (exporter.running = false));

  test('every total on the page is that of the JSON', async () => {
    await open();
    const { modules } = exporter.stats;

    assert.deepEqual(
      (await rows('#netmon_proc')).map((row) => [row[0], row[3], row[4], row[7], row[8]]),
      modules.netmon_proc.interfaces.map((one) =>
        [one.interface, one.rx_bytes, one.rx_errors + one.rx_dropped, one.tx_bytes, one.tx_errors + one.tx_dropped].map(words)),
    );
    assert.deepEqual(
      (await rows('#localhost_monitor .protocols')).map((row) => row.slice(2)),
      modules.localhost_monitor.protocols.map((one) => [one.packets, one.segments, one.bytes].map(words)),
    );
    assert.deepEqual(
      (await rows('#localhost_monitor .sizes')).map((row) => [row[0].replace('–', '-'), row[3]]),
      modules.localhost_monitor.sizes.map((one) => [one.size, one.packets].map(words)),
    );
    assert.deepEqual(
      (await rows('#kstat')).map((row) => row.slice(3)),
      [...modules.kstat.ip_versions, modules.kstat].map((one) => [one.packets, one.segments].map(words)),
    );
    assert.match(await page.textContent('#kstat .note'), /Published: 400, in steps of 10\./);
    const exits = modules.process_monitor;
    assert.deepEqual(
      (await rows('#process_monitor')).map((row) => row[2]),
      [exits.exits, exits.nonzero_exits + exits.killed_by_signal, exits.nonzero_exits, exits.killed_by_signal, exits.thread_exits, exits.utime_ns, exits.stime_ns].map(words),
    );
    const [watched] = modules.l2packet_counter.interfaces;
    assert.deepEqual(
      (await rows('#l2packet_counter .watched'))[0],
      [watched.interface, '–', words(watched.packets), words(watched.bytes), '–', '–', '–', words(watched.mac_count), words(watched.untracked_packets), words(watched.evicted_packets)],
    );
    assert.deepEqual(
      (await rows('#l2packet_counter .macs')).map((row) => [row[0], row[5], row[6]]),
      watched.macs.map((one) => [one.mac, one.packets, one.bytes].map(words)),
    );
    assert.match(await page.textContent('#l2packet_counter .more'), new RegExp(`and ${watched.mac_count - 20} more`));
    quiet();
  });

  test('sent frames stand beside the received ones where the module counts them', async () => {
    const { modules } = exporter.stats;
    for (const one of modules.l2packet_counter.interfaces) {
      Object.assign(one, { tx_packets: 777_001, tx_bytes: 777_000_001, tx_untracked_packets: 0, tx_untracked_bytes: 0, tx_evicted_packets: 0, tx_evicted_bytes: 0, tx_group_packets: 13, tx_group_bytes: 1300 });
      one.macs.forEach((mac, at) => Object.assign(mac, { tx_packets: 1000 + at, tx_bytes: 100_000 + at }));
    }
    await open();
    const [watched] = modules.l2packet_counter.interfaces;
    assert.deepEqual((await rows('#l2packet_counter .watched'))[0].slice(2, 7), [watched.packets, watched.bytes, 777_001, 777_000_001, 13].map(words));
    const shownMacs = new Map((await rows('#l2packet_counter .macs')).map((row) => [row[0], [row[5], row[6], row[9], row[10]]]));
    for (const mac of watched.macs) assert.deepEqual(shownMacs.get(mac.mac), [mac.packets, mac.bytes, mac.tx_packets, mac.tx_bytes].map(words), mac.mac);
    await second(() => {
      watched.macs[0].tx_packets += 40;
      watched.macs[0].tx_bytes += 50_000;
      watched.tx_packets += 40;
    });
    const row = (await rows('#l2packet_counter .macs')).find(([mac]) => mac === watched.macs[0].mac);
    assert.deepEqual(row.slice(7, 9), ['40', '50.0 kB']);
    assert.match(await page.getAttribute('#l2packet_counter .chart', 'aria-label'), /sent/);
    quiet();
    // And again nothing of them, when it does so no more.
    for (const one of modules.l2packet_counter.interfaces) {
      for (const of of [one, ...one.macs]) for (const name of Object.keys(of)) if (name.startsWith('tx_')) delete of[name];
    }
    await second();
    assert.equal(await page.isVisible('#l2packet_counter .macs .to'), false);
    quiet();
  });

  test('rates are what was counted in a second of the host', async () => {
    await open();
    await second((modules) => {
      modules.netmon_proc.interfaces[1].rx_bytes += 1_234_567;
      modules.netmon_proc.interfaces[1].tx_packets += 42;
      modules.localhost_monitor.protocols[1].packets += 77;
      modules.localhost_monitor.packets += 77;
      modules.localhost_monitor.sizes[2].packets += 77;
      modules.kstat.ip_versions[1].packets += 250;
      modules.kstat.packets += 250;
      modules.l2packet_counter.interfaces[0].packets += 900;
      modules.l2packet_counter.interfaces[0].macs[0].packets += 900;
      modules.process_monitor.exits += 31;
      modules.process_monitor.killed_by_signal += 3;
    });
    assert.deepEqual((await rows('#netmon_proc'))[1].slice(1, 3), ['1.23 MB', '0']);
    assert.equal((await rows('#netmon_proc'))[1][6], '42');
    assert.equal((await rows('#localhost_monitor .protocols'))[1][1], '77');
    assert.deepEqual((await rows('#localhost_monitor .sizes')).map((row) => row[2]), ['0', '0', '77', '0', '0']);
    assert.deepEqual((await rows('#kstat')).map((row) => row[1]), ['0', '250', '250']);
    assert.equal((await rows('#l2packet_counter .macs'))[0][3], '900');
    assert.deepEqual((await rows('#process_monitor')).map((row) => row[1]).slice(0, 4), ['31', '3', '0', '3']);
    assert.deepEqual((await tile('netmon_proc')).rates, ['1.23 MB/s', '0 B/s']);
    assert.deepEqual((await tile('process_monitor')).rates, ['31/s', '3/s']);

    // The same reading again, as a new stream begins with it.
    exporter.send(toText(exporter.stats));
    await page.waitForTimeout(200);
    assert.equal((await tile('kstat')).rates[0], '250/s');

    // Two seconds between two readings: half as much a second.
    exporter.stats.monotonic_ms += 1000;
    await second((modules) => (modules.kstat.packets += 1000));
    assert.equal((await rows('#kstat'))[2][1], '500');
    quiet();
  });

  test('counters are exact up to the last one that 64 bits hold, and so are their rates', async () => {
    const most = 18446744073709551615n;
    exporter.stats.modules.netmon_proc.interfaces[0].rx_bytes = most - 1000n;
    exporter.stats.modules.kstat.packets = 9007199254740993n; // the first that a number cannot hold
    await open();
    assert.equal((await rows('#kstat'))[2][3], '9007199254740993');
    await second((modules) => {
      modules.netmon_proc.interfaces[0].rx_bytes = most;
      modules.kstat.packets += 2n;
    });
    assert.equal((await rows('#netmon_proc'))[0][3], words(most));
    assert.equal((await rows('#netmon_proc'))[0][1], '1.00 kB');
    assert.equal((await rows('#kstat'))[2][1], '2');
    assert.equal(await page.textContent('#kstat tr:last-child td:nth-child(4)'), '9,007,199,254,740,995');
    quiet();
  });

  test('a module that is loaded anew has no rate for a moment, never a negative one', async () => {
    await open();
    await second((modules) => (modules.kstat.packets += 5));
    await second((modules) => (modules.kstat.packets = 3));
    assert.equal((await tile('kstat')).rates[0], '–');
    await second((modules) => (modules.kstat.packets += 5));
    assert.equal((await tile('kstat')).rates[0], '5/s');
    const path = await page.getAttribute('#kstat .line.s0', 'd');
    assert.doesNotMatch(path, /NaN|Infinity| (10[1-9]|1[1-9]\d|[2-9]\d\d|-)/, 'nothing is drawn outside of the chart');
    quiet();
  });

  test('interfaces come and go; the chart is of the one that was chosen', async () => {
    await open();
    await page.selectOption('.choice', 'veth0');
    await second((modules) => {
      modules.netmon_proc.interfaces[1].rx_bytes += 2000;
      modules.netmon_proc.interfaces.push({ ...modules.netmon_proc.interfaces[0], interface: 'wlan0' });
    });
    assert.deepEqual((await rows('#netmon_proc')).map((row) => row[0]), ['veth1', 'veth0', 'br0', 'wlan0']);
    assert.equal(await page.inputValue('.choice'), 'veth0');
    assert.match(await page.textContent('#netmon_proc .scale'), /^2\.00\skB\/s/);
    await second((modules) => modules.netmon_proc.interfaces.splice(1, 1));
    assert.deepEqual((await rows('#netmon_proc')).map((row) => row[0]), ['veth1', 'br0', 'wlan0']);
    assert.equal(await page.inputValue('.choice'), '', 'all interfaces again');
    quiet();
  });
});

describe('the modules', () => {
  beforeEach(() => (exporter.running = false));

  test('one that is missing is told with its cause and its cure, and the others go on', async () => {
    exporter.stats.modules.kstat = { error: 'kstat is not loaded' };
    Object.assign(exporter.status.modules.kstat, { loaded: false, applied: false, problem: { what: 'kstat is not built for Linux 6.1.0', cure: 'dkms install kmon/1.0.0' } });
    await open();
    await page.waitForFunction(() => document.querySelector('.attention').innerText.includes('dkms'));
    assert.deepEqual(await tile('kstat'), { state: 'not loaded', rates: ['–'] });
    assert.deepEqual(await tile('netmon_proc'), { state: 'counting', rates: ['–', '–'] });
    assert.deepEqual((await page.innerText('.attention dl')).split('\n').filter(Boolean), ['Outgoing TCP (kstat)', 'kstat is not built for Linux 6.1.0', 'dkms install kmon/1.0.0']);
    assert.match(await page.innerText('#kstat .why'), /kstat is not built for Linux 6\.1\.0/);
    assert.equal(await page.isVisible('#kstat .body'), false);

    exporter.stats.modules.kstat = (await capturedStats()).modules.kstat;
    exporter.status = await capturedStatus();
    await second();
    await page.waitForFunction(() => document.querySelector('.attention').hidden);
    assert.equal((await tile('kstat')).state, 'counting');
    assert.match(await page.textContent('#changes'), /Outgoing TCP: counting/, 'screen readers are told');
    quiet();
  });

  test('what does not count, waits or was changed by hand is told, too', async () => {
    exporter.stats.modules.kstat.running = false;
    exporter.stats.modules.l2packet_counter.interfaces[1].waiting = true;
    exporter.stats.modules.process_monitor.armed = false;
    exporter.status.modules.localhost_monitor.differences = [{ parameter: 'log_packets', is: '1', configured: '0', at_load: false }];
    await open();
    await page.waitForFunction(() => document.querySelector('.attention').innerText.includes('log_packets'));
    assert.deepEqual((await tile('kstat')).state, 'stopped');
    assert.deepEqual((await tile('l2packet_counter')).state, 'waiting');
    assert.deepEqual((await tile('process_monitor')).state, 'blind');
    const text = await page.innerText('.attention dl');
    for (const words of ['kmonctl kstat start', 'waits for br0', 'no exit is seen', 'log_packets is "1", the configuration says "0"']) assert.ok(text.includes(words), words);
    quiet();
  });

  test('one that is off as configured is no fault; one that the page does not know has a tile', async () => {
    exporter.stats.modules.kstat = { error: 'kstat is not loaded' };
    Object.assign(exporter.status.modules.kstat, { wanted: false, loaded: false });
    exporter.stats.modules.disk_monitor = { version: '1.1.0', reads: 5 };
    await open();
    await page.waitForFunction(() => [...document.querySelectorAll('.tile .state')].some((one) => one.textContent === 'off'));
    await second();
    assert.equal((await tile('kstat')).state, 'off');
    assert.equal((await tile('disk_monitor')).state, 'counting');
    assert.equal(await page.isVisible('.attention'), false);
    quiet();
  });
});

describe('the connection', () => {
  test('the page takes up again by itself when the exporter was restarted, and says so meanwhile', async () => {
    await open();
    await state('Live');
    await exporter.stop();
    await state('No answer; trying again');
    assert.equal(await page.evaluate(() => document.body.classList.contains('stale')), true);
    exporter.stats.modules.kstat.packets += 11;
    await exporter.start();
    await state('Live');
    await shown();
    assert.equal((await rows('#kstat'))[2][3], words(exporter.stats.modules.kstat.packets));
    assert.deepEqual(foreign, []);
    // Chromium itself notes each request that nobody answered.
    assert.deepEqual(complaints.filter((one) => !/net::ERR_/.test(one)), []);
  });

  test('the longer nobody answers, the more seldom it asks', async () => {
    await open({}, async () => {
      await page.clock.install();
      await page.addInitScript(() => {
        window.attempts = 0;
        const { EventSource: Real } = window;
        window.EventSource = class extends Real { constructor(...all) { super(...all); window.attempts += 1; } };
      });
    });
    await exporter.stop();
    await state('No answer; trying again');
    await page.clock.pauseAt(Date.now() + 1000);
    const attempts = () => page.evaluate(() => window.attempts);
    const before = await attempts();
    for (let i = 0; i < 120; i += 1) {
      await page.clock.runFor(1000);
      await page.waitForTimeout(20); // to be refused
    }
    const asked = (await attempts()) - before;
    // 1, 2, 4, 8, 16, 30 and 30 seconds, each a quarter more or less
    assert.ok(asked >= 5 && asked <= 8, `${asked} attempts in two minutes`);
    await exporter.start();
    await page.click('#pause'); // it says: Try now
    await state('Live');
  });

  test('there is no connection while nobody looks, or while it is paused', async () => {
    await open();
    const hide = (hidden) => page.evaluate((now) => {
      Object.defineProperty(document, 'hidden', { value: now, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    const streams = async (wanted) => {
      for (let i = 0; i < 100 && exporter.streams !== wanted; i += 1) await page.waitForTimeout(50);
      assert.equal(exporter.streams, wanted);
    };
    await streams(1);
    await hide(true);
    await streams(0);
    await hide(false);
    await streams(1);
    await page.click('#pause');
    await streams(0);
    assert.equal(await connection(), 'Paused');
    await hide(true);
    await hide(false);
    await page.waitForTimeout(300);
    assert.equal(exporter.streams, 0, 'paused is paused');
    await page.keyboard.press('Enter'); // the button has the focus still
    await streams(1);
    await state('Live');
    quiet();
  });

  test('an answer that is no JSON, or not the one that was expected, breaks nothing', async () => {
    await open();
    for (const nonsense of ['{', 'null', '[]', '{"modules":null}', '{"modules":{"kstat":null,"netmon_proc":[],"l2packet_counter":{"interfaces":{}}}}', '{"modules":{"kstat":{"packets":"x","ip_versions":[null,1]}}}']) {
      exporter.send(nonsense);
    }
    await page.waitForTimeout(300);
    exporter.send();
    await shown();
    await state('Live');
    assert.equal((await rows('#kstat'))[2][3], words(exporter.stats.modules.kstat.packets));
    quiet();
  });
});

describe('some time that has passed', () => {
  beforeEach(() => (exporter.running = false));

  const asked = (parameters) => exporter.history.answer(new URLSearchParams(parameters)).json;
  const exact = (line, names) => names.map((name) => words(line[name]));
  const historyRequests = () => exporter.requests.filter((url) => url.startsWith('/api/v1/history')).map((url) => Object.fromEntries(new URL(url, exporter.address).searchParams));

  test('every number of every panel is that of the JSON', async () => {
    await open({ hash: '#/24h' });
    const traffic = ['sent_bytes', 'received_bytes', 'sent_packets', 'received_packets'];
    assert.deepEqual(
      (await rows('[aria-labelledby=past-devices]')).map((row) => [row[0], row[1], ...row.slice(3)]),
      asked({ what: 'devices' }).lines.map((line) => [line.name ? `${line.name} ${line.mac}` : line.mac, line.interface, ...exact(line, traffic)]),
    );
    assert.deepEqual(
      (await rows('[aria-labelledby=past-interfaces]')),
      asked({ what: 'interfaces' }).lines.map((line) => [line.interface, ...exact(line, ['received_bytes', 'sent_bytes', 'received_packets', 'sent_packets']), words(line.transmit_errors + line.transmit_dropped)]),
    );
    assert.deepEqual(
      (await rows('[aria-labelledby=past-loopback]')),
      asked({ what: 'loopback' }).lines.map((line) => [`${line.protocol} IPv${line.ip_version}`, ...exact(line, ['packets', 'segments', 'bytes'])]),
    );
    assert.deepEqual((await rows('[aria-labelledby=past-tcp]')), asked({ what: 'tcp' }).lines.map((line) => [`IPv${line.ip_version}`, ...exact(line, ['packets', 'segments'])]));
    assert.deepEqual((await rows('[aria-labelledby=past-exits]')), asked({ what: 'exits' }).lines.map((line) => [line.reason, words(line.exits)]));
    // The share is of both directions; and what no number of JavaScript holds is exact all the same.
    const [first, other] = asked({ what: 'devices' }).lines;
    assert.ok(first.sent_bytes > 2n ** 53n);
    const of = (line) => Number(line.sent_bytes + line.received_bytes);
    assert.equal((await rows('[aria-labelledby=past-devices]'))[1][2], `${((of(other) / (of(first) + of(other))) * 100).toFixed(1)} %`);
    assert.equal(await page.innerText('#past h2'), 'The last 24 hours');
    assert.equal(await page.isVisible('#figures'), false);
    quiet();
  });

  test('each range asks for its time, is marked, and stands in the address; now is the live view', async () => {
    await open();
    const wanted = { '15 minutes': ['15m', 'interval'], '1 hour': ['1h', 'interval'], '6 hours': ['6h', '5min'], '24 hours': ['24h', '5min'], '7 days': ['7d', 'hour'], '30 days': ['30d', 'hour'], '1 year': ['1y', 'day'] };
    assert.deepEqual(await page.$$eval('#ranges a', (all) => all.map((one) => one.textContent)), ['Now', ...Object.keys(wanted)]);
    assert.deepEqual(historyRequests(), [], 'the live view asks for none of it');
    for (const [title, [last, by]] of Object.entries(wanted)) {
      exporter.requests = [];
      await follow(`#ranges a:text-is("${title}")`);
      const requests = historyRequests();
      assert.deepEqual(new Set(requests.map((one) => one.last)), new Set([last]));
      assert.deepEqual(new Set(requests.map((one) => one.what)), new Set(['devices', 'interfaces', 'loopback', 'tcp', 'exits']));
      assert.deepEqual(new Set(requests.map((one) => one.by).filter(Boolean)), new Set([by]));
      assert.equal(await page.innerText('#ranges [aria-current]'), title);
      assert.equal(await page.evaluate(() => location.hash), `#/${last}`);
      assert.equal(await page.innerText('#past h2'), `The last ${title}`);
      assert.equal(await page.textContent('#past [role=status]'), `The last ${title}`, 'screen readers are told');
    }
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('#past h2').textContent === 'The last 30 days');
    await page.click('#ranges a:text-is("Now")');
    await page.waitForSelector('#figures', { state: 'visible' });
    assert.equal(await page.isVisible('#past'), false);
    assert.equal(await page.innerText('#ranges [aria-current]'), 'Now');
    await second((modules) => (modules.kstat.packets += 9));
    assert.equal((await tile('kstat')).rates[0], '9/s', 'it went on meanwhile');
    quiet();
  });

  test('a chart has what was counted a second, and a gap where nothing is known', async () => {
    exporter.history.gap = { from: now - 6 * 3600, to: now - 3 * 3600 };
    exporter.history.tables.tcp.forEach((line, at) => (line.columns.packets = (second) => BigInt(second) * (at === 0 ? 40n : 10n)));
    await open({ hash: '#/24h' });
    assert.deepEqual((await page.innerText('[aria-labelledby=past-tcp] .scale')).split('\n'), ['50/s', '25/s', '0/s']);
    const points = await page.$eval('[aria-labelledby=past-tcp] .plot', (svg) => svg.getAttribute('viewBox'));
    assert.equal(points, '0 0 287 100', '24 hours by five minutes');
    const path = (line) => page.getAttribute(`[aria-labelledby=past-tcp] .line.s${line}`, 'd');
    const pieces = (await path(0)).split('M').filter(Boolean);
    assert.equal(pieces.length, 2, 'one before the gap and one behind it');
    assert.match(pieces[0], /^0 20\.0h0/, '40 of 50 a second');
    assert.ok(pieces[0].endsWith('L215 20.0'), pieces[0].slice(-20));
    assert.match(pieces[1], /^252 20\.0h0/);
    assert.ok(pieces[1].endsWith('L287 20.0'));
    assert.match(await path(1), /^M0 80\.0h0/);
    assert.equal(
      await page.getAttribute('[aria-labelledby=past-tcp] .chart', 'aria-label'),
      'Line chart of the last 24 hours. Packets a second: IPv4 on average 40/s, at most 40/s; IPv6 on average 10/s, at most 10/s.',
    );
    assert.match(await page.innerText('#past .about'), /Not recorded as it came: 3h 00m of 1d 00h; of these, only the sum can be known/);
    quiet();
  });

  test('each chart has the lines that its words name', async () => {
    const steady = (rate) => (second) => BigInt(rate) * BigInt(second);
    const { devices, interfaces, loopback, tcp, exits } = exporter.history.tables;
    Object.assign(devices[0].columns, { sent_bytes: steady(2000), received_bytes: steady(700) });
    Object.assign(devices[1].columns, { sent_bytes: steady(100), received_bytes: steady(50) });
    Object.assign(interfaces[0].columns, { received_bytes: steady(1100), sent_bytes: steady(4000) });
    loopback.forEach((line, at) => (line.columns.packets = steady(10 * (at + 1))));
    tcp.forEach((line, at) => (line.columns.packets = steady(5 + at)));
    exits.forEach((line, at) => (line.columns.exits = steady([6, 2, 1][at])));
    await open({ hash: '#/6h' });
    const spoken = async (what) => (await page.getAttribute(`[aria-labelledby=past-${what}] .chart`, 'aria-label')).replaceAll('\u00a0', ' ').replace('Line chart of the last 6 hours. ', '');
    const same = (value) => `on average ${value}/s, at most ${value}/s`;
    assert.equal(await spoken('devices'), `Bytes a second: sent ${same('2.10 kB')}; received ${same('750 B')}.`);
    assert.equal(await spoken('interfaces'), `Bytes a second: received ${same('1.10 kB')}; sent ${same('4.00 kB')}.`);
    assert.equal(await spoken('loopback'), `Packets a second: TCP ${same('10')}; UDP ${same('20')}; ICMP ${same('70')}; other ${same('50')}.`);
    assert.equal(await spoken('tcp'), `Packets a second: IPv4 ${same('5')}; IPv6 ${same('6')}.`);
    assert.equal(await spoken('exits'), `Exits a second: processes ${same('9')}; failed ${same('3')}.`);
    assert.deepEqual((await rows('[aria-labelledby=past-devices]')).map((row) => row[2]), ['94.7 %', '5.3 %'], 'of both directions');
    // And what stands beside the lines in their colours says the same.
    assert.deepEqual(await page.$$eval('[aria-labelledby=past-interfaces] .keys > span', (all) => all.map((one) => [one.querySelector('.key').className, one.textContent])), [['key s0', 'received'], ['key s1', 'sent']]);
    quiet();
  });

  test('a device has its own page: both directions, period by period, to the byte', async () => {
    await open({ hash: '#/7d' });
    await follow(`#past a:has-text("${nas}")`);
    assert.equal(await page.evaluate(() => location.hash), `#/device/${nas}/7d`);
    assert.equal(await page.innerText('#past h2'), `nas (${nas}), the last 7 days`);
    assert.equal(await page.evaluate(() => document.activeElement === document.querySelector('#past h2')), true, 'the keyboard goes on there');
    const names = ['sent_bytes', 'received_bytes', 'sent_packets', 'received_packets'];
    const [whole, periods] = [asked({ last: '7d', device: nas }), asked({ last: '7d', device: nas, by: 'day' })];
    const tables = await page.$$eval('#past table', (all) => all.map((table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.innerText.trim()))));
    assert.deepEqual(tables[0].map((row) => row.slice(3)), whole.lines.map((line) => exact(line, names)));
    assert.equal(tables[0][0][2].replace(/\s/, ' '), '100 %');
    assert.deepEqual(tables[1].map((row) => row.slice(1)), [...periods.periods].reverse().map(({ total }) => exact(total, names)));
    const sum = tables[1].reduce((all, row) => all + BigInt(row[1]), 0n);
    assert.equal(words(sum), words(whole.total.sent_bytes));

    // Another time of the same device; then the page anew; then all devices.
    await follow('#ranges a:text-is("1 year")');
    assert.equal(await page.evaluate(() => location.hash), `#/device/${nas}/1y`);
    await page.reload();
    await pastShown();
    assert.equal(await page.innerText('#past h2'), `nas (${nas}), the last 1 year`);
    await follow('#past .back a');
    assert.equal(await page.innerText('#past h2'), 'The last 1 year');
    assert.equal(await page.$$eval('#past > section', (all) => all.length), 5);
    quiet();
  });

  test('the live view leads to the device, too, by the keyboard alone', async () => {
    const [mac] = exporter.stats.modules.l2packet_counter.interfaces[0].macs;
    await open();
    await page.focus(`#l2packet_counter a:has-text("${mac.mac}")`);
    await page.keyboard.press('Enter');
    await pastShown();
    assert.equal(await page.innerText('#past h2'), `${mac.mac}, the last 24 hours`);
    assert.match(await page.innerText('#past'), /Nothing was counted in this time/);
    quiet();
  });

  test('no history: cause and cure; and it is shown when there is one', async () => {
    exporter.history.refuse = () => ({ status: 404, words: 'there is no history: kmon-recorder has not run\nsystemctl enable --now kmon-recorder\n' });
    await open({ hash: '#/24h' });
    assert.equal(await page.innerText('#past .attention .cause'), 'there is no history: kmon-recorder has not run');
    assert.equal(await page.innerText('#past .attention code'), 'systemctl enable --now kmon-recorder');
    assert.equal(await page.getAttribute('#past .attention', 'role'), 'alert');
    assert.equal(await page.isVisible('#past section'), false);
    exporter.history.refuse = () => null;
    await follow('#ranges a:text-is("1 hour")');
    assert.equal(await page.isVisible('#past .attention'), false);
    assert.equal((await rows('[aria-labelledby=past-tcp]')).length, 2);
    // Chromium itself notes each answer that is no success.
    assert.deepEqual(complaints.filter((one) => !/status of 404/.test(one)), []);
    assert.deepEqual(foreign, []);
  });

  test('one table that cannot be read is told in its panel, and the others are shown', async () => {
    exporter.history.refuse = ({ what }) => (what === 'tcp' ? { status: 503, words: 'the answer takes too long\nask for a shorter time' } : null);
    await open({ hash: '#/1h' });
    assert.equal(await page.innerText('[aria-labelledby=past-tcp] .why'), 'No figures: the answer takes too long; ask for a shorter time.');
    assert.equal(await page.isVisible('[aria-labelledby=past-tcp] .body'), false);
    assert.equal((await rows('[aria-labelledby=past-exits]')).length, 3);
    // Too many readings for an hour: it is drawn by five minutes.
    exporter.history.refuse = ({ by }) => (by === 'interval' ? { status: 400, words: 'the answer may have more than 20000 lines' } : null);
    await follow('#ranges a:text-is("15 minutes")');
    assert.equal(await page.isVisible('[aria-labelledby=past-tcp] .body'), true);
    assert.equal(await page.$eval('[aria-labelledby=past-tcp] .plot', (svg) => svg.getAttribute('viewBox')), '0 0 2 100');
    assert.deepEqual(complaints.filter((one) => !/status of (400|503)/.test(one)), []);
  });

  test('what is not recorded is no zero', async () => {
    for (const { columns } of exporter.history.tables.devices) columns.received_bytes = columns.received_packets = null;
    await open({ hash: '#/24h' });
    const [row] = await rows('[aria-labelledby=past-devices]');
    assert.deepEqual([row[4], row[6]], ['–', '–']);
    assert.equal(await page.getAttribute('[aria-labelledby=past-devices] .line.s1', 'd'), '');
    assert.match(await page.getAttribute('[aria-labelledby=past-devices] .chart', 'aria-label'), /received on average –/);
    quiet();
  });

  test('it is asked again once a minute, while somebody looks', async () => {
    await open({ hash: '#/24h' }, () => page.clock.install());
    const count = async (wanted) => {
      for (let i = 0; i < 100 && historyRequests().length < wanted; i += 1) await page.waitForTimeout(20);
      return historyRequests().length;
    };
    const each = await count(11);
    assert.equal(each, 11, 'how long it is, and of five tables the sums and the chart');
    exporter.history.tables.exits[1].columns.exits = (second) => BigInt(second) * 2n;
    await page.clock.runFor(61_000);
    assert.equal(await count(22), 22);
    await page.waitForFunction((value) => document.querySelector('[aria-labelledby=past-exits] tbody tr:nth-child(2) td').dataset.value === value, words(asked({ what: 'exits' }).lines[1].exits));
    const hide = (hidden) => page.evaluate((now) => {
      Object.defineProperty(document, 'hidden', { value: now, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    await hide(true);
    await page.clock.runFor(300_000);
    assert.equal(historyRequests().length, 22, 'nobody looks');
    await hide(false);
    assert.equal(await count(33), 33);
    await page.click('#ranges a:text-is("Now")');
    await page.clock.runFor(120_000);
    assert.equal(historyRequests().length, 33, 'the live view is shown');
  });

  test('names are shown as text, and cannot lead elsewhere', async () => {
    const names = ['<img src=x onerror=alert(1)>', '\u202egpj.exe', "'\"><script>1</script>"];
    const [one] = exporter.history.tables.devices;
    exporter.history.tables.devices = names.map((name, at) => ({ ...one, labels: { interface: name, mac: at === 0 ? '../../x?y#z<b>' : `02:00:00:00:00:0${at}`, name } }));
    await open({ hash: '#/24h' });
    const written = ['<img src=x onerror=alert(1)>', '\\u{202e}gpj.exe', "'\"><script>1</script>"];
    assert.deepEqual((await rows('[aria-labelledby=past-devices]')).map((row) => row[1]), written);
    assert.equal(await page.$('#past img, #past script, #past b'), null);
    await follow('[aria-labelledby=past-devices] tbody a');
    assert.equal(await page.evaluate(() => location.pathname), '/');
    assert.match(await page.innerText('#past h2'), /^<img src=x onerror=alert\(1\)> \(\.\.\/\.\.\/x\?y#z<b>\), the last 24 hours$/);
    for (const hash of ['#/device/%E0%A4%A/24h', '#/2h', '#/device//24h', '#/']) {
      await page.goto(exporter.address + hash);
      await page.waitForSelector('#figures', { state: 'visible' });
    }
    quiet();
  });
});

describe('names that others choose', () => {
  const hostile = ['<img/src=x>', '"><b>x</b>', "';alert(1)//", '\u202egpj.exe', 'a\u0000b\u001b[2J', '\u200beth0', '__proto__', '{{7*7}}'];

  test('are shown as text, and cannot pretend to be another', async () => {
    exporter.running = false;
    const { stats, status } = exporter;
    const { modules } = stats;
    const [one] = modules.netmon_proc.interfaces;
    const [watched] = modules.l2packet_counter.interfaces;
    modules.netmon_proc.interfaces = hostile.map((name) => ({ ...one, interface: name }));
    modules.l2packet_counter.interfaces = hostile.map((name, at) => ({ ...watched, interface: name, macs: [{ ...watched.macs[at], name, mac: at === 0 ? '<script>1</script>' : watched.macs[at].mac }] }));
    modules['<script>document.title=1</script>'] = { error: '<img src=x onerror=alert(1)>' };
    modules.kstat = { error: '<svg/onload=alert(1)>' };
    status.modules.kstat.problem = { what: '<iframe srcdoc=x>', cure: '<a href=javascript:alert(1)>' };
    stats.host = '<h1>\u202ehost</h1>';
    stats.kernel = '</title><script>alert(1)</script>';
    await open();
    await page.waitForFunction(() => document.querySelector('.attention').innerText.includes('iframe'));
    await second();

    const written = ['<img/src=x>', '"><b>x</b>', "';alert(1)//", '\\u{202e}gpj.exe', 'a\\u{0}b\\u{1b}[2J', '\\u{200b}eth0', '__proto__', '{{7*7}}'];
    assert.deepEqual((await rows('#netmon_proc')).map((row) => row[0]), written);
    assert.deepEqual((await page.$$eval('.choice option', (all) => all.map((option) => option.textContent))).slice(1), written);
    assert.deepEqual(new Set((await rows('#l2packet_counter .macs')).map((row) => row[1])), new Set(written));
    for (const [name] of await rows('#l2packet_counter .macs')) assert.ok(written.some((one) => name.startsWith(one)), name);
    assert.equal(await page.title(), '<h1>\\u{202e}host</h1> · kmon');
    assert.deepEqual(await page.$$eval('main *, header *', (all) => all.map((node) => node.localName).filter((name) => ['img', 'script', 'iframe', 'b', 'style'].includes(name))), []);
    assert.equal(await page.$$eval('h1', (all) => all.length), 1);
    assert.equal(await page.$('a[href^="javascript"]'), null);
    quiet();
  });

  test('that are long make nothing wider than the window', async () => {
    exporter.stats.host = 'h'.repeat(64);
    exporter.stats.kernel = '6'.repeat(64);
    exporter.stats.modules.kstat = { error: 'e'.repeat(300) };
    await open({ viewport: { width: 390, height: 844 } });
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(inner <= outer, `${inner} in ${outer}`);
    quiet();
  });
});

describe('for everybody', () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const [name, width] of [['wide', 1440], ['phone', 390]]) {
      test(`axe finds nothing: ${colorScheme}, ${name}`, async () => {
        exporter.stats.modules.process_monitor = { error: 'process_monitor is not loaded' };
        exporter.stats.modules.kstat.running = false;
        await open({ colorScheme, viewport: { width, height: 900 } });
        await page.evaluate(axe);
        const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]), []);
        assert.ok(passes.length > 20, 'it has looked');
        quiet();
      });
    }
  }

  for (const [colorScheme, width] of [['light', 1440], ['dark', 390]]) {
    for (const hash of ['#/24h', '#/device/28:6f:b9:00:00:01/30d']) {
      test(`axe finds nothing in ${hash}, and nothing is wider than the window: ${colorScheme}, ${width}`, async () => {
        await open({ hash, colorScheme, viewport: { width, height: 900 } });
        await page.evaluate(axe);
        const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]), []);
        assert.ok(passes.length > 20, 'it has looked');
        const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(inner <= outer, `${inner} in ${outer}`);
        quiet();
      });
    }
  }

  test('all that can be operated is reached by Tab, in the order of the page', async () => {
    await open();
    const reached = [];
    for (let i = 0; i < 70; i += 1) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate(() => {
        const { id, className, textContent, localName, ariaLabel } = document.activeElement;
        return localName === 'body' ? '' : id || ariaLabel || (localName === 'a' ? textContent : className);
      }));
    }
    const times = ['Now', '15 minutes', '1 hour', '6 hours', '24 hours', '7 days', '30 days', '1 year'];
    assert.deepEqual(reached.slice(0, 16), ['pause', ...times, 'Interfaces', 'Loopback', 'MAC addresses', 'Outgoing TCP', 'Process exits', 'choice', 'Interfaces, table']);
    assert.ok(reached.includes(exporter.stats.modules.l2packet_counter.interfaces[0].macs[0].mac), 'a device leads to its page');
    assert.ok(reached.includes('stats'), reached.join());
  });

  test('no region that screen readers announce changes with the figures', async () => {
    await open();
    await state('Live');
    await page.evaluate(() => {
      window.announced = [];
      for (const region of document.querySelectorAll('[role=status], [aria-live]'))
        new MutationObserver(() => window.announced.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
    });
    let at = 0;
    exporter.tick = (stats) => grow((at += 1), stats);
    for (let i = 0; i < 20; i += 1) exporter.send();
    await shown();
    assert.deepEqual(await page.evaluate(() => window.announced), []);
  });
});

describe('what it costs', () => {
  test('60 seconds of figures leave the memory as it was', async () => {
    await open();
    let at = 0;
    exporter.tick = (stats) => {
      grow((at += 1), stats);
      // Interfaces and addresses come and go all the time.
      stats.modules.netmon_proc.interfaces[2].interface = `veth${at}`;
      stats.modules.l2packet_counter.interfaces[0].macs[19].mac = `02:00:00:00:01:${(at % 256).toString(16).padStart(2, '0')}`;
    };
    const used = async () => {
      const session = await context.newCDPSession(page);
      for (let i = 0; i < 3; i += 1) await session.send('HeapProfiler.collectGarbage');
      const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      await session.detach();
      return { nodes, jsEventListeners, usedSize };
    };
    // What is forgotten after two minutes is full by then.
    for (let i = 0; i < 130; i += 1) exporter.send();
    await shown();
    const first = await used();
    // Each second takes away and makes some 30 nodes.
    for (let i = 0; i < 60; i += 1) {
      exporter.send();
      await page.waitForTimeout(20);
    }
    await shown();
    const last = await used();
    assert.ok(last.nodes <= first.nodes + 200, `nodes: ${first.nodes}, then ${last.nodes}`);
    assert.equal(last.jsEventListeners, first.jsEventListeners);
    assert.ok(last.usedSize <= first.usedSize + 200_000, `heap: ${first.usedSize}, then ${last.usedSize} bytes`);
    quiet();
  });

  test('all files together are less than 90 KB, and each has its licence', async () => {
    let all = 0;
    for (const name of await readdir(directory)) {
      all += (await stat(directory + name)).size;
      assert.match((await readFile(directory + name, 'utf8')).split('\n', 3).join('\n'), /SPDX-License-Identifier: GPL-2\.0-only/, name);
    }
    assert.ok(all < 90_000, `${all} bytes`);
  });
});
