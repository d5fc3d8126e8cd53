// SPDX-License-Identifier: GPL-2.0-only
// A stand-in for kmon-exporter, so that a test decides what the page receives and when. It serves the page's own files, with the
// headers of the real one. On its own (`node exporter.js [PORT]`) it serves the page with made-up growing figures.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { History } from './history.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const page = join(here, '../../userspace/exporter/page');
const types = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

export const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const json = async (name) => JSON.parse(await readFile(join(here, 'fixtures', name), 'utf8'));

// The output of `kmonctl stats --json` on a busy guest, and the service's report if all is well.
export const capturedStats = () => json('stats.json');
export const capturedStatus = () => json('status.json');

// Writes BigInts as JSON integers, which JSON.stringify cannot do.
export function toText(value) {
  const marked = JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `\0${one}` : one));
  return marked.replace(/"\\u0000(\d+)"/g, '$1');
}

export class Exporter {
  stats;
  status;
  history = new History();
  requests = [];
  // false: no events except those from send().
  running = true;
  // Called before each event; it may change `stats`.
  tick = () => {};

  #server;
  #streams = new Set();
  #timer;
  #port = 0;

  constructor(stats, status) {
    this.stats = stats;
    this.status = status;
  }

  // Uses the previous port if there was one, like a service that is restarted.
  async start(port = this.#port) {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise((resolve, reject) => this.#server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.#port = this.#server.address().port;
    this.#timer = setInterval(() => this.running && this.send(), 1000);
    return this;
  }

  async stop() {
    clearInterval(this.#timer);
    this.#streams.clear();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get address() {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get streams() {
    return this.#streams.size;
  }

  // Sends the next reading to all listeners.
  send(text = null) {
    if (text === null) this.#advance();
    for (const stream of this.#streams) stream.write(`data: ${text ?? toText(this.stats)}\n\n`);
  }

  #advance() {
    this.stats.timestamp += 1;
    this.stats.monotonic_ms += 1000;
    this.tick(this.stats, this.status);
  }

  async #answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.address);
    this.requests.push(request.url);
    response.setHeader('Content-Security-Policy', policy);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cache-Control', 'no-store');
    if (pathname === '/api/v1/stream') return this.#stream(request, response);
    if (pathname === '/api/v1/stats') return this.#json(response, this.stats);
    if (pathname === '/api/v1/status') return this.#json(response, this.status);
    if (pathname === '/api/v1/history') return this.#past(response, searchParams);
    return this.#file(response, pathname === '/' ? 'index.html' : pathname.slice(1));
  }

  #stream(request, response) {
    response.setHeader('Content-Type', 'text/event-stream');
    this.#streams.add(response);
    request.on('close', () => this.#streams.delete(response));
    response.write(`data: ${toText(this.stats)}\n\n`);
  }

  #past(response, parameters) {
    const { status, json, words } = this.history.answer(parameters);
    if (json) return this.#json(response, json);
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(words);
  }

  #json(response, value) {
    response.setHeader('Content-Type', 'application/json');
    response.end(toText(value));
  }

  async #file(response, name) {
    const type = types[name.split('.').pop()];
    if (!type || !/^[a-z0-9_]+\.[a-z]+$/.test(name)) return response.writeHead(404).end();
    try {
      const content = await readFile(join(page, name));
      response.setHeader('Content-Type', `${type}; charset=utf-8`);
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  }
}

// ---- growing figures, like those of a busy host

// Between 0 and 1: waves of several lengths, occasional bursts, and noise.
function wave(second, period, phase = 0) {
  const turn = (length) => Math.sin((second / length + phase) * 2 * Math.PI);
  const burst = Math.max(0, turn(period * 1.7) - 0.8) * 3;
  return Math.max(0, Math.min(1, 0.3 + 0.14 * turn(period) + 0.1 * turn(period / 3.7) + 0.25 * burst + 0.16 * Math.random()));
}

export function grow(second, stats) {
  const chance = (most) => Math.floor(Math.random() * most);
  const { modules } = stats;
  modules.netmon_proc?.interfaces?.forEach((one, at) => {
    const packets = Math.floor((20 + 1400 * wave(second, 47, at / 3)) / (at + 1)) + chance(60);
    one.rx_packets += packets;
    one.rx_bytes += packets * 1100;
    one.tx_packets += Math.floor(packets / 2);
    one.tx_bytes += Math.floor(packets / 2) * (200 + chance(80));
  });
  const loopback = modules.localhost_monitor;
  loopback?.protocols?.forEach((one, at) => {
    if (one.protocol === 'other') return;
    const packets = Math.floor([220, 90, 2, 0, 60, 30, 1, 0][at] * wave(second, 31, at / 5) * 2) + chance(8);
    one.packets += packets;
    one.segments += packets * (one.protocol === 'tcp' ? 3 : 1);
    one.bytes += packets * 640;
    loopback.packets += packets;
    loopback.sizes[Math.min(4, chance(4) + chance(3))].packets += packets;
  });
  const tcp = modules.kstat;
  if (tcp?.running) tcp.ip_versions.forEach((one, at) => {
    const packets = Math.floor((at ? 60 : 260) * wave(second, 37, at / 4) * 2) + chance(20);
    one.packets += packets;
    one.segments += packets * 4;
    tcp.packets += packets;
    tcp.segments += packets * 4;
    tcp.published = tcp.packets - (tcp.packets % tcp.counter);
  });
  modules.l2packet_counter?.interfaces?.forEach((one) => {
    one.macs.forEach((mac, at) => {
      const frames = Math.floor((500 * wave(second, 47, at / 7)) / (at + 1)) + chance(4);
      if (mac.tx_packets !== undefined) {
        mac.tx_packets += 2 * frames;
        mac.tx_bytes += 2 * frames * 1200;
        one.tx_packets += 2 * frames;
        one.tx_bytes += 2 * frames * 1200;
      }
      mac.packets += frames;
      mac.bytes += frames * 900;
      mac.last_seen = frames ? stats.timestamp : mac.last_seen;
      one.packets += frames;
      one.bytes += frames * 900;
    });
  });
  const exits = modules.process_monitor;
  if (!exits || exits.error) return;
  const ended = 4 + Math.floor(14 * wave(second, 29)) + chance(4);
  exits.exits += ended;
  exits.thread_exits += chance(6);
  exits.nonzero_exits += chance(3);
  exits.killed_by_signal += chance(20) === 0 ? 1 : 0;
  exits.utime_ns += ended * 3_100_000;
  exits.stime_ns += ended * 1_700_000;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const exporter = new Exporter(await capturedStats(), await capturedStatus());
  let second = 0;
  exporter.stats.timestamp = Math.floor(Date.now() / 1000);
  exporter.tick = (stats) => grow((second += 1), stats);
  await exporter.start(Number(process.argv[2] ?? 8000));
  console.log(exporter.address);
}
