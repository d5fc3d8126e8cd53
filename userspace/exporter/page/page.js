// SPDX-License-Identifier: GPL-2.0-only
// The live page of one host: gets a reading per second from the exporter and shows it, with a section for each module. Instead
// of that it can show the history.

import { Exits } from './process_monitor.js';
import { Interfaces } from './netmon_proc.js';
import { Loopback } from './localhost_monitor.js';
import { OutgoingTcp } from './kstat.js';
import { MacAddresses } from './l2packet_counter.js';
import { Overview } from './overview.js';
import { Past } from './past.js';
import { Rates } from './rates.js';
import { Stream } from './stream.js';
import { count, parse } from './reading.js';
import { hashOf, ranges, routeOf } from './history.js';
import { printable } from './format.js';
import { stateOf } from './states.js';
import { element, text } from './table.js';

const at = (id) => document.getElementById(id);

const sections = [
  new Interfaces(at('netmon_proc')),
  new Loopback(at('localhost_monitor')),
  new MacAddresses(at('l2packet_counter')),
  new OutgoingTcp(at('kstat')),
  new Exits(at('process_monitor')),
];
const overview = new Overview(at('overview'));
const rates = new Rates();

let reading = null;
let report = {}; // the service's report on each module

function show() {
  const modules = reading.modules ?? {};
  rates.begin(reading.monotonic_ms ?? performance.now());
  const tiles = sections.map((section) => showSection(section, modules[section.module]));
  rates.end();
  overview.update([...tiles, ...strangers(modules)]);
  showHost();
  at('figures').ariaBusy = 'false';
}

function showSection(section, json) {
  const state = stateOf(section.module, json, report[section.module]);
  const readable = Boolean(json) && json.error === undefined;
  const element = at(section.module);
  const why = element.querySelector('.why');
  element.classList.toggle('absent', !readable);
  why.hidden = readable;
  text(why, readable ? '' : `No figures: ${state.cause}.`);
  const series = readable ? section.update(json, rates, count(reading.timestamp)) : null;
  return { ...section, link: true, state, series };
}

// Modules for which this page has no section, from a newer exporter.
function strangers(modules) {
  return Object.keys(modules)
    .filter((name) => !sections.some((section) => section.module === name))
    .map((name) => ({ module: printable(name), title: printable(name), link: false, rates: [], least: 1, state: stateOf(name, modules[name], report[name]), series: null }));
}

function showHost() {
  const host = printable(reading.host);
  text(at('host'), host);
  text(at('about'), `Linux ${printable(reading.kernel)}, kmon ${printable(reading.kmon)}`);
  if (document.title !== `${host} · kmon`) document.title = `${host} · kmon`;
  const time = new Date(Number(reading.timestamp) * 1000);
  if (Number.isNaN(time.getTime())) return;
  at('time').dateTime = time.toISOString();
  text(at('time'), time.toLocaleTimeString());
}

// ---- now, or the history

const past = new Past(at('past'));
const links = ranges.map((range) => {
  const link = element('a', '', range.title);
  const item = element('li');
  item.append(link);
  at('ranges').firstElementChild.append(item);
  return { link, range };
});
const now = at('ranges').querySelector('a');

function go(byUser) {
  const route = routeOf(location.hash);
  for (const { link, range } of links) {
    link.href = hashOf(range, route?.device ?? null);
    current(link, range === route?.range);
  }
  current(now, route === null);
  at('figures').hidden = route !== null;
  past.show(route);
  // The link that was followed to a device is now hidden, so move the focus. After choosing another time, leave it.
  if (byUser && route !== null && !at('ranges').contains(document.activeElement)) past.focus();
}

function current(link, is) {
  if (is) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
}

window.addEventListener('hashchange', () => go(true));
go(false);

// ---- the connection

const words = { connecting: 'Connecting…', live: 'Live', lost: 'No answer; trying again', paused: 'Paused' };
const deeds = { connecting: 'Pause', live: 'Pause', lost: 'Try now', paused: 'Resume' };

const stream = new Stream('api/v1/stream?top=20', takeText, (state) => {
  const stale = state === 'lost' || state === 'paused';
  at('connection').dataset.state = state;
  text(at('connection'), words[state]);
  text(at('pause'), deeds[state]);
  document.body.classList.toggle('stale', stale && reading !== null);
  if (state === 'live') askReport();
});

at('pause').addEventListener('click', () => {
  if (stream.state === 'paused') stream.resume();
  else if (stream.state === 'lost') stream.retry();
  else stream.pause();
});

function takeText(data) {
  const before = errors(reading);
  const taken = parseOr(data, null);
  if (taken === null || typeof taken !== 'object') return;
  reading = taken;
  show();
  if (errors(reading) !== before) askReport();
}

// An incomplete answer is ignored: the next one comes in a second.
function parseOr(data, otherwise) {
  try {
    return parse(data);
  } catch {
    return otherwise;
  }
}

function errors(of) {
  return JSON.stringify(Object.entries(of?.modules ?? {}).map(([name, module]) => [name, module?.error]));
}

// ---- the service's report: fetched rarely, because it rarely changes

const every = 10_000;
let asking = false;

async function askReport() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch('api/v1/status', { signal: AbortSignal.timeout(5000) });
    if (answer.ok) report = parse(await answer.text()).modules ?? {};
  } catch {
    // The figures themselves show what is missing; only the reason is unknown.
  } finally {
    asking = false;
  }
}

setInterval(() => {
  if (stream.state === 'live' && !document.hidden) askReport();
}, every);
