// SPDX-License-Identifier: Apache-2.0
// The everyday operations of the npm package "ioredis": node redis_everyday.js PORT [DATABASE]
'use strict';
const assert = require('node:assert');
const Redis = require('ioredis');

const db = Number(process.argv[3] || 0);
const connect = () => new Redis(Number(process.argv[2]), '127.0.0.1', { maxRetriesPerRequest: 0, db });
const client = connect();

async function values() {
  assert.strictEqual(await client.get('nothing'), null);
  assert.strictEqual(await client.set('text', 'größe\r\n$-1\r\n', 'EX', 100), 'OK');
  assert.strictEqual(await client.get('text'), 'größe\r\n$-1\r\n');
  const bytes = Buffer.from([0, 13, 10, 255]);
  await client.set('bytes', bytes);
  assert.deepStrictEqual(await client.getBuffer('bytes'), bytes);
  const large = 'x'.repeat(1000000);
  await client.set('large', large);
  assert.strictEqual(await client.get('large'), large);
  assert.strictEqual(await client.incrby('count', 41), 41);
  await assert.rejects(client.incr('text'), /not an integer/);
  await client.hset('user', { name: 'Ann', age: 30 });
  assert.deepStrictEqual(await client.hgetall('user'), { name: 'Ann', age: '30' });
  await client.zadd('scores', 1.5, 'a', 2, 'b');
  assert.deepStrictEqual(await client.zrange('scores', 0, -1, 'WITHSCORES'), ['a', '1.5', 'b', '2']);
  assert.ok((await client.ttl('text')) > 90);
}

async function manyKeys() {
  const names = Array.from({ length: 100 }, (_, i) => `many:${i}`);
  await client.mset(Object.fromEntries(names.map((name, i) => [name, `value ${i}`])));
  assert.deepStrictEqual(await client.mget(...names, 'nothing'), [...names.map((_, i) => `value ${i}`), null]);
  const seen = new Set();
  for await (const keys of client.scanStream({ match: 'many:*', count: 10 })) keys.forEach((key) => seen.add(key));
  assert.strictEqual(seen.size, 100);
  assert.strictEqual(await client.del(...names), 100);
}

async function pipelinesAndTransactions() {
  const pipeline = client.pipeline();
  for (let i = 0; i < 1000; i++) pipeline.set(`p${i % 10}`, i).get(`p${i % 10}`);
  const replies = await pipeline.exec();
  replies.forEach(([error, reply], i) => assert.ok(!error && (i % 2 === 0 || reply === String((i - 1) / 2))));
  assert.deepStrictEqual(await client.multi().set('{t}:a', 1).incr('{t}:a').get('{t}:a').exec(),
    [[null, 'OK'], [null, 2], [null, '2']]);
  const other = connect();
  await client.watch('{t}:a');
  await other.set('{t}:a', 7);
  assert.strictEqual(await client.multi().set('{t}:a', 8).exec(), null);
  assert.strictEqual(await client.get('{t}:a'), '7');
  other.disconnect();
}

async function scripts() {
  client.defineCommand('addUp', { numberOfKeys: 2, lua: 'return redis.call("GET", KEYS[1]) + redis.call("GET", KEYS[2])' });
  await client.mset('{s}:a', 1, '{s}:b', 2);
  assert.strictEqual(await client.addUp('{s}:a', '{s}:b'), 3);
  assert.strictEqual(await client.addUp('{s}:a', '{s}:b'), 3);
}

async function messages() {
  const subscriber = connect();
  const got = [];
  const all = new Promise((resolve) => {
    subscriber.on('message', (channel, text) => got.push([channel, text]));
    subscriber.on('pmessage', (pattern, channel, text) => {
      got.push([pattern, channel, text]);
      if (got.length === 202) resolve();
    });
  });
  assert.strictEqual(await subscriber.subscribe('news:a', 'news:b'), 2);
  assert.strictEqual(await subscriber.psubscribe('news:*'), 3);
  for (let i = 0; i < 101; i++) assert.strictEqual(await client.publish(i % 2 === 0 ? 'news:a' : 'news:b', i), 2);
  await all;
  assert.deepStrictEqual(got.filter((message) => message.length === 2).map(([, text]) => text).sort((a, b) => a - b),
    Array.from({ length: 101 }, (_, i) => String(i)));
  assert.strictEqual(await subscriber.unsubscribe('news:a'), 2);
  assert.strictEqual(await subscriber.punsubscribe('news:*'), 1);
  assert.strictEqual(await subscriber.unsubscribe(), 0);
  assert.strictEqual(await subscriber.get('nothing'), null);
  subscriber.disconnect();
}

async function queues() {
  const worker = connect();
  const waiting = worker.blpop('queue', 10);
  await client.rpush('queue', 'element');
  assert.deepStrictEqual(await waiting, ['queue', 'element']);
  assert.strictEqual(await worker.blpop('queue', 0.01), null);
  await client.xgroup('CREATE', 'stream:{1}', 'group', '$', 'MKSTREAM');
  const id = await client.xadd('stream:{1}', '*', 'field', 'value');
  const entries = await worker.xreadgroup('GROUP', 'group', 'me', 'BLOCK', 1000, 'STREAMS', 'stream:{1}', '>');
  assert.deepStrictEqual(entries, [['stream:{1}', [[id, ['field', 'value']]]]]);
  assert.strictEqual(await worker.xack('stream:{1}', 'group', id), 1);
  worker.disconnect();
}

async function main() {
  await values();
  await manyKeys();
  await pipelinesAndTransactions();
  await scripts();
  await messages();
  await queues();
  console.log('everything as it should be');
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
