// SPDX-License-Identifier: Apache-2.0
// memjs speaks the binary protocol only, which Tenfold hangs up on: its callers get an error at once, and no time-out.
//   node memjs_is_told.js PORT
'use strict';
const memjs = require('memjs');

const client = memjs.Client.create(`127.0.0.1:${process.argv[2]}`, { retries: 0, timeout: 30, conntimeout: 30 });
client.get('key').then(
  () => { console.error('an answer'); process.exit(1); },
  (error) => { console.log(`told: ${error.message}`); process.exit(0); });
