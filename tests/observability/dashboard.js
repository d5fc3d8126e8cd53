// SPDX-License-Identifier: GPL-2.0-only
// Checks that Grafana accepts the dashboard: against the types that Grafana publishes (@grafana/schema), and for what types cannot
// express. Prints TAP.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const here = fileURLToPath(new URL('.', import.meta.url));
const text = await readFile(join(here, '../../observability/kmon-dashboard.json'), 'utf8');
const dashboard = JSON.parse(text);
const shown = dashboard.panels.filter(({ type }) => type !== 'row');

let checks = 0;
function check(name, problems) {
  checks += 1;
  if (problems.length > 0) process.exitCode = 1;
  console.log(`${problems.length > 0 ? 'not ok' : 'ok'} ${checks} ${name}`);
  for (const problem of problems) console.log(`# ${problem}`);
}

// Compiles the dashboard as a value of that type, in a directory where the packages can be found.
async function typeErrors() {
  const directory = await mkdtemp(join(here, 'node_modules/.typed-'));
  try {
    const file = join(directory, 'dashboard.ts');
    // JSON has no enumerators, so replace known strings; an unknown one stays a string, which is an error.
    const value = text.replaceAll('"mode": "absolute"', '"mode": ThresholdsMode.Absolute');
    await writeFile(file, `import { ThresholdsMode, type Dashboard } from '@grafana/schema';\nexport const dashboard: Dashboard = ${value};\n`);
    const { status, stdout, error } = spawnSync(process.execPath, [join(here, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2022', file], { encoding: 'utf8' });
    if (error) return [error.message];
    return status === 0 ? [] : stdout.trim().split('\n');
  } finally {
    await rm(directory, { recursive: true });
  }
}

function overlaps() {
  const taken = new Map();
  const found = [];
  for (const { title, gridPos: { x, y, w, h } } of dashboard.panels) {
    if (x + w > 24) found.push(`"${title}" reaches past the right edge`);
    for (let column = x; column < x + w; column += 1) {
      for (let line = y; line < y + h; line += 1) {
        const place = `${column},${line}`;
        if (taken.has(place)) found.push(`"${title}" lies over "${taken.get(place)}"`);
        taken.set(place, title);
      }
    }
  }
  return [...new Set(found)];
}

const repeated = (all) => all.filter((one, at) => all.indexOf(one) !== at);

check('the dashboard is one by the types that Grafana publishes', await typeErrors());
check('each panel has an id and a title of its own', repeated([...dashboard.panels.map(({ id }) => id), ...shown.map(({ title }) => title)]).map((one) => `twice: ${one}`));
check('no panel lies over another', overlaps());
check('each panel says what it shows', shown.filter(({ description }) => !description).map(({ title }) => `"${title}" does not`));
check('each query is asked of the data source that was chosen', shown.flatMap(({ title, datasource, targets }) => [datasource, ...targets.map((one) => one.datasource)].filter((one) => one?.uid !== '${datasource}').map(() => title)));
check('each query heeds the choice of job and host', shown.flatMap(({ title, targets }) => targets.filter(({ expr }) => !expr.includes('job=~"$job",instance=~"$instance"')).map(() => title)));
check('no rate is taken over a time that somebody made up', shown.flatMap(({ title, targets }) => targets.filter(({ expr }) => /\[(?!\$__rate_interval\])/.test(expr)).map(() => title)));
console.log(`1..${checks}`);
