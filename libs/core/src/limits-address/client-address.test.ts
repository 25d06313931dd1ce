import assert from 'node:assert/strict';
import { BlockList, isIP, SocketAddress } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseCidrs } from './cidrs.ts';
import { clientAddress, limitKey, Trust } from './client-address.ts';
import { formatAddress, parseAddress } from './parse-address.ts';

const TRUST = new Trust(true, ['127.0.0.0/8', '10.0.0.0/8', 'fd00::/8']);

const cases: [string, string, string | undefined, string][] = [
  ['no header', '10.0.0.1', undefined, '10.0.0.1'],
  ['an untrusted peer with a header', '203.0.113.5', '198.51.100.1', '203.0.113.5'],
  ['one proxy', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
  [
    'two proxies and an entry that the client invented',
    '10.0.0.1',
    '1.1.1.1, 198.51.100.1, 10.0.0.2',
    '198.51.100.1',
  ],
  ['proxies alone: the outermost of them', '10.0.0.1', '10.0.0.3,10.0.0.2', '10.0.0.3'],
  ['a proxy that writes IPv4 as IPv6', '::ffff:10.0.0.1', '::ffff:198.51.100.1', '198.51.100.1'],
  ['proxies that write ports and brackets', '10.0.0.1', '[2001:db8::1]:443, 10.0.0.2:80', '2001:db8::1'],
  [
    'an entry that is no address: the proxy that wrote it',
    '10.0.0.1',
    '198.51.100.1, unknown, 10.0.0.2',
    '10.0.0.2',
  ],
  ['an empty header', '10.0.0.1', '', '10.0.0.1'],
  ['a header that ends in a comma', '10.0.0.1', '198.51.100.1,', '10.0.0.1'],
  ['a proxy that writes IPv6 in full, in its usual form', 'fd00::1', '2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['a peer that is gone', '', '198.51.100.1', 'unknown'],
];
describe('clientAddress', () => {
  for (const [name, peer, header, expected] of cases) {
    test(`finds the client behind ${name}`, () => assert.equal(clientAddress(peer, header, TRUST), expected));
  }

  test('trusts no peer where forwarding headers are switched off', () => {
    const off = new Trust(false, ['10.0.0.0/8']);
    assert.equal(clientAddress('10.0.0.1', '198.51.100.1', off), '10.0.0.1');
    assert.equal(off.trusts('10.0.0.1'), false);
    assert.equal(TRUST.trusts('::ffff:10.1.2.3'), true);
  });

  test('stops reading a very long header, and takes a proxy for the client then', () => {
    const header = `198.51.100.1, ${'10.0.0.2, '.repeat(100_000)}10.0.0.3`;
    assert.equal(clientAddress('10.0.0.1', header, TRUST), '10.0.0.2');
  });

  test('does not let a client choose its address behind a trusted proxy', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.ipV4(), (forged, own) => {
        const plain = clientAddress('10.0.0.1', own, TRUST);
        fc.pre(!TRUST.trusts(own));
        assert.equal(clientAddress('10.0.0.1', `${forged}, ${own}`, TRUST), plain);
      }),
      { numRuns: 300 },
    );
  });

  test('counts an IPv6 client by its /64, and an IPv4 client by its address in any spelling', () => {
    assert.equal(limitKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
    assert.equal(limitKey('2001:db8:1:2::ffff'), limitKey('2001:DB8:1:2:a:b:c:d'));
    assert.notEqual(limitKey('2001:db8:1:3::1'), limitKey('2001:db8:1:2::1'));
    assert.equal(limitKey('::ffff:192.0.2.1'), '192.0.2.1');
    assert.equal(limitKey('192.0.2.1'), '192.0.2.1');
    assert.equal(limitKey('unknown'), 'unknown');
  });

  test('parses the addresses that node accepts, and writes them as node does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{1,20}$/)), (text) => {
        const parsed = parseAddress(text);
        assert.equal(parsed !== null, isIP(text) !== 0, text);
        if (parsed === null || parsed.family === 4) return;
        const formatted = formatAddress(parsed);
        const expected = new SocketAddress({ address: text, family: 'ipv6' }).address;
        // System libraries write the last 32 bits of some addresses as IPv4.
        if (!expected.includes('.')) assert.equal(formatted, expected);
        assert.deepEqual(parseAddress(formatted), parsed);
      }),
      { numRuns: 800 },
    );
  });

  test('finds an address in a network exactly if node’s BlockList does', () => {
    fc.assert(
      fc.property(
        fc.ipV4(),
        fc.nat(32),
        fc.ipV4(),
        fc.ipV6(),
        fc.nat(128),
        fc.ipV6(),
        (net4, bits4, four, net6, bits6, six) => {
          const expected = new BlockList();
          expected.addSubnet(net4, bits4, 'ipv4');
          assert.equal(has([`${net4}/${String(bits4)}`], four), expected.check(four, 'ipv4'));
          const pure = (text: string): boolean => parseAddress(text)?.family === 6;
          fc.pre(pure(net6) && pure(six));
          const expected6 = new BlockList();
          expected6.addSubnet(net6, bits6, 'ipv6');
          assert.equal(has([`${net6}/${String(bits6)}`], six), expected6.check(six, 'ipv6'));
        },
      ),
      { numRuns: 400 },
    );
  });

  function has(list: readonly string[], text: string): boolean {
    const address = parseAddress(text);
    assert.ok(address !== null);
    return parseCidrs(list).has(address);
  }

  test('takes single addresses and IPv4-mapped networks, and refuses a text that is no network', () => {
    assert.equal(has(['192.0.2.1'], '192.0.2.1'), true);
    assert.equal(has(['192.0.2.1'], '192.0.2.2'), false);
    assert.equal(has(['::ffff:10.0.0.0/104'], '10.9.9.9'), true);
    assert.equal(has(['0.0.0.0/0'], '8.8.8.8'), true);
    for (const bad of [
      '10.0.0.0/33',
      '10.0.0/8',
      'x',
      '::1/129',
      '10.0.0.0/',
      '10.0.0.0/-1',
      '::ffff:10.0.0.0/90',
    ]) {
      assert.throws(() => parseCidrs([bad]), RangeError, bad);
    }
  });
});
