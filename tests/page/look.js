// SPDX-License-Identifier: GPL-2.0-only
// Takes pictures of the page, to be looked at: `node look.js [DIRECTORY]`.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Exporter, capturedStats, capturedStatus, grow } from './exporter.js';
import { launch } from './browser.js';

const directory = process.argv[2] ?? 'pictures';
const looks = {
  light: { viewport: { width: 1440, height: 1000 }, colorScheme: 'light' },
  dark: { viewport: { width: 1440, height: 1000 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'light', deviceScaleFactor: 2 },
  wide: { viewport: { width: 2200, height: 1200 }, colorScheme: 'dark' },
  readme: { viewport: { width: 1360, height: 1000 }, colorScheme: 'dark' },
  trouble: { viewport: { width: 1440, height: 1000 }, colorScheme: 'light', trouble: true },
};

// What a picture shows is not of today, nor of chance.
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
for (const [name, { trouble: troubled, ...look }] of Object.entries(looks)) {
  const exporter = await new Exporter(busyHost(await capturedStats()), await capturedStatus()).start();
  let second = 0;
  exporter.tick = (stats) => grow((second += 1), stats);
  if (troubled) trouble(exporter.stats, exporter.status);
  const page = await browser.newPage(look);
  page.on('console', (message) => console.log(name, message.text()));
  page.on('pageerror', (error) => console.log(name, error.message));
  await page.goto(exporter.address);
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
