// SPDX-License-Identifier: GPL-2.0-only
// Usage: node queries.js METRICS
// Runs each query of the dashboard and each rule on a real Prometheus that scrapes two hosts. METRICS is a file with the
// exporter's output on a busy host; the hosts repeat it with growing counters. A query that finds nothing has a misspelt name or
// label. Prints TAP.

import { createServer } from 'node:http';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const shipped = fileURLToPath(new URL('../../observability/', import.meta.url));
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// ---- the hosts

// Counters and histograms grow at each scrape, by 1 % plus 1; everything else stays.
class Host {
  #text;
  #scrapes = 0;
  #server;

  constructor(text) {
    this.#text = text;
  }

  async start() {
    this.#server = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/plain; version=0.0.4');
      response.end(this.#next());
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${this.#server.address().port}`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #next() {
    this.#scrapes += 1;
    let grows = false;
    return this.#text
      .split('\n')
      .map((line) => {
        if (line.startsWith('# TYPE ')) grows = / (counter|histogram)$/.test(line);
        if (line.startsWith('#') || line === '' || !grows) return line;
        const at = line.lastIndexOf(' ');
        const value = Number(line.slice(at + 1));
        return `${line.slice(0, at)} ${value + this.#scrapes * (1 + value / 100)}`;
      })
      .join('\n');
  }
}

// ---- Prometheus

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

class Prometheus {
  #directory;
  #process;
  #address;

  async start(targets) {
    this.#directory = await mkdtemp(join(tmpdir(), 'kmon-prometheus-'));
    const port = await freePort();
    const config = `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${shipped}kmon.rules.yml']
scrape_configs:
  - job_name: kmon
    static_configs: [{ targets: [${targets.map((one) => `'${one}'`).join(', ')}] }]
`;
    await writeFile(join(this.#directory, 'prometheus.yml'), config);
    this.#address = `http://127.0.0.1:${port}/api/v1/`;
    this.#process = spawn('prometheus', [
      `--config.file=${this.#directory}/prometheus.yml`, `--storage.tsdb.path=${this.#directory}/data`,
      `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn',
    ], { stdio: ['ignore', 'inherit', 'inherit'] });
  }

  async stop() {
    this.#process?.kill();
    if (this.#process) await once(this.#process, 'exit');
    await rm(this.#directory, { recursive: true, force: true });
  }

  async query(expr) {
    const answer = await fetch(`${this.#address}query?${new URLSearchParams({ query: expr })}`);
    const { status, error, data } = await answer.json();
    if (status !== 'success') throw new Error(error);
    return data.result;
  }

  async rules() {
    const answer = await fetch(`${this.#address}rules`);
    return (await answer.json()).data.groups.flatMap((group) => group.rules);
  }

  async until(expr, wanted) {
    for (let i = 0; i < 120; i += 1) {
      const found = await this.query(expr).catch(() => []);
      if (Number(found[0]?.value[1]) >= wanted) return;
      await pause(500);
    }
    throw new Error(`${expr} did not come to ${wanted} within a minute`);
  }
}

// ---- what is asked

// Replaces variables as Grafana does when everything is selected.
function filled(expr) {
  return expr.replaceAll('$__rate_interval', '10s').replace(/\$(job|instance|interface)\b/g, '.*');
}

async function dashboard() {
  return JSON.parse(await readFile(join(shipped, 'kmon-dashboard.json'), 'utf8'));
}

function queriesOf({ panels, templating }) {
  const ofPanels = panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => ({ where: `panel "${panel.title}"`, expr: filled(expr) })));
  const ofVariables = templating.list.filter(({ type }) => type === 'query').map(({ name, query }) => {
    const [, series, label] = query.query.match(/^label_values\((.+), (\w+)\)$/);
    return { where: `variable ${name}`, expr: filled(`count by (${label}) (${series})`), label };
  });
  return [...ofPanels, ...ofVariables];
}

// Removes the comparison that makes it an alert or a list of faults, because these hosts have none.
const withoutLimit = (expr) => (expr.includes(' bool ') ? expr : expr.replace(/\s(==|>|<)\s[^]*$/, ''));

// Every metric that an expression names.
const metricsIn = (expr) => [...new Set(expr.replace(/"[^"]*"/g, '""').match(/\b(kmon_\w+|up|scrape_\w+)\b(?!:)/g) ?? [])];

// Says what is wrong with a query.
async function problemOf(prometheus, { expr, label }) {
  try {
    for (const metric of metricsIn(expr)) if ((await prometheus.query(metric)).length === 0) return `there is no ${metric}`;
    const asked = withoutLimit(expr);
    const found = await prometheus.query(asked);
    if (found.length === 0) return `nothing found: ${asked}`;
    if (found.some(({ value }) => value[1] === 'NaN')) return `not a number: ${asked}`;
    return label && !found.every(({ metric }) => metric[label]) ? `no label ${label}` : '';
  } catch (error) {
    return error.message;
  }
}

let checks = 0;
function check(name, problem) {
  checks += 1;
  if (problem) process.exitCode = 1;
  console.log(`${problem ? 'not ok' : 'ok'} ${checks} ${name.replace(/[\n#]/g, ' ')}`);
  if (problem) console.log(`# ${problem}`);
}

async function main(file) {
  const text = await readFile(file, 'utf8');
  const hosts = [new Host(text), new Host(text)];
  const prometheus = new Prometheus();
  try {
    await prometheus.start(await Promise.all(hosts.map((host) => host.start())));
    await prometheus.until('min(count_over_time(up{job="kmon"}[1m]))', 12);

    for (const query of queriesOf(await dashboard())) check(`${query.where}: ${query.expr}`, await problemOf(prometheus, query));
    for (const rule of await prometheus.rules()) {
      const expr = rule.type === 'recording' ? rule.name : rule.query;
      const problem = await problemOf(prometheus, { expr });
      check(`${rule.type} rule ${rule.name}`, rule.health === 'ok' ? problem : rule.lastError);
    }
  } finally {
    await prometheus.stop();
    hosts.forEach((host) => host.stop());
  }
  console.log(`1..${checks}`);
}

await main(process.argv[2]);
