// SPDX-License-Identifier: GPL-2.0-only
// The page's arithmetic, without a browser: large integers, rates and how figures are written.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as format from '../../userspace/exporter/page/format.js';
import { count, list, parse, sum } from '../../userspace/exporter/page/reading.js';
import { frameOf, hashOf, lineOf, partOf, ranges, routeOf, totalOf } from '../../userspace/exporter/page/history.js';
import { Rates, span } from '../../userspace/exporter/page/rates.js';

describe('reading', () => {
  test('integers that a number cannot hold stay text; strings, fractions and all else are as JSON says', () => {
    const text = '{"a":18446744073709551615,"b":"18446744073709551615","c":0.12345678901234567890,"d":1e21,"e":"x\\"12345678901234567\\\\","f":[1234567890123456,-5,12]}';
    assert.deepEqual(parse(text), {
      a: '18446744073709551615', b: '18446744073709551615', c: 0.12345678901234568, d: 1e21, e: 'x"12345678901234567\\', f: ['1234567890123456', -5, 12],
    });
    assert.throws(() => parse('{"a":1234567890123456789'));
  });

  test('a counter is exact, or not known', () => {
    assert.equal(count('18446744073709551615'), 2n ** 64n - 1n);
    assert.equal(count(0), 0n);
    for (const none of [undefined, null, -1, 1.5, NaN, '', 'x', '1e3', '-5', '123456789012345678901', true, {}]) assert.equal(count(none), null, String(none));
    assert.equal(sum([2n ** 63n, 2n ** 63n]), 2n ** 64n);
    assert.equal(sum([1n, null]), null);
    assert.deepEqual(list([null, 1, 'x', { a: 1 }]), [{ a: 1 }]);
    assert.deepEqual(list({}), []);
  });
});

describe('rates', () => {
  const reading = (rates, at, counts) => {
    rates.begin(at);
    const now = Object.entries(counts).map(([key, value]) => rates.take(key, value).now);
    rates.end();
    return now;
  };

  test('are what was counted a second; the same reading again changes nothing', () => {
    const rates = new Rates();
    assert.deepEqual(reading(rates, 1000, { a: 5n }), [NaN]);
    assert.deepEqual(reading(rates, 2000, { a: 15n }), [10]);
    assert.deepEqual(reading(rates, 2000, { a: 15n }), [10]);
    assert.deepEqual(reading(rates, 2500, { a: 20n }), [10]);
    assert.deepEqual(reading(rates, 4500, { a: 40n }), [10]);
    assert.deepEqual(reading(rates, 5500, { a: 2n ** 64n - 1n }), [Number(2n ** 64n - 41n)]);
  });

  test('are not known after a gap, a reset, a host that was booted, or where nothing was counted before', () => {
    const rates = new Rates();
    reading(rates, 1000, { a: 5n, b: 5n, c: null });
    assert.deepEqual(reading(rates, 2000, { a: 4n, c: 7n }), [NaN, NaN]);
    assert.deepEqual(reading(rates, 3000, { a: 5n, b: 9n, c: 8n }), [1, NaN, 1]);
    assert.deepEqual(reading(rates, 9000, { a: 50n }), [NaN]);
    assert.deepEqual(reading(rates, 500, { a: 60n }), [NaN]);
    assert.deepEqual(reading(rates, 1500, { a: 61n }), [1]);
  });

  test('are kept for two minutes, and what is gone for so long is forgotten', () => {
    const rates = new Rates();
    for (let second = 0; second < 200; second += 1) reading(rates, second * 1000, { a: BigInt(second * 3), [`b${second}`]: 1n });
    rates.begin(200_000);
    const { values, peak } = rates.take('a', 600n);
    assert.equal(values.length, span);
    assert.ok(values.every((value) => value === 3));
    assert.equal(peak, 3);
    rates.end();
    assert.ok(rates.size <= 2, `${rates.size} series`);
  });
});

