import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { claimPort, StartupError } from './claim-port.ts';

describe('claimPort', () => {
  test('port 0 becomes a real port, on both loopbacks for localhost', async () => {
    const claim = await claimPort('localhost', 0);
    assert.ok(claim.port > 0);
    assert.equal(claim.hosts[0], '127.0.0.1');
  });

  test('a port in use is reported with the configuration key to change', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    await assert.rejects(claimPort('127.0.0.1', port), (error: unknown) => {
      assert.ok(error instanceof StartupError);
      assert.match(error.message, new RegExp(`port ${port} is taken.*server\\.port`));
      return true;
    });
    holder.close();
  });

  test('an address that this machine does not have names server.host', async () => {
    await assert.rejects(claimPort('192.0.2.1', 0), /server\.host/);
  });
});
