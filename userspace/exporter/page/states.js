// SPDX-License-Identifier: GPL-2.0-only
// The state of each module: a level, a word and, if something is wrong, cause and cure. It comes from the figures, which show
// whether the module counts, and from the service's report, which knows why not.

import { count, list } from './reading.js';
import { grouped, printable } from './format.js';

const state = (level, word, cause = '', cure = '') => ({ level, word, cause: printable(cause), cure: printable(cure) });

// What only the module's own figures show.
const own = {
  kstat: (json) => (json.running === false ? state('warning', 'stopped', 'it does not count while it is stopped', 'kmonctl kstat start') : null),
  l2packet_counter: (json) => {
    const watched = list(json.interfaces);
    if (watched.length === 0) return state('warning', 'idle', 'no interface is watched');
    const away = watched.filter((one) => one.waiting === true).map((one) => printable(one.interface));
    return away.length > 0 ? state('warning', 'waiting', `waits for ${away.join(', ')}`) : null;
  },
  process_monitor: (json) => {
    if (json.armed === false) return state('bad', 'blind', 'the probe is switched off, no exit is seen', 'kmonctl doctor');
    const missed = count(json.missed_probes);
    return missed ? state('warning', 'counting', `${grouped(missed)} exits were missed by the probe`, 'kmonctl doctor') : null;
  },
};

function difference(one) {
  return `${one.parameter} is "${one.is}", the configuration says "${one.configured}"`;
}

// json: the module's figures. report: from /api/v1/status, or undefined if unknown.
export function stateOf(name, json, report) {
  const problem = report?.problem;
  if (!json || json.error !== undefined) {
    if (report?.wanted === false && !report.loaded) return state('off', 'off', 'not loaded, as configured');
    return state('bad', report?.loaded ? 'unreadable' : 'not loaded', problem?.what ?? json?.error ?? 'the exporter says nothing of it', problem?.cure || 'kmonctl status');
  }
  if (problem) return state('bad', 'degraded', problem.what, problem.cure);
  const said = Object.hasOwn(own, name) ? own[name](json) : null;
  if (said) return said;
  if (report?.waits_for) return state('warning', 'waiting', `waits for ${report.waits_for}`);
  if (report?.reload_needed) return state('warning', 'outdated', 'another version is installed than the one that is loaded', `modprobe -r ${name} && kmonctl apply`);
  const differences = list(report?.differences);
  if (differences.length > 0) return state('warning', 'changed', differences.map(difference).join('; '), 'kmonctl apply');
  return state('good', 'counting');
}
