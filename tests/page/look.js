// SPDX-License-Identifier: GPL-2.0-only
// Takes pictures of the page for people to look at: `node look.js [DIRECTORY]`.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Exporter, capturedStats, capturedStatus, grow } from './exporter.js';
import { launch } from './browser.js';
import { nas } from './history.js';

const directory = process.argv[2] ?? 'pictures';
const looks = {
  light: { viewport: { width: 1440, height: 1000 }, colorScheme: 'light' },
  dark: { viewport: { width: 1440, height: 1000 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'light', deviceScaleFactor: 2 },
  wide: { viewport: { width: 2200, height: 1200 }, colorScheme: 'dark' },
  readme: { viewport: { width: 1360, height: 1000 }, colorScheme: 'dark' },
  trouble: { viewport: { width: 1440, height: 1000 }, colorScheme: 'light', trouble: true },
  past: { viewport: { width: 1440, height: 1000 }, colorScheme: 'light', hash: '#/24h' },
  'past-dark': { viewport: { width: 1440, height: 1000 }, colorScheme: 'dark', hash: '#/7d' },
  'past-phone': { viewport: { width: 390, height: 844 }, colorScheme: 'light', deviceScaleFactor: 2, hash: '#/24h' },
  device: { viewport: { width: 1440, height: 1000 }, colorScheme: 'dark', hash: `#/device/${nas}/24h` },
};

// What each line has counted up to any second: more by day than at night.
function busyHistory(history) {
  let phase = 0;
  const wave = (rate) => {
    const turn = (phase += 1);
    const part = (second, period, height) => (height * period * (1 - Math.cos((2 * Math.PI * second) / period + turn))) / (2 * Math.PI);
    return (second) => BigInt(Math.floor(rate * (second + part(second, 86400, 0.6) + part(second, 9000, 0.25) + part(second, 1700, 0.1))));
  };
  for (const lines of Object.values(history.tables)) {
    for (const line of lines) for (const name of Object.keys(line.columns)) line.columns[name] = wave(name.endsWith('bytes') ? 40_000 * (3 + (phase % 7)) : 30 + (phase % 40));
  }
  ['nas', 'printer', null, 'tv'].forEach((name, at) => history.tables.devices.push({ ...history.tables.devices[0], labels: { interface: 'br0', mac: `28:6f:b9:00:00:${10 + at}`, name }, columns: Object.fromEntries(Object.keys(history.tables.devices[0].columns).map((key) => [key, wave(key.endsWith('bytes') ? 9000 * (at + 1) : 5)])) }));
}

// The pictures do not depend on the date or on chance.
function busyHost(stats) {
  stats.host = 'web1';
  const names = ['eth0', 'wg0', 'br0'];
  stats.modules.netmon_proc.interfaces.forEach((one, at) => (one.interface = names[at]));
  stats.modules.l2packet_counter.interfaces = stats.modules.l2packet_counter.interfaces.slice(0, 1);
  const [watched] = stats.modules.l2packet_counter.interfaces;
  watched.interface = 'eth0';
  watched.macs = watched.macs.slice(0, 12);
  ['gateway', 'nas', null, 'printer'].forEach((name, at) => name && (watched.macs[at].name = name));
  return stats;
}

function trouble(stats, status) {
  const what = 'not loaded: the key it is signed with is not enrolled (Secure Boot)';
  stats.modules.process_monitor = { error: 'process_monitor is not loaded' };
  Object.assign(status.modules.process_monitor, { loaded: false, problem: { what, cure: 'mokutil --import /var/lib/dkms/mok.pub, then reboot' } });
  stats.modules.kstat.running = false;
}

await mkdir(directory, { recursive: true });
const browser = await launch();
for (const [name, { trouble: troubled, hash = '', ...look }] of Object.entries(looks)) {
  const exporter = await new Exporter(busyHost(await capturedStats()), await capturedStatus()).start();
  let second = 0;
  exporter.tick = (stats) => grow((second += 1), stats);
  if (troubled) trouble(exporter.stats, exporter.status);
  busyHistory(exporter.history);
  const page = await browser.newPage(look);
  page.on('console', (message) => console.log(name, message.text()));
  page.on('pageerror', (error) => console.log(name, error.message));
  await page.goto(exporter.address + hash);
  for (let i = 0; i < 125; i += 1) {
    exporter.send();
    await page.waitForTimeout(10);
  }
  if (troubled) {
    await page.waitForTimeout(1000); // the service's report
    exporter.send();
  }
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(directory, `${name}.png`), fullPage: name !== 'readme' });
  await page.close();
  await exporter.stop();
}
await browser.close();