describe('figures', () => {
  test('are written as kmonctl writes them', () => {
    assert.deepEqual([0, 999.4, 999.5, 1000, 9994, 9995, 99_949, 99_950, 999_499, 999_500, 1.8e19].map(format.brief), ['0', '999', '1.00k', '1.00k', '9.99k', '10.0k', '99.9k', '100k', '999k', '1.00M', '18.0E']);
    assert.equal(format.bytes(2n ** 64n - 1n).replace(/\s/, ' '), '18.4 EB');
    assert.equal(format.grouped(12_345_678_901_234_567_890n), '12,345,678,901,234,567,890');
    assert.deepEqual([0, 0.0004, 0.9999, 1].map((one) => format.percent(one).replace(/\s/, ' ')), ['0.0 %', '0.0 %', '99.9 %', '100 %']);
    assert.deepEqual([0n, 1_234_567n, 59_940_000_000n, 3_599_600_000_000n, 90_000_000_000_000n].map((one) => format.duration(one).replace(/\s/g, ' ')), ['0 s', '1.23 ms', '59.9 s', '1h 00m', '1d 01h']);
    assert.deepEqual([format.age(90n, 100n), format.age(100n, 100n), format.age(200n, 100n)].map((one) => one.replace(/\s/g, ' ')), ['10 s ago', 'now', 'now']);
    for (const form of [format.brief, format.bytes, format.bytesRate, format.countRate, format.percent]) assert.equal(form(NaN), '–');
  });

  test('a name has no character that hides, or that turns the others around', () => {
    assert.equal(format.printable('eth0'), 'eth0');
    assert.equal(format.printable('Zürich-東京'), 'Zürich-東京');
    assert.equal(format.printable('a\u202eb\u0000\u200b\ufeff\u{e0041}\u3164'), 'a\\u{202e}b\\u{0}\\u{200b}\\u{feff}\\u{e0041}\\u{3164}');
    assert.equal(format.printable(undefined), '');
  });
});

describe('history', () => {
  const period = (from, to, total, lines = []) => ({ from, to, total: { bytes: total }, lines });

  test('each time and each device has an address of its own, and what is none is now', () => {
    for (const range of ranges) {
      for (const device of [null, '28:6f:b9:00:00:01', 'a/b c#%', 'ü']) {
        assert.deepEqual(routeOf(hashOf(range, device)), { range, device });
      }
    }
    assert.equal(hashOf(ranges[3], '28:6f:b9:00:00:01'), '#/device/28:6f:b9:00:00:01/24h');
    for (const none of ['', '#', '#/', '#kstat', '#/2h', '#/24h/', '#/device/24h', '#/device//24h', '#/device/%ff/24h', '#/__proto__', '#/constructor']) assert.equal(routeOf(none), null, none);
  });

  test('a period stands where it belongs, the first and the last cut off, a day short of an hour', () => {
    const hours = { from: 1800, to: 3600 * 4 + 60, periods: [period(1800, 3600, 1), period(3600, 7200, 2), period(10800, 14400, 4), period(14400, 14460, 5)] };
    const { points, at } = frameOf(hours);
    assert.equal(points, 5);
    assert.deepEqual(hours.periods.map(at), [0, 1, 3, 4]);
    const day = 86400;
    const days = { from: 0, to: 4 * day - 3600, periods: [period(0, day, 1), period(day, 2 * day - 3600, 1), period(2 * day - 3600, 3 * day - 3600, 1), period(3 * day - 3600, 4 * day - 3600, 1)] };
    assert.deepEqual(days.periods.map(frameOf(days).at), [0, 1, 2, 3]);
    assert.deepEqual(frameOf({ from: 0, to: 100 }).points, 2, 'nothing is known');
  });

  test('a line has what was counted a second; what is missing is no zero', () => {
    const answer = { from: 0, to: 40, periods: [period(0, 10, 100), period(10, 20, '18446744073709551610'), period(30, 40, 0)] };
    const line = lineOf(answer, frameOf(answer), totalOf('bytes'));
    assert.deepEqual([...line.values], [10, 1844674407370955161, NaN, 0]);
    assert.equal(line.peak, 1844674407370955161);
    assert.ok(Math.abs(line.mean - 18446744073709551710 / 30) < 1e4);
    const none = { from: 0, to: 20, periods: [{ ...period(0, 10, null), lines: [] }] };
    assert.ok(Number.isNaN(lineOf(none, frameOf(none), totalOf('bytes')).mean));
    assert.equal(partOf('bytes', () => true)(none.periods[0]), null);
    const parts = period(0, 10, 30, [{ name: 'a', bytes: 10 }, { name: 'b', bytes: 15 }, { name: 'a', bytes: 5 }]);
    assert.equal(partOf('bytes', ({ name }) => name === 'a')(parts), 15n);
  });
});
