import t from 'tap'
import { remoteNetwork } from '../../src/http/remote-network.ts'

t.test('IPv4 addresses stand for themselves, however they are written', async t => {
  t.equal(remoteNetwork('192.0.2.1'), '192.0.2.1')
  t.equal(remoteNetwork('::ffff:192.0.2.1'), '192.0.2.1')
  t.equal(remoteNetwork('::FFFF:192.0.2.1'), '192.0.2.1')
})

t.test('IPv6 addresses stand for their /64', async t => {
  const network = '2001:db8:0:1::/64'
  for (const address of [
    '2001:db8:0:1::',
    '2001:db8:0:1::1',
    '2001:0DB8:0000:0001:ffff:ffff:ffff:ffff',
    '2001:db8:0:1:1:2:3:4',
    '2001:db8:0:1::192.0.2.1',
    '2001:db8::1:0:0:0:7',
  ])
    t.equal(remoteNetwork(address), network, address)
  t.equal(remoteNetwork('2001:db8:0:2::1'), '2001:db8:0:2::/64')
  t.equal(remoteNetwork('::1'), '0:0:0:0::/64')
  t.equal(remoteNetwork('fe80::1%eth0'), 'fe80:0:0:0::/64')
  t.equal(remoteNetwork('fe80::%eth0'), 'fe80:0:0:0::/64')
})

t.test('what is no address stands for itself', async t => {
  for (const text of ['', 'unknown', '_hidden', '1.2.3.4:80', '[::1]:80', '1::2::3'])
    t.equal(remoteNetwork(text), text)
})
