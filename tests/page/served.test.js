// SPDX-License-Identifier: GPL-2.0-only
// The page as the real kmon-exporter serves it: KMON_EXPORTER=PROGRAM tests/page/run
// It listens where /etc/kmon.toml says, or at 127.0.0.1:9778. What it counts is this machine's affair; modules may be missing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { policy } from './exporter.js';
import { launch } from './browser.js';

const address = process.env.KMON_ADDRESS ?? 'http://127.0.0.1:9778/';
const directory = fileURLToPath(new URL('../../userspace/exporter/page/', import.meta.url));
let exporter;
let browser;

before(async () => {
  exporter = spawn(process.env.KMON_EXPORTER, { stdio: ['ignore', 'ignore', 'inherit'] });
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
