// SPDX-License-Identifier: Apache-2.0
// The everyday operations of the npm package "memjs", which speaks the binary protocol: node memjs_everyday.js PORT
// Its prepend() appends, in this version, and so is left out.
'use strict';
const assert = require('node:assert');
const memjs = require('memjs');

const logger = { log() {} };
const client = memjs.Client.create(`127.0.0.1:${process.argv[2]}`, { retries: 0, timeout: 10, conntimeout: 10, logger });
const text = async (key) => (await client.get(key)).value?.toString();

async function values() {
  assert.strictEqual((await client.get('none')).value, null);
  assert.strictEqual(await client.set('text', 'größe\r\nEND\r\n', { expires: 100 }), true);
  assert.strictEqual(await text('text'), 'größe\r\nEND\r\n');
  const bytes = Buffer.from([0, 13, 10, 0x80, 0x81, 255]);
  await client.set('a key with spaces', bytes, {});
  assert.deepStrictEqual((await client.get('a key with spaces')).value, bytes);
  const large = 'x'.repeat(900000);
  await client.set('large', large, {});
  assert.strictEqual(await text('large'), large);
  await client.set('empty', '', {});
  assert.strictEqual(await text('empty'), '');
  await assert.rejects(client.set('large', 'x'.repeat(1100000), {}), /too large/i);
  assert.strictEqual((await client.get('large')).value, null);
}

async function changes() {
  assert.strictEqual(await client.delete('new'), false);
  assert.strictEqual(await client.add('new', 'a', {}), true);
  assert.strictEqual(await client.add('new', 'b', {}), false);
  assert.strictEqual(await client.replace('new', 'c', {}), true);
  assert.strictEqual(await client.replace('none', 'c', {}), false);
  assert.strictEqual(await client.append('new', 'd'), true);
  assert.strictEqual(await text('new'), 'cd');
  assert.strictEqual(await client.touch('new', 100), true);
  assert.strictEqual(await client.touch('none', 100), false);
  assert.strictEqual(await client.delete('new'), true);
  assert.deepStrictEqual(await client.increment('count', 5, { initial: 10 }), { success: true, value: 10 });
  assert.deepStrictEqual(await client.increment('count', 5, {}), { success: true, value: 15 });
  assert.deepStrictEqual(await client.decrement('count', 20, {}), { success: true, value: 0 });
  await client.set('count', 'none', {});
  await assert.rejects(client.increment('count', 1, {}), /non-numeric/i);
}

async function manyAtOnce() {
  const names = Array.from({ length: 200 }, (_, i) => `many:${i}`);
  await Promise.all(names.map((name, i) => client.set(name, `value ${i}`, {})));
  const found = await Promise.all([...names, 'none:1'].map(text));
  assert.deepStrictEqual(found, [...names.map((_, i) => `value ${i}`), undefined]);
}

async function wholeCache() {
  const rows = await new Promise((resolve, reject) => {
    client.stats((error, _server, stats) => (error ? reject(error) : resolve(stats)));
  });
  assert.ok(Number(rows.curr_items) > 200);
  await client.flush();
  assert.strictEqual((await client.get('text')).value, null);
}

async function main() {
  await values();
  await changes();
  await manyAtOnce();
  await wholeCache();
  console.log('everything as it should be');
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
