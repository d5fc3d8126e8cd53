// SPDX-License-Identifier: GPL-2.0-only
// The live page in headless Chromium, with an exporter that sends what the test wants. For the history see past.test.js.

import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import { beforeEach, describe, test } from 'node:test';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { capturedStats, capturedStatus, grow, toText } from './exporter.js';
import { exporter, context, page, complaints, foreign, open, shown, second, quiet, rows, tile, connection, state, words } from './opened.js';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const directory = fileURLToPath(new URL('../../userspace/exporter/page/', import.meta.url));

describe('the figures', () => {
  // No event may come by itself during a comparison.
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
    // And they disappear again when sent frames are no longer counted.
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

    // The same reading again, because a new stream starts with it.
    exporter.send(toText(exporter.stats));
    await page.waitForTimeout(200);
    assert.equal((await tile('kstat')).rates[0], '250/s');

    // Two seconds between two readings: half the rate.
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
    // Chromium itself reports each unanswered request.
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
      // Interfaces and addresses appear and disappear all the time.
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
    // Fill everything that is forgotten after two minutes.
    for (let i = 0; i < 130; i += 1) exporter.send();
    await shown();
    const first = await used();
    // Each second removes and creates about 30 nodes.
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
