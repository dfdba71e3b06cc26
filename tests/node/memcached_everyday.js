// SPDX-License-Identifier: Apache-2.0
// The everyday operations of the npm package "memcached", which speaks the text protocol: node memcached_everyday.js PORT
'use strict';
const assert = require('node:assert');
const { promisify } = require('node:util');
const Memcached = require('memcached');

const client = new Memcached(`127.0.0.1:${process.argv[2]}`, { timeout: 10000, retries: 0, failures: 0 });
const call = (name) => promisify(client[name].bind(client));
const [set, get, gets, cas, add, replace, append, prepend, incr, decr, touch, del, getMulti] = ['set', 'get', 'gets',
  'cas', 'add', 'replace', 'append', 'prepend', 'incr', 'decr', 'touch', 'del', 'getMulti'].map(call);

async function main() {
  const [{ version }] = await call('version')();
  assert.match(version, /^\d+\.\d+\.\d+$/);
  assert.strictEqual(await get('none'), undefined);
  assert.strictEqual(await set('text', 'größe\r\nEND\r\n', 100), true);
  assert.strictEqual(await get('text'), 'größe\r\nEND\r\n');
  await set('object', { a: [1, 2, { b: 'c' }] }, 0);
  assert.deepStrictEqual(await get('object'), { a: [1, 2, { b: 'c' }] });
  await set('bytes', Buffer.from([0, 13, 10, 255]), 0);
  assert.deepStrictEqual(await get('bytes'), Buffer.from([0, 13, 10, 255]));
  const large = 'x'.repeat(900000);
  await set('large', large, 0);
  assert.strictEqual(await get('large'), large);

  assert.strictEqual(await del('new'), false);
  assert.strictEqual(await add('new', 'a', 0), true);
  await assert.rejects(add('new', 'b', 0), /not stored/i);
  assert.strictEqual(await replace('new', 'c', 0), true);
  assert.strictEqual(await append('new', 'd'), true);
  assert.strictEqual(await prepend('new', 'b'), true);
  assert.strictEqual(await get('new'), 'bcd');
  assert.strictEqual(await touch('new', 100), true);
  const read = await gets('new');
  assert.strictEqual(await cas('new', 'mine', read.cas, 0), true);
  assert.strictEqual(await cas('new', 'yours', read.cas, 0), false);
  assert.strictEqual(await get('new'), 'mine');
  assert.strictEqual(await del('new'), true);

  await set('count', 10, 0);
  assert.strictEqual(await incr('count', 5), 15);
  assert.strictEqual(await decr('count', 20), 0);

  const names = Array.from({ length: 100 }, (_, i) => `many:${i}`);
  await Promise.all(names.map((name, i) => set(name, `value ${i}`, 0)));
  const found = await getMulti([...names, 'none:1', 'none:2']);
  assert.deepStrictEqual(found, Object.fromEntries(names.map((name, i) => [name, `value ${i}`])));
  console.log('everything as it should be');
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
