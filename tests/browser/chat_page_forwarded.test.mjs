// SPDX-License-Identifier: MIT
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';

import { startStack } from '../stack.mjs';
import { launch, openPerson } from './browser.mjs';

const stack = await startStack();
after(() => stack.stop());
const browser = await launch();
after(() => browser.close());

// As `ssh -L` does: another port forwards to the server's, and the server
// learns neither.
async function forward(host) {
  const server = net.createServer((near) => {
    const far = net.connect(stack.port, '127.0.0.1');
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  server.listen(0, host);
  await once(server, 'listening');
  return server;
}

for (const [name, host] of
  [['another port', '127.0.0.1'], ['another address', '127.0.0.2']]) {
  test(`the page works behind a forwarder: ${name}`,
    stack.logged(async () => {
      const server = await forward(host);
      const origin = `http://${host}:${server.address().port}`;
      const far = await openPerson(browser, origin);
      const near = await openPerson(browser, stack.origin);
      await far.join('Far');
      await near.join('Near');
      const { head } = await stack.get({ limit: 1 });
      await far.say('from far');
      await near.say('from near');
      for (const person of [far, near]) {
        await person.sees(Array.from({ length: head + 2 }, (_, at) => at + 1));
      }
      await far.leave(); // which has asked no other host and port
      await near.leave();
      server.close();
    }));
}
