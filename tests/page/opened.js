// SPDX-License-Identifier: GPL-2.0-only
// The setup of the page's tests: an exporter for each test, the page opened on it, and helpers.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { Exporter, capturedStats, capturedStatus, toText } from './exporter.js';
import { launch } from './browser.js';

export let browser;
export let exporter;
export let context;
export let page;
export let complaints; // the page's errors, and what its policy refused
export let foreign; // requests to another host

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

export async function open({ hash = '', ...options } = {}, prepare = async () => {}) {
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

// Waits until the requested part of the history is shown.
export const pastShown = () => page.waitForFunction(() => !document.getElementById('past').hidden && document.getElementById('past').ariaBusy === 'false');

// Follows a link of the page, and waits.
export async function follow(link) {
  await page.evaluate(() => (document.getElementById('past').ariaBusy = 'true'));
  await page.click(link);
  await pastShown();
}

// Waits until the page shows the exporter's last reading.
export async function shown() {
  const { timestamp } = exporter.stats;
  const time = new Date(Number(timestamp) * 1000).toISOString();
  await page.waitForFunction((at) => document.getElementById('time').dateTime >= at, time, { timeout: 10_000 });
}

// Advances the host's clock by a second, as fast as the page can handle it.
export async function second(change = () => {}) {
  change(exporter.stats.modules);
  exporter.stats.timestamp += 1;
  exporter.stats.monotonic_ms += 1000;
  exporter.send(toText(exporter.stats));
  await shown();
}

export const quiet = () => assert.deepEqual({ complaints, foreign }, { complaints: [], foreign: [] });

// The rows of a table as lists of their cells' contents; exact values if a cell has one.
export function rows(selector) {
  return page.$$eval(`${selector} tbody tr`, (all) =>
    all.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.innerText.replace(/\s+/g, ' ').trim())));
}

export const tile = (module) =>
  page.$$eval('.tile', (all, name) => {
    const found = all.find((one) => one.querySelector('.module').textContent === name);
    return { state: found.querySelector('.state').textContent, rates: [...found.querySelectorAll('dd')].map((one) => one.textContent.replace(/\s/g, ' ')) };
  }, module);

export const connection = () => page.textContent('#connection');
export const state = (word) => page.waitForFunction((wanted) => document.getElementById('connection').textContent === wanted, word, { timeout: 45_000 });
export const words = (value) => String(value);
