// SPDX-License-Identifier: GPL-2.0-only
// The page as the real kmon-exporter serves it: KMON_EXPORTER=PROGRAM tests/page/run
// It listens on 127.0.0.1:9778. The figures are this machine's; modules may be missing.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { policy } from './exporter.js';
import { launch } from './browser.js';

const address = process.env.KMON_ADDRESS ?? 'http://127.0.0.1:9778/';
const directory = fileURLToPath(new URL('../../userspace/exporter/page/', import.meta.url));
const unitTests = process.env.KMON_UNIT_TESTS;
let exporter;
let browser;
let system; // the directory that replaces /var/lib and /etc

// Starts it in its own mount namespace, where /var/lib has a history of the last three hours, and /etc the name of a device.
async function startWithHistory() {
  system = await mkdtemp(join(tmpdir(), 'kmon-page-'));
  const { status, stdout } = spawnSync(unitTests, ['--gtest_filter=RecordedHistory.*'], { env: { ...process.env, KMON_KEEP_HISTORY: system }, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  const user = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
  return spawn('unshare', [...user, '--mount', 'sh', '-c', 'mount --bind "$1/var/lib" /var/lib && mount --bind "$1/etc" /etc && exec "$2"', 'sh', system, process.env.KMON_EXPORTER], { stdio: ['ignore', 'ignore', 'inherit'] });
}

before(async () => {
  exporter = unitTests ? await startWithHistory() : spawn(process.env.KMON_EXPORTER, { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let i = 0; i < 50; i += 1) {
    if (await fetch(`${address}healthz`).then(({ ok }) => ok, () => false)) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  browser = await launch();
});

after(async () => {
  await browser.close();
  exporter.kill();
  await once(exporter, 'exit');
  if (system) await rm(system, { recursive: true });
});

describe('the real exporter', () => {
  test('each file is the one of the source, with its type and the policy', async () => {
    const types = { html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' };
    for (const name of [...await readdir(directory), '']) {
      const answer = await fetch(address + name);
      const file = name || 'index.html';
      assert.equal(answer.status, 200, name);
      assert.equal(await answer.text(), await readFile(directory + file, 'utf8'), name);
      assert.ok(answer.headers.get('content-type').startsWith(types[file.split('.').pop()]), name);
      assert.equal(answer.headers.get('content-security-policy'), policy, name);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', name);
    }
  });

  test('the page shows the history to the byte, and each device', { skip: !unitTests && 'expected: no KMON_UNIT_TESTS' }, async () => {
    const page = await browser.newPage();
    const complaints = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.stack));
    const asked = async (query) => (await fetch(`${address}api/v1/history?${query}`)).json();
    const rows = () => page.$$eval('#past > section:first-of-type table:first-of-type tbody tr', (all) => all.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.innerText.replace(/\s+/g, ' ').trim())));
    for (const last of ['24h', '6h']) {
      await page.goto(`${address}#/${last}`);
      await page.waitForFunction((title) => document.querySelector('#past h2').textContent.includes(title) && document.getElementById('past').ariaBusy === 'false', last === '6h' ? '6 hours' : '24 hours');
      const { lines } = await asked(`what=devices&last=${last}`);
      assert.deepEqual((await rows()).map((row) => [row[0], row[1], row[3], row[5]]), lines.map((line) => [line.name ? `${line.name} ${line.mac}` : line.mac, 'br0', String(line.sent_bytes), String(line.sent_packets)]));
      assert.equal((await rows())[0][3], '1080000');
    }
    await page.goto(`${address}#/device/28:6f:b9:00:00:01/24h`);
    await page.waitForFunction(() => document.querySelector('#past h2').textContent.startsWith('nas (') && document.getElementById('past').ariaBusy === 'false');
    const { periods } = await asked('what=devices&last=24h&by=hour&top=0&device=nas');
    const shown = await page.$$eval('#past table', (all) => [...all[1].tBodies[0].rows].map((row) => row.cells[1].dataset.value));
    assert.deepEqual(shown, periods.map(({ total }) => String(total.sent_bytes)).reverse());
    assert.equal(shown.reduce((sum, one) => sum + Number(one), 0), 1_080_000);
    assert.equal((await fetch(`${address}api/v1/history?by=week`)).status, 400);
    assert.equal((await fetch(`${address}api/v1/history`, { method: 'POST' })).status, 405);
    assert.deepEqual(complaints, []);
  });

  test('the page shows what the exporter says, without a complaint', async () => {
    const page = await browser.newPage();
    const complaints = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.stack));
    page.on('request', (request) => request.url().startsWith(address) || complaints.push(request.url()));
    await page.goto(address);
    await page.waitForFunction(() => document.getElementById('connection').dataset.state === 'live');
    await page.waitForTimeout(2500);
    const stats = await (await fetch(`${address}api/v1/stats`)).json();
    const status = await (await fetch(`${address}api/v1/status`)).json();
    assert.equal(await page.title(), `${stats.host} · kmon`);
    for (const [name, { error }] of Object.entries(stats.modules)) {
      assert.equal(await page.isVisible(`#${name} .body`), error === undefined, name);
      const { problem } = status.modules[name];
      if (error && problem) assert.ok((await page.innerText('.attention')).includes(problem.what), problem.what);
    }
    assert.deepEqual(complaints, []);
  });
});
