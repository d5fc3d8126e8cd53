// SPDX-License-Identifier: GPL-2.0-only
// The live page's view of the history, in headless Chromium.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { nas, now } from './history.js';
import { exporter, page, complaints, foreign, open, pastShown, follow, second, quiet, rows, tile, words } from './opened.js';

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
    // The share is of both directions; values too large for a JavaScript number are still exact.
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
    assert.match(await page.innerText('#past .about'), /Recording gap: 3h 00m of 1d 00h. For that time, only the sum is known/);
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
    // The legend beside the lines says the same.
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

    // Another time for the same device; then reload the page; then all devices.
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
    // Chromium itself reports each unsuccessful answer.
    assert.deepEqual(complaints.filter((one) => !/status of 404/.test(one)), []);
    assert.deepEqual(foreign, []);
  });

  test('one table that cannot be read is told in its panel, and the others are shown', async () => {
    exporter.history.refuse = ({ what }) => (what === 'tcp' ? { status: 503, words: 'the answer takes too long\nask for a shorter time' } : null);
    await open({ hash: '#/1h' });
    assert.equal(await page.innerText('[aria-labelledby=past-tcp] .why'), 'No figures: the answer takes too long; ask for a shorter time.');
    assert.equal(await page.isVisible('[aria-labelledby=past-tcp] .body'), false);
    assert.equal((await rows('[aria-labelledby=past-exits]')).length, 3);
    // Too many readings for an hour: it is drawn in steps of five minutes.
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
